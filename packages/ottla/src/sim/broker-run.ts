/**
 * One run of the whole broker: clients produce and read while faults happen, then everything heals, every record gets
 * its outcome, and all partitions are read and compared with what was promised; after a clean stop, a kill and a power
 * cut once more.
 */
import type { Prng } from '../base/random.ts'
import { brokerProgram } from './broker-program.ts'
import { History } from './checkers/history.ts'
import type { Machine } from './machine.ts'
import { type BrokerPlan, drawBrokerPlan } from './plan.ts'
import { Stage } from './stage.ts'
import type { RunResult } from './verdict.ts'
import { type ActorParts, Curtain } from './workload/actor.ts'
import { Admin } from './workload/admin.ts'
import { Mover } from './workload/mover.ts'
import { Operator } from './workload/operator.ts'
import { type Place, placesOf } from './workload/places.ts'
import { Producer } from './workload/producer.ts'
import { Reader } from './workload/reader.ts'
import type { Simulation } from './world/microtasks.ts'
import type { Micros } from './world/scheduler.ts'

/** Compactions that are cut off when all other faults are over, and how long each is waited for. */
const LAST_SWAPS = 6
const LAST_SWAP_WITHIN: Micros = 1_000_000
/** The same for moves. */
const LAST_MOVES = 3
const LAST_MOVE_WITHIN: Micros = 500_000

export class BrokerRun {
  readonly #plan: BrokerPlan
  readonly #rng: Prng
  readonly #stage: Stage
  readonly #history: History
  readonly #places: readonly Place[]

  constructor(rng: Prng) {
    this.#rng = rng
    this.#plan = drawBrokerPlan(rng.fork('plan'))
    this.#history = new History(rng.u32())
    this.#places = placesOf(this.#plan.topics, this.#history)
    const { net, faults, config } = this.#plan
    this.#stage = new Stage(rng, {
      net,
      faults,
      program: brokerProgram(config),
      violations: this.#history.violations,
      down: kind => {
        if (kind === 'power') for (const place of this.#places) place.powerCut()
      },
    })
  }

  simulate(): Simulation<RunResult> {
    return this.#stage.play(
      () => this.#script(),
      () => this.#history.totals().acknowledged,
    )
  }

  async #script(): Promise<void> {
    const stage = this.#stage
    const curtain = new Curtain()
    const parts: ActorParts = {
      scheduler: stage.scheduler,
      network: stage.network,
      history: this.#history,
      journal: stage.journal,
      rng: this.#rng.fork('actors'),
    }
    const admin = new Admin('admin', parts, curtain)
    stage.start()
    await admin.createTopics(this.#plan.topics, this.#places)
    const clients = this.#clients(parts, curtain)
    const operator = new Operator('operator', parts, { curtain, topics: this.#plan.topics })
    if (this.#plan.isOperated) clients.push(operator.run())
    const mover = this.#mover(parts, curtain)
    if (mover !== null) clients.push(mover.run())
    await stage.chaos(this.#plan.chaos)
    if (mover !== null) {
      for (let i = 0; i < LAST_MOVES; i++) await stage.lastFault('crash-in-move', LAST_MOVE_WITHIN)
    }
    if (this.#plan.topics.some(({ compaction }) => compaction !== null)) {
      for (let i = 0; i < LAST_SWAPS; i++) await stage.lastFault('power-in-swap', LAST_SWAP_WITHIN)
    }
    curtain.isClosing = true
    await Promise.all(clients)
    const judges = { admin, operator, mover }
    await this.#readEverything(judges, 'in the end')
    await this.#readAfter(judges, 'a clean stop', machine => machine.stop())
    await this.#readAfter(judges, 'a kill', machine => machine.crash('kill'))
    await this.#readAfter(judges, 'a power cut', machine => machine.crash('power'))
  }

  #mover(parts: ActorParts, curtain: Curtain): Mover | null {
    const { moves } = this.#plan
    return moves === null ? null : new Mover('mover', parts, { curtain, places: this.#places, ...moves })
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

  async #readAfter(judges: Judges, what: string, end: (machine: Machine) => void): Promise<void> {
    await this.#stage.restart(end)
    await this.#readEverything(judges, `after ${what}`)
  }

  async #readEverything({ admin, operator, mover }: Judges, when: string): Promise<void> {
    this.#stage.journal.note('run', `read ${when}`)
    for (const place of this.#places) await admin.readAll(place)
    admin.hangUp()
    await operator.check()
    await mover?.check()
  }
}

/** Who looks at everything once nothing else goes on. */
interface Judges {
  readonly admin: Admin
  readonly operator: Operator
  /** Null: there is one directory. */
  readonly mover: Mover | null
}
