/**
 * What goes wrong in a run, and when: drawn from the seed. Each run draws its own subset of the kinds (swarm testing,
 * Groce et al. 2012): runs in which everything goes wrong hide what needs one fault and a long quiet time.
 */
import type { CrashKind } from '../adapters/memory/disk.ts'
import type { DiskOperation } from '../adapters/memory/disk-operations.ts'
import type { Prng } from '../base/random.ts'
import type { Machine } from './machine.ts'
import type { MachineCalendar } from './world/clock.ts'
import type { DiskWeather } from './world/disk.ts'
import type { Journal } from './world/journal.ts'
import type { SimNetwork } from './world/net.ts'
import type { Micros, Scheduler } from './world/scheduler.ts'

const MS = 1_000
const SECOND = 1_000_000

export const faultKinds = [
  'kill',
  'power',
  'kill-inside',
  'power-inside',
  'power-in-swap',
  'clean-stop',
  'slow-disk',
  'sync-stall',
  'sync-fails',
  'write-fails',
  'disk-full',
  'net-reset',
  'net-stall',
  'clock-jump',
  'index-damage',
] as const

/** `crash-in-move` is for runs in which partitions move between directories. */
export type FaultKind = (typeof faultKinds)[number] | 'crash-in-move'

/** A future is about to take the place of a log, and only the metadata does not say so yet. */
const endsMove = ({ kind, path }: DiskOperation) => kind === 'rename' && path.endsWith('/.ottla-moved-to.tmp')

/** A compacted segment begins to take the place of others. */
const beginsSwap = ({ kind, path }: DiskOperation) => kind === 'rename' && path.endsWith('.log.cleaned')

/** Says true when one that takes the place of several is half way: an old one goes. */
function whenSwapRetires(): (operation: DiskOperation) => boolean {
  let folder: string | null = null
  return operation => {
    const { kind, path } = operation
    const itsFolder = path.slice(0, path.lastIndexOf('/'))
    if (beginsSwap(operation)) folder = itsFolder
    if (kind !== 'rename' || itsFolder !== folder) return false
    if (path.endsWith('.log.swap')) folder = null
    return path.endsWith('.log')
  }
}

export interface FaultPlan {
  readonly kinds: readonly FaultKind[]
  /** Mean time between two faults. */
  readonly pause: Micros
}

export function drawFaultPlan(rng: Prng): FaultPlan {
  const kinds = faultKinds.filter(() => rng.chance(0.4))
  return { kinds: kinds.length === 0 ? ['power'] : kinds, pause: rng.pick([100 * MS, 500 * MS, 2 * SECOND]) }
}

export interface FaultTargets {
  readonly scheduler: Scheduler
  readonly machine: Machine
  readonly weather: DiskWeather
  readonly network: SimNetwork
  readonly calendar: MachineCalendar
  readonly journal: Journal
}

/** Causes faults until it is stopped. */
export class FaultInjector {
  readonly #targets: FaultTargets
  readonly #plan: FaultPlan
  readonly #rng: Prng
  #stopped = false
  #injected = 0

  constructor(targets: FaultTargets, plan: FaultPlan, rng: Prng) {
    this.#targets = targets
    this.#plan = plan
    this.#rng = rng
  }

  /** Faults so far. */
  get injected(): number {
    return this.#injected
  }

  start(): void {
    const { scheduler, weather } = this.#targets
    weather.onStruck = () => this.#callOperator()
    const next = () => {
      if (this.#stopped) return
      if (this.#targets.machine.state !== 'down') this.strike(this.#rng.pick(this.#plan.kinds))
      scheduler.after(this.#rng.int(1, 2 * this.#plan.pause), 'fault', next)
    }
    scheduler.after(this.#rng.int(1, 2 * this.#plan.pause), 'fault', next)
  }

  /** No more faults, and what was planned is called off. */
  stop(): void {
    this.#stopped = true
    this.#targets.weather.clear()
  }

  /** One fault, now. */
  strike(kind: FaultKind): void {
    this.#injected++
    this.#targets.journal.note('fault', kind)
    this.#actions[kind]()
  }

  readonly #actions: Readonly<Record<FaultKind, () => void>> = {
    kill: () => this.#targets.machine.crash('kill'),
    power: () => this.#targets.machine.crash('power'),
    'kill-inside': () => this.#targets.machine.crashInside(this.#rng.int(1, 30), 'kill'),
    'power-inside': () => this.#targets.machine.crashInside(this.#rng.int(1, 30), 'power'),
    'power-in-swap': () => this.#crashInSwap(),
    'crash-in-move': () => this.#crashInMove(),
    'clean-stop': () => this.#targets.machine.stop(),
    'slow-disk': () => this.#targets.weather.slow(this.#rng.int(5, 200), this.#rng.int(100 * MS, 3 * SECOND)),
    'sync-stall': () => this.#targets.weather.stallSyncs(this.#rng.int(50 * MS, 8 * SECOND)),
    'sync-fails': () => this.#targets.weather.plan({ code: 'EIO', kinds: ['sync', 'syncDirectory'] }),
    'write-fails': () => this.#targets.weather.plan({ code: 'EIO', kinds: ['write'] }),
    'disk-full': () => this.#targets.weather.plan({ code: 'ENOSPC', kinds: ['write', 'open', 'makeDirectory'] }),
    'net-reset': () => this.#targets.network.resetSome(this.#rng.pick([0.1, 0.5, 1])),
    'net-stall': () => this.#targets.network.stall(this.#rng.int(10 * MS, 4 * SECOND)),
    'clock-jump': () => this.#targets.calendar.jump(this.#rng.pick([-1, 1]) * this.#rng.int(1, 3_600_000)),
    'index-damage': () => this.#damageIndexes(),
  }

  #crashInSwap(): void {
    const from = this.#rng.chance(0.3) ? beginsSwap : whenSwapRetires()
    this.#targets.machine.crashInside(this.#rng.int(1, 6), 'power', from)
  }

  #crashInMove(): void {
    const kind: CrashKind = this.#rng.chance(0.7) ? 'power' : 'kill'
    this.#targets.machine.crashInside(this.#rng.int(1, 25), kind, endsMove)
  }

  /** Before the next start some indexes hold nonsense: no loss, they can be made again (docs/reliability.md A10). */
  #damageIndexes(): void {
    const rng = this.#rng
    this.#targets.machine.damageWhenDown((path, content) => {
      if (!/\.(index|timeindex)$/.test(path) || rng.chance(0.5)) return null
      switch (rng.int(0, 3)) {
        case 0:
          return new Uint8Array(0)
        case 1:
          return content.subarray(0, rng.int(0, content.length))
        case 2:
          return rng.bytes(content.length)
        default:
          return content.map(byte => (rng.chance(0.02) ? byte ^ (1 << rng.int(0, 7)) : byte))
      }
    })
  }

  /** A broker gives up a directory whose disk failed until someone starts it again: an operator, after a while. */
  #callOperator(): void {
    const { machine, scheduler } = this.#targets
    const { lives } = machine
    const kind: CrashKind = this.#rng.chance(0.5) && this.#plan.kinds.includes('power') ? 'power' : 'kill'
    scheduler.after(this.#rng.int(10 * MS, 2 * SECOND), 'fault.operator', () => {
      if (machine.lives === lives) machine.crash(kind)
    })
  }
}
