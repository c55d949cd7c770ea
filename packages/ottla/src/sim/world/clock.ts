/** The clock of one simulated process: simulated time, timers that die with the process, and a wall time that can jump. */
import type { Cancel, Clock } from '../../ports/clock.ts'
import type { ProcessLife } from './process-life.ts'
import type { Scheduler } from './scheduler.ts'

/** Where the calendar of every world begins. */
const WORLD_BEGAN_AT_MS = 1_700_000_000_000

const US_PER_MS = 1000

/** The calendar of one machine. It outlives its processes. */
export class MachineCalendar {
  readonly #scheduler: Scheduler
  #offsetMs = 0

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler
  }

  wallMs(): number {
    return WORLD_BEGAN_AT_MS + this.#offsetMs + Math.floor(this.#scheduler.now / US_PER_MS)
  }

  /** As an operator or NTP may set it, either way. */
  jump(byMs: number): void {
    this.#offsetMs += byMs
  }
}

export class SimClock implements Clock {
  readonly #scheduler: Scheduler
  readonly #life: ProcessLife
  readonly #calendar: MachineCalendar

  constructor(scheduler: Scheduler, life: ProcessLife, calendar: MachineCalendar) {
    this.#scheduler = scheduler
    this.#life = life
    this.#calendar = calendar
  }

  wallMs(): number {
    return this.#calendar.wallMs()
  }

  monoMs(): number {
    return this.#scheduler.now / US_PER_MS
  }

  after(delayMs: number, run: () => void): Cancel {
    // Never early: whoever waits for a deadline and finds it not reached would wait again, for nothing, for ever.
    return this.#scheduler.after(Math.ceil(delayMs * US_PER_MS), 'timer', this.#life.guard(run))
  }
}
