/**
 * Writes that are whole or fail. The system may take less than it was given; direct I/O then goes on from the last
 * aligned byte, so the bytes between are written twice (ARCHITECTURE.md J11).
 */
import { write as writeCallback, writeSync } from 'node:fs'

/** More than this in one call is refused by Node or cut by the kernel. */
const CALL_BYTES_MAX = 1 << 30

/** Calls in a row that may take nothing before it counts as a failure. */
const STALLS_MAX = 3

/** How far a write has come. `unitBytes` is what progress is counted in: the alignment of direct I/O, else 1. */
class Progress {
  done = 0
  #stalls = 0
  readonly #unitBytes: number

  constructor(unitBytes: number) {
    this.#unitBytes = unitBytes
  }

  took(count: number, leftBytes: number): void {
    const kept = count === leftBytes ? count : count - (count % this.#unitBytes)
    this.#stalls = kept === 0 ? this.#stalls + 1 : 0
    if (this.#stalls > STALLS_MAX) throw Object.assign(new Error('EIO: writes make no progress'), { code: 'EIO' })
    this.done += kept
  }
}

export function writeWholeSync(fd: number, position: number, bytes: Uint8Array, unitBytes: number): void {
  const progress = new Progress(unitBytes)
  while (progress.done < bytes.length) {
    const left = bytes.length - progress.done
    const count = Math.min(left, CALL_BYTES_MAX)
    progress.took(writeSync(fd, bytes, progress.done, count, position + progress.done), left)
  }
}

export async function writeWhole(fd: number, position: number, bytes: Uint8Array, unitBytes: number): Promise<void> {
  const progress = new Progress(unitBytes)
  while (progress.done < bytes.length) {
    const left = bytes.length - progress.done
    const count = Math.min(left, CALL_BYTES_MAX)
    const taken = await new Promise<number>((resolve, reject) => {
      writeCallback(fd, bytes, progress.done, count, position + progress.done, (error, taken) => {
        if (error) reject(error)
        else resolve(taken)
      })
    })
    progress.took(taken, left)
  }
}
