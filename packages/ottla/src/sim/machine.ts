/**
 * One simulated machine with a program on it: its disk, its calendar, and one life of the process after another. Says
 * what happened to the process; why it happened, and what it should have survived, is decided elsewhere.
 */
import { SeededCrypto } from '../adapters/memory/crypto.ts'
import { type CrashKind, MemoryDisk } from '../adapters/memory/disk.ts'
import { SeededRandom } from '../adapters/memory/random.ts'
import type { Prng } from '../base/random.ts'
import type { Clock } from '../ports/clock.ts'
import type { Crypto } from '../ports/crypto.ts'
import type { Disk } from '../ports/disk.ts'
import type { Net } from '../ports/net.ts'
import type { Observe } from '../ports/observe.ts'
import type { Random } from '../ports/random.ts'
import { type MachineCalendar, SimClock } from './world/clock.ts'
import type { DiskWeather, PlannedCrash } from './world/disk.ts'
import type { Journal } from './world/journal.ts'
import type { SimNetwork } from './world/net.ts'
import { ProcessLife } from './world/process-life.ts'
import type { Scheduler } from './world/scheduler.ts'

/** All that a program touches of the world. */
export interface ProcessWorld {
  readonly clock: Clock
  readonly random: Random
  readonly crypto: Crypto
  readonly disk: Disk
  readonly net: Net
  readonly observe: Observe
  /** The process no longer knows its own state, and ends. */
  fatal(why: unknown): void
}

/** Resolves when the program serves; `close` is a clean stop. */
export type Program = (world: ProcessWorld) => Promise<{ close(): Promise<void> }>

export interface MachineParts {
  readonly scheduler: Scheduler
  readonly rng: Prng
  readonly network: SimNetwork
  readonly weather: DiskWeather
  readonly calendar: MachineCalendar
  readonly program: Program
  readonly journal: Journal
}

export type MachineState = 'down' | 'starting' | 'up' | 'stopping'

export interface MachineEvents {
  up(): void
  /** The process is gone. `kind` is null after a clean stop. */
  down(kind: CrashKind | null): void
  /** It ended itself, or could not start; it is down. */
  failed(what: 'fatal' | 'start', why: unknown): void
}

export class Machine {
  readonly #parts: MachineParts
  readonly #events: MachineEvents
  #disk: MemoryDisk
  #life = new ProcessLife()
  #running: { close(): Promise<void> } | null = null
  #state: MachineState = 'down'
  #lives = 0
  #damage: ((path: string, content: Uint8Array) => Uint8Array | null) | null = null

  constructor(parts: MachineParts, events: MachineEvents) {
    this.#parts = parts
    this.#events = events
    this.#disk = new MemoryDisk(parts.weather.options())
    this.#life.end()
  }

  get state(): MachineState {
    return this.#state
  }

  /** How often the process was started. */
  get lives(): number {
    return this.#lives
  }

  /** The medium changes as MemoryDisk.damage says, once the machine is down. */
  damageWhenDown(change: (path: string, content: Uint8Array) => Uint8Array | null): void {
    this.#damage = change
  }

  start(): void {
    if (this.#damage !== null) this.#disk.damage(this.#damage)
    this.#damage = null
    const { scheduler, calendar, program, network, rng, journal } = this.#parts
    const life = new ProcessLife()
    this.#life = life
    this.#state = 'starting'
    this.#lives++
    const started = program({
      clock: new SimClock(scheduler, life, calendar),
      random: new SeededRandom(rng.u32()),
      crypto: new SeededCrypto(rng.u32()),
      disk: this.#disk,
      net: network.host(life),
      observe: journal.observe('process'),
      fatal: why => this.#fail(life, 'fatal', why),
    })
    started.then(
      running => this.#started(life, running),
      (why: unknown) => this.#fail(life, 'start', why),
    )
  }

  /** Ends the process where it stands, `kill`, or the whole machine, `power`. */
  crash(kind: CrashKind): void {
    if (!this.#life.alive) return
    this.#endLife()
    this.#afterDeath(kind)
  }

  /**
   * Crashes the machine inside the `changes`-th change of its disk from now. The process's code goes on to the end of its
   * turn as a ghost, whose every effect is lost. `from`: the first one that counts.
   */
  crashInside(changes: number, kind: CrashKind, from: PlannedCrash['from'] = () => true): void {
    this.#parts.weather.crashIn({ changes, from }, () => {
      // A ghost of a process that has just ended itself comes to its disk: it dies once.
      if (!this.#life.alive) return
      this.#endLife()
      this.#parts.scheduler.after(0, 'machine.crash', () => this.#afterDeath(kind))
    })
  }

  /** A clean stop, as on SIGTERM. */
  stop(): void {
    const running = this.#running
    if (this.#state !== 'up' || running === null) return
    const life = this.#life
    this.#state = 'stopping'
    running.close().then(
      () => this.#stopped(life),
      (why: unknown) => this.#fail(life, 'fatal', why),
    )
  }

  #started(life: ProcessLife, running: { close(): Promise<void> }): void {
    if (!life.alive) return
    this.#running = running
    this.#state = 'up'
    this.#events.up()
  }

  #stopped(life: ProcessLife): void {
    if (!life.alive) return
    this.#endLife()
    this.#disk = this.#disk.crash('kill', this.#parts.rng)
    this.#events.down(null)
  }

  /** May be called in the middle of the process's own code: what follows death waits for the next event. */
  #fail(life: ProcessLife, what: 'fatal' | 'start', why: unknown): void {
    if (!life.alive) return
    this.#endLife()
    this.#parts.journal.note('process', what, String(why))
    this.#parts.scheduler.after(0, 'machine.failed', () => {
      this.#disk = this.#disk.crash('kill', this.#parts.rng)
      this.#parts.network.processDied(life)
      this.#events.failed(what, why)
      this.#events.down('kill')
    })
  }

  #endLife(): void {
    this.#life.end()
    this.#running = null
    this.#state = 'down'
  }

  #afterDeath(kind: CrashKind): void {
    this.#parts.journal.note('machine', 'crash', kind)
    this.#disk = this.#disk.crash(kind, this.#parts.rng)
    this.#parts.network.processDied(this.#life)
    this.#events.down(kind)
  }
}
