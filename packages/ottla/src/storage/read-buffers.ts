/** Memory for reads from files, used again: a read of a megabyte into fresh memory pays for the page faults each time. */
import { powerOfTwoAtLeast } from './memory-budget.ts'

const SMALLEST_BYTES = 65_536
/** A consumer that fetches 1 MB of each of eight partitions has so much under way and read ahead. */
const KEPT_BYTES_MAX = 24 * 1024 * 1024
const LARGEST_KEPT_BYTES = 4 * 1024 * 1024

export class ReadBuffers {
  readonly #keptBytesMax: number
  readonly #free = new Map<number, Uint8Array[]>()
  #keptBytes = 0

  constructor(keptBytesMax = KEPT_BYTES_MAX) {
    this.#keptBytesMax = keptBytesMax
  }

  /** At least `bytes` long; what was in it before may still be. */
  take(bytes: number): Uint8Array {
    const size = sizeFor(Math.max(bytes, SMALLEST_BYTES))
    const kept = this.#free.get(size)?.pop()
    if (kept === undefined) return new Uint8Array(size)
    this.#keptBytes -= size
    return kept
  }

  give(buffer: Uint8Array): void {
    const size = buffer.length
    if (size > LARGEST_KEPT_BYTES || this.#keptBytes + size > this.#keptBytesMax) return
    this.#keptBytes += size
    const free = this.#free.get(size)
    if (free === undefined) this.#free.set(size, [buffer])
    else free.push(buffer)
  }
}

/** In steps of an eighth of the next power of two: a fetch of 1 MB and a little would leave half of 2 MB unused. */
function sizeFor(bytes: number): number {
  const step = powerOfTwoAtLeast(bytes) / 8
  return Math.ceil(bytes / step) * step
}
