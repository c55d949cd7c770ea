/** Keeps a producer to a rate, so that a campaign writes as much on any machine and leaves the broker time to breathe. */

/** What a request counts for at least: small ones cost time too. */
const REQUEST_BYTES_MIN = 4096
/** A debt below this is not worth a timer. */
const WAIT_MS_MIN = 4

export class Pace {
  readonly #bytesPerMs: number
  #nextAtMs = 0

  constructor(bytesPerSecond: number) {
    this.#bytesPerMs = bytesPerSecond / 1000
  }

  /** How long to wait after sending `bytes` now. Milliseconds. */
  delayMs(bytes: number, nowMs = performance.now()): number {
    this.#nextAtMs = Math.max(nowMs, this.#nextAtMs) + Math.max(REQUEST_BYTES_MIN, bytes) / this.#bytesPerMs
    const delayMs = this.#nextAtMs - nowMs
    return delayMs < WAIT_MS_MIN ? 0 : delayMs
  }
}
