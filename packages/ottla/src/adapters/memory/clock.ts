/** A clock that stands still until a test moves it. */
import { assert } from '../../base/assert.ts'
import type { Cancel, Clock } from '../../ports/clock.ts'

interface Timer {
  readonly dueMs: number
  /** Timers due at the same time run in the order in which they were set. */
  readonly order: number
  readonly run: () => void
}

export class ManualClock implements Clock {
  #monoMs = 0
  #wallMs: number
  #order = 0
  readonly #timers = new Set<Timer>()

  constructor(wallMs = 1_700_000_000_000) {
    this.#wallMs = wallMs
  }

  wallMs(): number {
    return this.#wallMs
  }

  monoMs(): number {
    return this.#monoMs
  }

  after(delayMs: number, run: () => void): Cancel {
    const timer = { dueMs: this.#monoMs + Math.max(0, delayMs), order: this.#order++, run }
    this.#timers.add(timer)
    return () => {
      this.#timers.delete(timer)
    }
  }

  /** Milliseconds until the next timer is due, or null when none is set. */
  nextInMs(): number | null {
    const next = this.#next()
    return next === null ? null : next.dueMs - this.#monoMs
  }

  /** Moves both times on and runs, in order, what becomes due on the way, timers set meanwhile included. */
  advance(byMs: number): void {
    assert(byMs >= 0, 'monotonic time never goes back', { byMs })
    const untilMs = this.#monoMs + byMs
    for (let next = this.#next(); next !== null && next.dueMs <= untilMs; next = this.#next()) {
      this.#moveTo(next.dueMs)
      this.#timers.delete(next)
      next.run()
    }
    this.#moveTo(untilMs)
  }

  /** Moves the wall time alone, either way, as an operator or NTP does. */
  jump(byMs: number): void {
    this.#wallMs += byMs
  }

  #moveTo(monoMs: number): void {
    this.#wallMs += monoMs - this.#monoMs
    this.#monoMs = monoMs
  }

  #next(): Timer | null {
    let first: Timer | null = null
    for (const timer of this.#timers) {
      if (first === null || timer.dueMs < first.dueMs || (timer.dueMs === first.dueMs && timer.order < first.order)) {
        first = timer
      }
    }
    return first
  }
}
