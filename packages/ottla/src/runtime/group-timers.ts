/** The timers of one group, by the keys that it gives them. */
import type { TimerChange, TimerEvent } from '../core/group/events.ts'
import type { Cancel, Clock } from '../ports/clock.ts'

export class GroupTimers {
  readonly #clock: Clock
  readonly #fire: (event: TimerEvent) => void
  readonly #cancels = new Map<string, Cancel>()

  constructor(clock: Clock, fire: (event: TimerEvent) => void) {
    this.#clock = clock
    this.#fire = fire
  }

  apply(changes: readonly TimerChange[]): void {
    for (const change of changes) {
      this.#cancels.get(change.key)?.()
      this.#cancels.delete(change.key)
      if (change.type === 'set') this.#set(change)
    }
  }

  cancelAll(): void {
    for (const cancel of this.#cancels.values()) cancel()
    this.#cancels.clear()
  }

  #set({ key, atMs, event }: Extract<TimerChange, { type: 'set' }>): void {
    const cancel = this.#clock.after(atMs - this.#clock.monoMs(), () => {
      this.#cancels.delete(key)
      this.#fire(event)
    })
    this.#cancels.set(key, cancel)
  }
}
