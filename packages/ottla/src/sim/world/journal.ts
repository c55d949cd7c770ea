/** What happened lately in a world, for the person who looks at a failed seed. Every line counts in the trace hash. */
import type { LogLevel, Observe, ObserveFields } from '../../ports/observe.ts'
import type { Scheduler } from './scheduler.ts'

const LINES_KEPT = 400

export class Journal {
  readonly #scheduler: Scheduler
  readonly #lines: string[] = []

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler
  }

  note(who: string, event: string, detail = ''): void {
    this.#scheduler.trace.add(`${who} ${event}`)
    if (this.#lines.length >= 2 * LINES_KEPT) this.#lines.splice(0, LINES_KEPT)
    this.#lines.push(`${(this.#scheduler.now / 1000).toFixed(3).padStart(12)} ms  ${who}  ${event}  ${detail}`)
  }

  /** The last lines, oldest first. */
  tail(count = LINES_KEPT): readonly string[] {
    return this.#lines.slice(-count)
  }

  /** The Observe port of one process. */
  observe(who: string): Observe {
    return {
      log: (level, event, fields) => this.note(who, `${level} ${event}`, show(level, fields)),
      count: () => {},
      gauge: () => {},
    }
  }
}

function show(_level: LogLevel, fields: ObserveFields = {}): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ')
}
