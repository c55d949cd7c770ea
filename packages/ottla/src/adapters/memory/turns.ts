/** For tests in which time stands still: lets everything run, and the clock with it, until something is so. */
import { setImmediate as nextLoop } from 'node:timers/promises'
import type { ManualClock } from './clock.ts'

/** How far the clock moves on with each turn. */
const TURN_MS = 1

export class Turns {
  readonly #clock: ManualClock
  readonly #patienceMs: number

  /** `patienceMs`: real time after which a condition is given up. */
  constructor(clock: ManualClock, patienceMs: number) {
    this.#clock = clock
    this.#patienceMs = patienceMs
  }

  /** Rejects when the condition does not come to hold. */
  async until(condition: () => boolean, what = 'what the test waits for'): Promise<void> {
    const giveUpAt = performance.now() + this.#patienceMs
    while (!condition()) {
      if (performance.now() > giveUpAt) throw new Error(`${what} did not happen within ${this.#patienceMs} ms`)
      this.#clock.advance(TURN_MS)
      await nextLoop()
    }
  }

  /** Runs a promise to its end. */
  async settled<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false
    const watched = promise.finally(() => {
      isSettled = true
    })
    watched.catch(() => {})
    await this.until(() => isSettled, 'a promise settling')
    return watched
  }
}
