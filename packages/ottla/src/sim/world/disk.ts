/**
 * How the disk of a simulated machine behaves: how long operations take, when it turns slow, hangs, fills or fails. What
 * survives a crash is MemoryDisk's.
 */
import type { MemoryDiskOptions } from '../../adapters/memory/disk.ts'
import type { DiskOperation, DiskVerdict } from '../../adapters/memory/disk-operations.ts'
import type { Prng } from '../../base/random.ts'
import type { DiskFaultCode } from '../../ports/disk.ts'
import type { MachineCalendar } from './clock.ts'
import type { Micros, Scheduler } from './scheduler.ts'

/** Time of an operation on a good day, at least and at most. */
const COSTS: Readonly<Record<DiskOperation['kind'], readonly [Micros, Micros]>> = {
  open: [10, 80],
  read: [5, 200],
  write: [10, 300],
  sync: [100, 2_000],
  truncate: [10, 100],
  rename: [10, 100],
  remove: [10, 100],
  removeDirectory: [10, 100],
  makeDirectory: [10, 100],
  syncDirectory: [100, 2_000],
  list: [10, 100],
  stat: [5, 50],
  lock: [5, 50],
  volume: [5, 50],
}

/** A fault that the next fitting operation runs into. */
export interface PlannedFault {
  readonly code: DiskFaultCode
  readonly kinds: readonly DiskOperation['kind'][]
}

/** A crash inside the `changes`-th operation that changes something, counted from the first of which `from` is true. */
export interface PlannedCrash {
  readonly changes: number
  from(operation: DiskOperation): boolean
}

export class DiskWeather {
  readonly #scheduler: Scheduler
  readonly #rng: Prng
  readonly #calendar: MachineCalendar
  /** Bytes that the disk holds; null is no limit. */
  readonly capacityBytes: number | null
  #slowUntil: Micros = 0
  #slowFactor = 1
  #stalledUntil: Micros = 0
  #planned: PlannedFault | null = null
  #struck = 0
  /** Called when a planned fault strikes. */
  onStruck: () => void = () => {}
  #crashIn: PlannedCrash | null = null
  /** Changes until then; null before the first that counts. */
  #changesLeft: number | null = null
  #crash: () => void = () => {}

  constructor(
    scheduler: Scheduler,
    rng: Prng,
    { calendar, capacityBytes }: { calendar: MachineCalendar; capacityBytes: number | null },
  ) {
    this.#scheduler = scheduler
    this.#rng = rng
    this.#calendar = calendar
    this.capacityBytes = capacityBytes
  }

  /** Planned faults that have struck. */
  get struck(): number {
    return this.#struck
  }

  /** Everything takes `factor` times as long for `duration`. */
  slow(factor: number, duration: Micros): void {
    this.#slowFactor = factor
    this.#slowUntil = this.#scheduler.now + duration
  }

  /** No sync returns for `duration`. */
  stallSyncs(duration: Micros): void {
    this.#stalledUntil = this.#scheduler.now + duration
  }

  plan(fault: PlannedFault): void {
    this.#planned = fault
  }

  /**
   * Crashes the machine as planned. `crash` is called in the middle of the process's own code, which goes on to the end of
   * its turn as a ghost.
   */
  crashIn(planned: PlannedCrash, crash: () => void): void {
    this.#crashIn = planned
    this.#changesLeft = null
    this.#crash = crash
  }

  /** Forgets what was planned, and is well again. */
  clear(): void {
    this.#planned = null
    this.#crashIn = null
    this.#slowUntil = 0
    this.#stalledUntil = 0
  }

  options(): MemoryDiskOptions {
    return {
      defer: (finish, operation) =>
        this.#scheduler.after(this.#durationOf(operation), `disk.${operation.kind}`, finish),
      intercept: operation => this.#verdictOn(operation),
      wallMs: () => this.#calendar.wallMs(),
      ...(this.capacityBytes === null ? {} : { capacityBytes: this.capacityBytes }),
    }
  }

  #durationOf({ kind, bytes }: DiskOperation): Micros {
    const now = this.#scheduler.now
    const [least, most] = COSTS[kind]
    // A disk that moves a gigabyte a second.
    const usual = this.#rng.int(least, most) + bytes / 1000
    const slow = now < this.#slowUntil ? usual * this.#slowFactor : usual
    const isSync = kind === 'sync' || kind === 'syncDirectory'
    return isSync && now < this.#stalledUntil ? this.#stalledUntil - now + slow : slow
  }

  #verdictOn(operation: DiskOperation): DiskVerdict {
    this.#scheduler.trace.add(operation.kind, operation.bytes, operation.index)
    if (this.#crashIn !== null && operation.changes && this.#isLastChange(this.#crashIn, operation)) {
      this.#crashIn = null
      this.#crash()
      return 'crash'
    }
    const planned = this.#planned
    if (planned === null || !planned.kinds.includes(operation.kind)) return 'go'
    this.#planned = null
    this.#struck++
    this.onStruck()
    return planned.code
  }

  #isLastChange({ changes, from }: PlannedCrash, operation: DiskOperation): boolean {
    if (this.#changesLeft === null && !from(operation)) return false
    this.#changesLeft = (this.#changesLeft ?? changes) - 1
    return this.#changesLeft <= 0
  }
}
