/**
 * Appends that replay makes again: what follows one another in a segment is held, and put into its file in one piece. On
 * the caller's thread, into the system's memory: at a start nobody waits for the loop, and an open, a write and a close
 * that are waited for cost three times as much. Synced by whoever ends the recovery.
 */
import type { Disk, DiskFile } from '../ports/disk.ts'
import type { Segment } from './segment.ts'
import { type NoteBatch, type ScanEnd, type ScanRange, scanFile } from './segment-scan.ts'

const REWRITE_BYTES = 1024 * 1024

/** The segment's file that is at work, made when missing: opened once for all that is done with it in a row. */
export class WorkFile {
  readonly #disk: Disk
  #segment: Segment | null = null
  #file: DiskFile | null = null

  constructor(disk: Disk) {
    this.#disk = disk
  }

  /** Open until another one is asked for, or `close`. Throws a DiskFault. */
  of(segment: Segment): DiskFile {
    if (this.#file !== null && this.#segment === segment) return this.#file
    this.close()
    this.#segment = segment
    this.#file = this.#disk.openSync(segment.file('log'), { mode: 'create' })
    return this.#file
  }

  /**
   * Walks over the batches of a range. None begins below `minBaseOffset`: sums do not cover base offsets, so a torn write
   * may have left a zero for one.
   */
  async scan(segment: Segment, range: ScanRange, note: NoteBatch = () => {}): Promise<ScanEnd> {
    const { from, to, minBaseOffset } = range
    if (from >= to) return { position: from, endOffset: minBaseOffset, stop: null }
    return scanFile(this.of(segment), range, note)
  }

  close(): void {
    const file = this.#file
    this.#file = null
    file?.closeSync()
  }
}

export class Redo {
  readonly #file: WorkFile
  #segment: Segment | null = null
  #position = 0
  #bytes = 0
  #parts: Uint8Array[] = []

  constructor(file: WorkFile) {
    this.#file = file
  }

  /** Whether what is held, if anything, ends where bytes at `position` of the segment begin. */
  leadsTo(segment: Segment, position: number): boolean {
    return this.#segment === null || (segment === this.#segment && position === this.#position + this.#bytes)
  }

  /**
   * `bytes` stand at `position` of the segment's file after the next `write`; they stay unchanged until then. What is held
   * must lead to them.
   */
  append(segment: Segment, position: number, bytes: Uint8Array): void {
    if (this.#segment === null) {
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
    this.#file.of(segment).writeSync(this.#position, bytes)
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
