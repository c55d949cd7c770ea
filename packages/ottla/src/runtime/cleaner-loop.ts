/** Compacts what is due every `log.cleaner.backoff.ms`, and at once again as long as there was something to do. */
import type { Millis } from '../base/units.ts'
import type { Cancel, Clock } from '../ports/clock.ts'
import type { CleanerOptions } from '../storage/cleaner/log-cleaner.ts'
import type { DataDirectories } from './data-directories.ts'

export interface CleanerSettings {
  /** Between two looks. */
  readonly backoffMs: Millis
  readonly options: CleanerOptions
}

export interface CleanerLoopParts {
  readonly clock: Clock
  readonly directories: DataDirectories
  /** As configured now: asked before each wait and each round. */
  readonly settings: () => CleanerSettings
  readonly fatal: (why: unknown) => void
}

export class CleanerLoop {
  readonly #parts: CleanerLoopParts
  #timer: Cancel = () => {}
  #running: Promise<void> = Promise.resolve()
  #stopped = false

  constructor(parts: CleanerLoopParts) {
    this.#parts = parts
  }

  start(): void {
    this.#next(this.#parts.settings().backoffMs)
  }

  /** A log that is being compacted stays as it was. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#timer()
    await this.#parts.directories.stopCleaner()
    await this.#running
  }

  #next(delayMs: Millis): void {
    if (this.#stopped) return
    const { clock, fatal } = this.#parts
    this.#timer = clock.after(delayMs, () => {
      this.#running = this.#round().then(undefined, fatal)
    })
  }

  async #round(): Promise<void> {
    const { directories, settings } = this.#parts
    const count = await directories.runCleaner(settings().options)
    this.#next(count > 0 ? 0 : settings().backoffMs)
  }
}
