/**
 * Looks at all groups every `offsets.retention.check.interval.ms` for offsets to drop: those that nobody needs any more, and
 * those of deleted topics. The latter also at once when asked, because a topic was deleted or a partition loaded. Compares
 * what is with what should be, so that what a full disk refused is made good by the next look.
 */
import type { Millis } from '../base/units.ts'
import type { Cancel, Clock } from '../ports/clock.ts'

export interface SweeperParts {
  readonly clock: Clock
  readonly intervalMs: Millis
  /** One look. `expire`: for offsets that nobody needs too. */
  readonly sweep: (what: { readonly expire: boolean }) => Promise<void>
  readonly fatal: (why: unknown) => void
}

export class GroupSweeper {
  readonly #parts: SweeperParts
  #timer: Cancel = () => {}
  #running: Promise<void> | null = null
  /** What the next look is for; null when none is due. */
  #due: { expire: boolean } | null = null
  #stopped = false

  constructor(parts: SweeperParts) {
    this.#parts = parts
  }

  start(): void {
    if (this.#stopped) return
    this.#timer = this.#parts.clock.after(this.#parts.intervalMs, () => {
      this.#wake(true)
      this.start()
    })
  }

  /** A look for offsets of deleted topics, now or after the one that goes on. */
  wake(): void {
    this.#wake(false)
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#timer()
    await this.#running
  }

  #wake(expire: boolean): void {
    if (this.#stopped) return
    this.#due = { expire: expire || this.#due?.expire === true }
    this.#running ??= this.#run().catch(this.#parts.fatal)
  }

  async #run(): Promise<void> {
    while (this.#due !== null && !this.#stopped) {
      const what = this.#due
      this.#due = null
      await this.#parts.sweep(what)
    }
    // In the turn in which nothing more was due: a wake from now on begins another run.
    this.#running = null
  }
}
