/**
 * One run of the whole broker: clients produce and read while faults happen, then everything heals, every record gets
 * its outcome, and all partitions are read and compared with what was promised; after a clean stop, a kill and a power
 * cut once more.
 */
import type { CrashKind } from '../adapters/memory/disk.ts'
import { DiskStopped } from '../adapters/memory/disk-operations.ts'
import { Bug } from '../base/assert.ts'
import type { Prng } from '../base/random.ts'
import { BrokerMachine } from './broker-machine.ts'
import { History } from './checkers/history.ts'
import { FaultInjector } from './faults.ts'
import { drawPlan, type RunPlan } from './plan.ts'
import type { RunResult } from './verdict.ts'
import { type ActorParts, Curtain } from './workload/actor.ts'
import { Admin } from './workload/admin.ts'
import { type Place, placesOf } from './workload/places.ts'
import { Producer } from './workload/producer.ts'
import { Reader } from './workload/reader.ts'
import { MachineCalendar } from './world/clock.ts'
import { DiskWeather } from './world/disk.ts'
import { Journal } from './world/journal.ts'
import type { Simulation } from './world/microtasks.ts'
import { SimNetwork } from './world/net.ts'
import { type Micros, Scheduler } from './world/scheduler.ts'

const SECOND = 1_000_000
/** How long healing may take: reconnecting, recovering, sending everything again. */
const CALM_MAX: Micros = 180 * SECOND
const STEPS_MAX = 5_000_000
const RESTART_MAX: Micros = 500_000

export class BrokerRun {
  readonly #plan: RunPlan
  readonly #rng: Prng
  readonly #scheduler: Scheduler
  readonly #journal: Journal
  readonly #network: SimNetwork
  readonly #weather: DiskWeather
  readonly #machine: BrokerMachine
  readonly #injector: FaultInjector
  readonly #history: History
  readonly #places: readonly Place[]
  readonly #problems: string[] = []
  readonly #waiting: { readonly when: () => boolean; readonly done: () => void }[] = []
  #struckAtStart = 0
  #isOver = false
  #deadline: Micros = Number.MAX_SAFE_INTEGER

