/**
 * One run of consumer groups: members join, commit and leave while faults happen; then every group has to come to rest, and
 * what was committed is compared with what was promised; after a clean stop, a kill and a power cut once more.
 */
import type { Prng } from '../base/random.ts'
import { brokerProgram } from './broker-program.ts'
import { GroupHistory } from './checkers/group-history.ts'
import { History } from './checkers/history.ts'
import { drawGroupPlan, type GroupPlan } from './group-plan.ts'
import type { Machine } from './machine.ts'
import { Stage } from './stage.ts'
import type { RunResult } from './verdict.ts'
import { Actor, type ActorParts, Curtain, mayRetry, rethrowUnlessConnection } from './workload/actor.ts'
import { Admin } from './workload/admin.ts'
import { auditOffsets } from './workload/group-offsets.ts'
import { Member, type MemberGroup } from './workload/member.ts'
import { type Place, placesOf } from './workload/places.ts'
import type { Simulation } from './world/microtasks.ts'

const MS = 1_000

interface RunningGroup extends MemberGroup {
  readonly members: readonly Member[]
}

export class GroupRun {
  readonly #plan: GroupPlan
  readonly #rng: Prng
  readonly #stage: Stage
  readonly #history: History
  readonly #groups: readonly GroupHistory[]
  readonly #places: readonly Place[]

  constructor(rng: Prng) {
    this.#rng = rng
    this.#plan = drawGroupPlan(rng.fork('plan'))
    this.#history = new History(rng.u32())
    const { topic, groups, net, faults, config } = this.#plan
    this.#places = placesOf([topic], this.#history)
    const { violations } = this.#history
    this.#groups = groups.map((_, i) => new GroupHistory(`group-${i}`, topic.partitions, violations))
    this.#stage = new Stage(rng, { net, faults, program: brokerProgram(config), violations, down: () => {} })
  }

  simulate(): Simulation<RunResult> {
    const acknowledged = () => this.#groups.reduce((sum, group) => sum + group.acknowledged, 0)
    return this.#stage.play(() => this.#script(), acknowledged)
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
    stage.start()
    await new Admin('admin', parts, curtain).createTopics([this.#plan.topic], this.#places)
    const groups = this.#groups.map((history, i) => this.#makeGroup(history, i, { parts, curtain }))
    const members = groups.flatMap(group => group.members)
    const running = Promise.all(members.map(member => member.run()))
    await stage.chaos(this.#plan.chaos)
    for (const member of members) member.isCalm = true
    await stage.until(() => stage.machine.state === 'up')
    for (const group of groups) await this.#rest(group)
    curtain.isClosing = true
    await running
    const auditor = new Actor('auditor', parts, curtain)
    for (const group of groups) await this.#audit(auditor, group)
    await this.#auditAfter(auditor, groups, machine => machine.stop())
    await this.#auditAfter(auditor, groups, machine => machine.crash('kill'))
    await this.#auditAfter(auditor, groups, machine => machine.crash('power'))
    auditor.hangUp()
  }

  #makeGroup(history: GroupHistory, i: number, world: { parts: ActorParts; curtain: Curtain }): RunningGroup {
    const { name: topic, partitions } = this.#plan.topic
    const topicId = () => (this.#places[0] as Place).topicId
    const group: MemberGroup = { history, topic, topicId, partitions }
    const plans = this.#plan.groups[i] ?? []
    const members = plans.map((plan, k) => {
      return new Member(new Actor(`m${i}-${k}`, world.parts, world.curtain), plan, group)
    })
    return { ...group, members }
  }

  /** All members in one generation, within the time that the group's own timeouts leave it. */
  async #rest({ members, history }: RunningGroup): Promise<void> {
    const isAtRest = () => {
      const generation = members[0]?.settledIn ?? null
      return generation !== null && members.every(member => member.settledIn === generation)
    }
    let isLate = false
    this.#stage.scheduler.after(this.#plan.restMs * MS, 'group.rest', () => {
      isLate = true
    })
    await this.#stage.until(() => isLate || isAtRest())
    if (isAtRest()) return
    const where = members.map(member => member.settledIn ?? 'none').join(', ')
    history.stuck(`${this.#plan.restMs} ms without faults, and its members are in generations ${where}`)
  }

  async #auditAfter(auditor: Actor, groups: readonly RunningGroup[], end: (machine: Machine) => void): Promise<void> {
    await this.#stage.restart(end)
    for (const group of groups) await this.#audit(auditor, group)
  }

  /** Everything that the group has committed, as it is told now. */
  async #audit(auditor: Actor, group: RunningGroup): Promise<void> {
    for (;;) {
      const connection = await auditor.connection()
      try {
        const error = await auditOffsets(connection, group)
        if (error === 'NONE') return
        if (!mayRetry(error)) return group.history.unexpected(`auditor: OffsetFetch was answered ${error}`)
      } catch (error) {
        rethrowUnlessConnection(error)
      }
      await auditor.backoff()
    }
  }
}
