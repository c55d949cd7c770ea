/**
 * One simulated machine with the real broker on it: its disk, its calendar, and one life of the process after another.
 * Says what happened to the process; why it happened, and what it should have survived, is decided elsewhere.
 */
import { FileMembership } from '../adapters/file/membership.ts'
import { FileMetaLog } from '../adapters/file/meta-log.ts'
import { SeededCrypto } from '../adapters/memory/crypto.ts'
import { type CrashKind, MemoryDisk } from '../adapters/memory/disk.ts'
import { SeededRandom } from '../adapters/memory/random.ts'
import { type Server, startServer } from '../apps/server/server.ts'
import type { Prng } from '../base/random.ts'
import type { BrokerConfig } from '../spec/config/broker.ts'
import { type MachineCalendar, SimClock } from './world/clock.ts'
import type { DiskWeather } from './world/disk.ts'
import type { Journal } from './world/journal.ts'
import type { SimNetwork } from './world/net.ts'
import { ProcessLife } from './world/process-life.ts'
import type { Scheduler } from './world/scheduler.ts'

export interface MachineParts {
  readonly scheduler: Scheduler
  readonly rng: Prng
  readonly network: SimNetwork
  readonly weather: DiskWeather
  readonly calendar: MachineCalendar
  readonly config: BrokerConfig
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

export class BrokerMachine {
  readonly #parts: MachineParts
  readonly #events: MachineEvents
  #disk: MemoryDisk
  #life = new ProcessLife()
  #server: Server | null = null
  #state: MachineState = 'down'
  #lives = 0

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

  start(): void {
    const { scheduler, calendar, config, network, rng, journal } = this.#parts
    const life = new ProcessLife()
    this.#life = life
    this.#state = 'starting'
    this.#lives++
    const disk = this.#disk
    const started = startServer(config, {
      clock: new SimClock(scheduler, life, calendar),
      random: new SeededRandom(rng.u32()),
      crypto: new SeededCrypto(rng.u32()),
      disk,
      net: network.host(life),
      observe: journal.observe('broker'),
      hostName: 'localhost',
      openMetadata: async directory => ({
        log: await FileMetaLog.open(disk, directory),
        membership: new FileMembership(disk, directory),
      }),
      fatal: why => this.#fail(life, 'fatal', why),
    })
    started.then(
      server => this.#started(life, server),
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
   * turn as a ghost, whose every effect is lost.
   */
  crashInside(changes: number, kind: CrashKind): void {
    this.#parts.weather.crashIn(changes, () => {
      this.#endLife()
      this.#parts.scheduler.after(0, 'machine.crash', () => this.#afterDeath(kind))
    })
  }

  /** A clean stop, as on SIGTERM. */
  stop(): void {
    const server = this.#server
    if (this.#state !== 'up' || server === null) return
    const life = this.#life
    this.#state = 'stopping'
    server.close().then(
      () => this.#stopped(life),
      (why: unknown) => this.#fail(life, 'fatal', why),
    )
  }

  #started(life: ProcessLife, server: Server): void {
    if (!life.alive) return
    this.#server = server
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
    this.#parts.journal.note('broker', what, String(why))
    this.#parts.scheduler.after(0, 'machine.failed', () => {
      this.#disk = this.#disk.crash('kill', this.#parts.rng)
      this.#parts.network.processDied(life)
      this.#events.failed(what, why)
      this.#events.down('kill')
    })
  }

  #endLife(): void {
    this.#life.end()
    this.#server = null
    this.#state = 'down'
  }

  #afterDeath(kind: CrashKind): void {
    this.#parts.journal.note('machine', 'crash', kind)
    this.#disk = this.#disk.crash(kind, this.#parts.rng)
    this.#parts.network.processDied(this.#life)
    this.#events.down(kind)
  }
}
