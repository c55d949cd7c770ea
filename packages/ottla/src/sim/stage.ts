/**
 * The frame of every run: one machine in one world, faults for a while, then calm; restarts whatever died; ends when the
 * script is over or something is wrong. What the program is and what is checked is the run's own.
 */
import type { CrashKind } from '../adapters/memory/disk.ts'
import { DiskStopped } from '../adapters/memory/disk-operations.ts'
import { Bug } from '../base/assert.ts'
import type { Prng } from '../base/random.ts'
import type { Violations } from './checkers/violation.ts'
import { FaultInjector, type FaultKind, type FaultPlan } from './faults.ts'
import { Machine, type Program } from './machine.ts'
import type { RunResult } from './verdict.ts'
import { MachineCalendar } from './world/clock.ts'
import { DiskWeather } from './world/disk.ts'
import { Journal } from './world/journal.ts'
import type { Simulation } from './world/microtasks.ts'
import { type NetWeather, SimNetwork } from './world/net.ts'
import { type Micros, Scheduler } from './world/scheduler.ts'

const SECOND = 1_000_000
/** How long healing may take: recovering, reconnecting, sending everything again. */
const CALM_MAX: Micros = 400 * SECOND
const STEPS_MAX = 5_000_000
/** From death to the next start, at most. */
const RESTART_MAX: Micros = 500_000

export interface StageOptions {
  readonly program: Program
  readonly net: NetWeather
  readonly faults: FaultPlan
  readonly violations: Violations
  /** The process is gone, and the machine's power too where `kind` says so. Null after a clean stop. */
  down(kind: CrashKind | null): void
}

export class Stage {
  readonly scheduler: Scheduler
  readonly journal: Journal
  readonly network: SimNetwork
  readonly machine: Machine
  readonly #options: StageOptions
  readonly #rng: Prng
  readonly #weather: DiskWeather
  readonly #injector: FaultInjector
  readonly #problems: string[] = []
  readonly #waiting: { readonly when: () => boolean; readonly done: () => void }[] = []
  #struckAtStart = 0
  #violationsNoted = 0
  #isOver = false
  #deadline: Micros = Number.MAX_SAFE_INTEGER

