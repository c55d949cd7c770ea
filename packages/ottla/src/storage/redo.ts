/**
 * Appends that replay makes again: what follows one another in a segment is held, and put into its file in one piece. On
 * the caller's thread, into the system's memory: at a start nobody waits for the loop, and an open, a write and a close
 * that are waited for cost three times as much. Synced by whoever ends the recovery.
 */
import type { Disk } from '../ports/disk.ts'
import type { Segment } from './segment.ts'

const REWRITE_BYTES = 1024 * 1024

export class Redo {
  readonly #disk: Disk
  #segment: Segment | null = null
  #position = 0
  #bytes = 0
  #parts: Uint8Array[] = []

  constructor(disk: Disk) {
    this.#disk = disk
  }

  /** `bytes` stand at `position` of the segment's file after the next `write`; they stay unchanged until then. */
  append(segment: Segment, position: number, bytes: Uint8Array): void {
    if (segment !== this.#segment || position !== this.#position + this.#bytes) {
      this.write()
      this.#segment = segment
      this.#position = position
    }
    this.#parts.push(bytes)
    this.#bytes += bytes.length
  }

  /** Puts what is held into its file. Throws a DiskFault. */
  write(): void {
    const segment = this.#segment
    if (segment === null) return
    const bytes = this.#parts.length === 1 ? (this.#parts[0] as Uint8Array) : joined(this.#parts, this.#bytes)
    const file = this.#disk.openSync(segment.file('log'), { mode: 'create' })
    try {
      file.writeSync(this.#position, bytes)
    } finally {
      file.closeSync()
    }
    segment.writtenBytes = Math.max(segment.writtenBytes, this.#position + bytes.length)
    segment.unsynced = true
    this.#segment = null
    this.#parts = []
    this.#bytes = 0
  }
}

/**
 * What a scan found may stand in the system's memory only, and after a sync that failed the system believes it clean: it
 * is written again, so that the next sync means it (A13).
 */
export async function rewrite(
  disk: Disk,
  segment: Segment,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<void> {
  const file = await disk.open(segment.file('log'), { mode: 'create' })
  try {
    const buffer = new Uint8Array(Math.min(REWRITE_BYTES, to - from))
    for (let position = from; position < to; position += buffer.length) {
      const part = buffer.subarray(0, Math.min(buffer.length, to - position))
      await file.read(position, part)
      await file.write(position, part)
    }
  } finally {
    await file.close()
  }
  segment.unsynced = true
}

function joined(parts: readonly Uint8Array[], bytes: number): Uint8Array {
  const whole = new Uint8Array(bytes)
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