  constructor(rng: Prng) {
    this.#rng = rng
    this.#plan = drawPlan(rng.fork('plan'))
    this.#scheduler = new Scheduler(rng.fork('ties'))
    this.#journal = new Journal(this.#scheduler)
    this.#history = new History(rng.u32())
    this.#places = placesOf(this.#plan.topics, this.#history)
    const calendar = new MachineCalendar(this.#scheduler)
    this.#network = new SimNetwork(this.#scheduler, rng.fork('net'), this.#plan.net)
    this.#weather = new DiskWeather(this.#scheduler, rng.fork('disk'), { calendar, capacityBytes: null })
    const shared = { scheduler: this.#scheduler, network: this.#network, weather: this.#weather, calendar }
    const { config } = this.#plan
    const parts = { ...shared, rng: rng.fork('machine'), config, journal: this.#journal }
    this.#machine = new BrokerMachine(parts, {
      up: () => this.#journal.note('machine', 'up'),
      down: kind => this.#machineDown(kind),
      failed: (what, why) => this.#machineFailed(what, why),
    })
    const targets = { ...shared, machine: this.#machine, journal: this.#journal }
    this.#injector = new FaultInjector(targets, this.#plan.faults, rng.fork('faults'))
  }

  *simulate(): Simulation<RunResult> {
    this.#script().then(
      () => {
        this.#isOver = true
      },
      (error: unknown) => this.#problem(`the run failed: ${describe(error)}`),
    )
    yield
    while (!this.#isOver) {
      this.#step()
      yield
    }
    return this.#result()
  }

  #step(): void {
    try {
      if (!this.#scheduler.step()) this.#problem('stuck: nothing will ever happen again')
    } catch (error) {
      // A ghost came to its disk (see BrokerMachine.crashInside).
      if (!(error instanceof DiskStopped)) this.#problem(`a bug: ${describe(error)}`)
    }
    if (this.#scheduler.now > this.#deadline) this.#problem('healing took too long')
    if (this.#scheduler.steps > STEPS_MAX) this.#problem(`${STEPS_MAX} steps were not enough`)
    for (const entry of [...this.#waiting]) {
      if (!entry.when()) continue
      this.#waiting.splice(this.#waiting.indexOf(entry), 1)
      entry.done()
    }
  }

  async #script(): Promise<void> {
    const curtain = new Curtain()
    const parts: ActorParts = {
      scheduler: this.#scheduler,
      network: this.#network,
      history: this.#history,
      journal: this.#journal,
      rng: this.#rng.fork('actors'),
    }
    const admin = new Admin('admin', parts, curtain)
    this.#start()
    await admin.createTopics(this.#plan.topics, this.#places)
    const clients = this.#clients(parts, curtain)
    this.#injector.start()
    await this.#pass(this.#plan.chaos)
    this.#injector.stop()
    this.#journal.note('run', 'calm')
    this.#deadline = this.#scheduler.now + CALM_MAX
    curtain.isClosing = true
    await Promise.all(clients)
    await this.#readEverything(admin, 'in the end')
    await this.#afterRestart(admin, 'after a clean stop', () => this.#machine.stop())
    await this.#afterRestart(admin, 'after a kill', () => this.#machine.crash('kill'))
    await this.#afterRestart(admin, 'after a power cut', () => this.#machine.crash('power'))
  }

  #clients(parts: ActorParts, curtain: Curtain): Promise<void>[] {
    const { producers, readers, deletesRecords } = this.#plan
    const running = producers.map(({ kind, durability, ...pace }, i) => {
      const fitting = this.#places.filter(place => place.topic.durability === durability)
      const places = fitting.filter(() => this.#rng.chance(0.6))
      const chosen = places.length === 0 ? fitting.slice(0, 1) : places
      return new Producer(`p${i}`, parts, { places: chosen, kind, curtain, ...pace }).run()
    })
    for (let i = 0; i < readers; i++) {
      running.push(new Reader(`r${i}`, parts, { place: this.#rng.pick(this.#places), curtain }).run())
    }
    if (deletesRecords) running.push(new Admin('deleter', parts, curtain).deleteRecords(this.#places))
    return running
  }

  async #afterRestart(admin: Admin, name: string, end: () => void): Promise<void> {
    const { lives } = this.#machine
    await this.#until(() => this.#machine.state === 'up')
    end()
    await this.#until(() => this.#machine.lives > lives && this.#machine.state === 'up')
    await this.#readEverything(admin, name)
  }

  async #readEverything(admin: Admin, name: string): Promise<void> {
    this.#journal.note('run', `read ${name}`)
    for (const place of this.#places) await admin.readAll(place)
    admin.hangUp()
  }

  #start(): void {
    this.#struckAtStart = this.#weather.struck
    this.#machine.start()
  }

  #machineDown(kind: CrashKind | null): void {
    if (kind === 'power') for (const place of this.#places) place.powerCut()
    this.#scheduler.after(this.#rng.int(1_000, RESTART_MAX), 'machine.start', () => this.#start())
  }

  #machineFailed(what: 'fatal' | 'start', why: unknown): void {
    if (why instanceof DiskStopped) return
    // A disk that failed excuses a process that gives up, never one that lost track of itself.
    const isExcused = this.#weather.struck !== this.#struckAtStart && !(why instanceof Bug)
    if (isExcused) return
    const said = what === 'fatal' ? 'the broker ended itself' : 'the broker did not start'
    this.#problem(`${said}: ${describe(why)}`)
  }

  #pass(duration: Micros): Promise<void> {
    return new Promise(resolve => this.#scheduler.after(duration, 'run', resolve))
  }

  #until(when: () => boolean): Promise<void> {
    return new Promise(done => this.#waiting.push({ when, done }))
  }

  #problem(what: string): void {
    this.#problems.push(what)
    this.#isOver = true
  }

  #result(): RunResult {
    const { found } = this.#history.violations
    return {
      problems: [...this.#problems, ...found.map(({ kind, partition, text }) => `${kind} in ${partition}: ${text}`)],
      traceHash: this.#scheduler.trace.toString(),
      steps: this.#scheduler.steps,
      simulatedMs: Math.floor(this.#scheduler.now / 1000),
      lives: this.#machine.lives,
      faults: this.#injector.injected,
      acknowledged: this.#history.totals().acknowledged,
      journal: this.#journal.tail(),
    }
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