  constructor(rng: Prng, options: StageOptions) {
    this.#rng = rng.fork('stage')
    this.#options = options
    this.scheduler = new Scheduler(rng.fork('ties'))
    this.journal = new Journal(this.scheduler)
    const calendar = new MachineCalendar(this.scheduler)
    this.network = new SimNetwork(this.scheduler, rng.fork('net'), options.net)
    this.#weather = new DiskWeather(this.scheduler, rng.fork('disk'), { calendar, capacityBytes: null })
    const { scheduler, network, journal } = this
    const shared = { scheduler, network, journal, weather: this.#weather, calendar }
    this.machine = new Machine(
      { ...shared, rng: rng.fork('machine'), program: options.program },
      {
        up: () => journal.note('machine', 'up'),
        down: kind => this.#machineDown(kind),
        failed: (what, why) => this.#machineFailed(what, why),
      },
    )
    this.#injector = new FaultInjector({ ...shared, machine: this.machine }, options.faults, rng.fork('faults'))
  }

  /** Runs the script to its end, or to the first problem. `acknowledged` is asked at the end. */
  *play(script: () => Promise<void>, acknowledged: () => number): Simulation<RunResult> {
    script().then(
      () => {
        this.#isOver = true
      },
      (error: unknown) => this.problem(`the run failed: ${describe(error)}`),
    )
    yield
    while (!this.#isOver) {
      this.#step()
      yield
    }
    return this.#result(acknowledged())
  }

  /** The first start of the machine. */
  start(): void {
    this.#struckAtStart = this.#weather.struck
    this.machine.start()
  }

  /** Faults for `duration`. */
  async chaos(duration: Micros): Promise<void> {
    this.#injector.start()
    await new Promise<void>(resolve => this.scheduler.after(duration, 'stage', resolve))
    this.#injector.stop()
    this.journal.note('stage', 'calm')
    this.#deadline = this.scheduler.now + CALM_MAX
  }

  /**
   * One more fault when all others are over, of a kind that has to wait for its moment, and healing: little that is written
   * later covers up what it does.
   */
  async lastFault(kind: FaultKind, within: Micros): Promise<void> {
    await this.until(() => this.machine.state === 'up')
    const { lives } = this.machine
    let isOver = false
    this.scheduler.after(within, 'stage', () => {
      isOver = true
    })
    this.#injector.strike(kind)
    await this.until(() => isOver || this.machine.lives > lives)
    this.#weather.clear()
    await this.until(() => this.machine.state === 'up')
  }

  /** Ends the process in some way and waits for the next life to serve. */
  async restart(end: (machine: Machine) => void): Promise<void> {
    await this.until(() => this.machine.state === 'up')
    const { lives } = this.machine
    end(this.machine)
    await this.until(() => this.machine.lives > lives && this.machine.state === 'up')
  }

  /** Resolves at once when `when` is true, else after the step in which it becomes so. */
  until(when: () => boolean): Promise<void> {
    if (when()) return Promise.resolve()
    return new Promise(done => this.#waiting.push({ when, done }))
  }

  /** Something is wrong; the run ends. */
  problem(what: string): void {
    this.#problems.push(what)
    this.#isOver = true
  }

  #step(): void {
    try {
      // What the last event set off may be what the script waits for.
      if (!this.scheduler.step() && !this.#tellWaiting()) this.problem('stuck: nothing will ever happen again')
    } catch (error) {
      // A ghost came to its disk (see Machine.crashInside).
      if (!(error instanceof DiskStopped)) this.problem(`a bug: ${describe(error)}`)
    }
    this.#noteViolations()
    if (this.scheduler.now > this.#deadline) this.problem('healing took too long')
    if (this.scheduler.steps > STEPS_MAX) this.problem(`${STEPS_MAX} steps were not enough`)
    this.#tellWaiting()
  }

  /** True when somebody's wait is over. */
  #tellWaiting(): boolean {
    const before = this.#waiting.length
    for (const entry of [...this.#waiting]) {
      if (!entry.when()) continue
      this.#waiting.splice(this.#waiting.indexOf(entry), 1)
      entry.done()
    }
    return this.#waiting.length < before
  }

  /** So that the journal tells what happened before. */
  #noteViolations(): void {
    const { found } = this.#options.violations
    for (; this.#violationsNoted < found.length; this.#violationsNoted++) {
      const violation = found[this.#violationsNoted]
      this.journal.note('checker', 'violation', `${violation?.kind} in ${violation?.partition}: ${violation?.text}`)
    }
  }

  #machineDown(kind: CrashKind | null): void {
    this.#options.down(kind)
    this.scheduler.after(this.#rng.int(1_000, RESTART_MAX), 'machine.start', () => this.start())
  }

  #machineFailed(what: 'fatal' | 'start', why: unknown): void {
    if (why instanceof DiskStopped) return
    // A disk that failed excuses a process that gives up, never one that lost track of itself.
    if (this.#weather.struck !== this.#struckAtStart && !(why instanceof Bug)) return
    const said = what === 'fatal' ? 'the process ended itself' : 'the process did not start'
    this.problem(`${said}: ${describe(why)}`)
  }

  #result(acknowledged: number): RunResult {
    const { found } = this.#options.violations
    return {
      problems: [...this.#problems, ...found.map(({ kind, partition, text }) => `${kind} in ${partition}: ${text}`)],
      traceHash: this.scheduler.trace.toString(),
      steps: this.scheduler.steps,
      simulatedMs: Math.floor(this.scheduler.now / 1000),
      lives: this.machine.lives,
      faults: this.#injector.injected,
      acknowledged,
      journal: this.journal.tail(),
    }
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
