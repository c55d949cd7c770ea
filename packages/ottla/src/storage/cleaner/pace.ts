/**
 * How fast cleaning goes: never long on the event loop at a time, and no more bytes a second than configured. Only one
 * batch's inflation or compression is done in one go, as on the produce path of a compacted topic.
 */
import type { Millis } from '../../base/units.ts'
import type { Clock } from '../../ports/clock.ts'

/** Work between two turns of the event loop. Milliseconds. */
const SLICE_MS = 2
/** Debts below this are carried on. Milliseconds. */
const WAIT_MS_MIN = 10

/** Thrown out of a pass that is to end early: the process stops, or the log changed under it. Nothing was changed. */
export class CleaningStopped extends Error {
  constructor(why: string) {
    super(why)
    this.name = 'CleaningStopped'
  }
}

export class Pace {
  readonly #clock: Clock
  readonly #bytesPerSecond: number
  #sliceEndsMs: Millis
  /** When what was read and written so far is paid for. */
  #paidAtMs: Millis
  /** Read and written so far. */
  spentBytes = 0
  #endWait: () => void = () => {}
  #stopped = false

  constructor(clock: Clock, bytesPerSecond: number) {
    this.#clock = clock
    this.#bytesPerSecond = bytesPerSecond
    this.#paidAtMs = clock.monoMs()
    this.#sliceEndsMs = this.#paidAtMs + SLICE_MS
  }

  /** Whoever waits goes on at once, to find out. */
  stop(): void {
    this.#stopped = true
    this.#endWait()
  }

  get stopped(): boolean {
    return this.#stopped
  }

  /** The loop has waited long enough: `turn` next. */
  get isDue(): boolean {
    return this.#clock.monoMs() >= this.#sliceEndsMs
  }

  /** Lets everybody else go first. */
  async turn(): Promise<void> {
    await this.#wait(0)
    this.#sliceEndsMs = this.#clock.monoMs() + SLICE_MS
  }

  /** Bytes were read or written. Waits when that was too much for the time. Throws CleaningStopped. */
  async spend(bytes: number): Promise<void> {
    const nowMs = this.#clock.monoMs()
    this.spentBytes += bytes
    this.#paidAtMs = Math.max(this.#paidAtMs, nowMs) + (1000 * bytes) / this.#bytesPerSecond
    if (this.#paidAtMs - nowMs > WAIT_MS_MIN) await this.#wait(this.#paidAtMs - nowMs)
    else if (this.isDue) await this.turn()
    if (this.#stopped) throw new CleaningStopped('cleaning is to stop')
  }

  #wait(delayMs: Millis): Promise<void> {
    if (this.#stopped) return Promise.resolve()
    return new Promise(resolve => {
      const cancel = this.#clock.after(delayMs, resolve)
      this.#endWait = () => {
        cancel()
        resolve()
      }
    })
  }
}
