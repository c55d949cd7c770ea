/** Pauses between attempts: each twice as long as the one before, with jitter so that many clients do not come back at once. */
import type { Millis } from '../base/units.ts'
import type { Clock } from '../ports/clock.ts'
import type { Random } from '../ports/random.ts'

const FIRST_MS = 20
const LONGEST_MS = 1_000
/** A pause is between this share of its length and the whole. Percent. */
const JITTER_PERCENT_MIN = 60

export interface BackoffEnv {
  readonly clock: Clock
  readonly random: Random
}

export class Backoff {
  readonly #env: BackoffEnv
  #nextMs: Millis = FIRST_MS

  constructor(env: BackoffEnv) {
    this.#env = env
  }

  /** Something went well: the next pause is the shortest again. */
  reset(): void {
    this.#nextMs = FIRST_MS
  }

  pause(): Promise<void> {
    const delayMs = (this.#nextMs * this.#env.random.int(JITTER_PERCENT_MIN, 100)) / 100
    this.#nextMs = Math.min(this.#nextMs * 2, LONGEST_MS)
    return after(this.#env.clock, delayMs)
  }
}

export function after(clock: Clock, delayMs: Millis): Promise<void> {
  return new Promise(resolve => {
    clock.after(delayMs, resolve)
  })
}
