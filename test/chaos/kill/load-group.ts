/**
 * One consumer group under load: the members, and an onlooker who compares what the group has committed with what was
 * promised, again and again, and after each start of the broker waits for the group to come to rest. Members are the
 * simulator's; they cause no unrest until the group was at rest once in this life of the broker. A pause is a rest.
 */
import type { Prng } from '../../../packages/ottla/src/base/random.ts'
import type { Connection } from '../../../packages/ottla/src/client/connection.ts'
import { GroupHistory } from '../../../packages/ottla/src/sim/checkers/group-history.ts'
import { Curtain, nameOf } from '../../../packages/ottla/src/sim/workload/actor.ts'
import { auditOffsets } from '../../../packages/ottla/src/sim/workload/group-offsets.ts'
import { Member, type MemberGroup, type MemberPlan } from '../../../packages/ottla/src/sim/workload/member.ts'
import { isRetriable, type WireErrorName } from '../../../packages/ottla/src/spec/errors.ts'
import { describeGroupsApi } from '../../../packages/ottla/src/wire/gen/describe-groups.ts'
import { pause } from './bell.ts'
import { GroupClient } from './group-client.ts'
import type { Load } from './load.ts'
import { LoadWorker } from './load-worker.ts'
import type { Topic } from './topics.ts'

const POLL_MS = 20
const AUDIT_EVERY_MS = 100
/** What a machine with other things to do may add to the timeouts of a group before that is a finding. */
const SLACK_MS = 20_000

export interface LoadGroupOptions {
  readonly groupId: string
  readonly topic: Topic
  readonly members: readonly MemberPlan[]
  /** The broker's `group.initial.rebalance.delay.ms` at most. */
  readonly initialDelayMsMax: number
  readonly random: Prng
}

export class LoadGroup extends LoadWorker {
  readonly #group: MemberGroup
  readonly #members: readonly Member[]
  readonly #curtain = new Curtain()
  readonly #restMsMax: number
  #running: Promise<void> = Promise.resolve()
  #isAtRest = false
  /** It was, in this life of the broker, or is given up. */
  #hasRested = false

  constructor(load: Load, { groupId, topic, members, initialDelayMsMax, random }: LoadGroupOptions) {
    super(load, `watch-${groupId}`)
    const { history, link, measures } = load
    this.#group = {
      history: new GroupHistory(groupId, topic.partitions, history.violations),
      topic: topic.name,
      topicId: () => topic.id,
      partitions: topic.partitions,
    }
    this.#members = members.map((plan, i) => {
      const name = `${groupId}-${i}`
      const note = (event: string, what: string) => {
        if (event === 'cut off') measures.groupRequestCutOff(what)
        else if (event === 'owns') measures.assignments++
      }
      const client = new GroupClient({ name, rng: random.fork(name), curtain: this.#curtain, link, note })
      return new Member(client, plan, this.#group)
    })
    const sessionMsMax = Math.max(...members.map(member => member.sessionTimeoutMs))
    const rebalanceMsMax = Math.max(...members.map(member => member.rebalanceTimeoutMs))
    // A member may be silent for two sessions; one that is gone is waited for, then one more round for those who came meanwhile.
    this.#restMsMax = 2 * sessionMsMax + 2 * (sessionMsMax + rebalanceMsMax + initialDelayMsMax) + SLACK_MS
  }

  /** Commits that were answered. */
  get acknowledged(): number {
    return this.#group.history.acknowledged
  }

  protected get isBusy(): boolean {
    return !this.#isAtRest
  }

  async rested(): Promise<void> {
    while (!this.#hasRested) await this.bell.next()
  }

  override start(): void {
    super.start()
    this.#running = Promise.all(this.#members.map(member => member.run())).then(() => {})
    this.#running.catch((error: unknown) => this.load.failed(error))
  }

  /** After the link is over. */
  override async stop(): Promise<void> {
    this.#curtain.isClosing = true
    await Promise.all([super.stop(), this.#running])
  }

  protected async workOver(connection: Connection): Promise<void> {
    const { link, measures } = this.load
    const isWatching = () => connection.isOpen && !this.isStopped
    this.#setCalm(true)
    for (const member of this.#members) member.settledIn = null
    if (await this.#comesToRest(connection, link.upAtMs)) measures.groupRestMs.push(performance.now() - link.upAtMs)
    while (isWatching()) {
      await this.#whilePaused(isWatching)
      this.#setCalm(false)
      while (isWatching() && !this.isPaused) {
        await this.#audit(connection)
        await pause(AUDIT_EVERY_MS)
      }
      this.#setCalm(true)
      if (isWatching()) await this.#comesToRest(connection, performance.now())
    }
  }

  protected async disconnected(): Promise<void> {
    this.#isAtRest = false
    this.#hasRested = false
  }

  async #whilePaused(isWatching: () => boolean): Promise<void> {
    this.#isAtRest = true
    this.#hasRested = true
    this.bell.ring()
    for (let rest = this.bell.next(); this.isPaused && isWatching(); rest = this.bell.next()) await rest
    this.#isAtRest = false
  }

  #setCalm(isCalm: boolean): void {
    for (const member of this.#members) member.isCalm = isCalm
  }

  /** False when the connection ended, something else is wrong already, or it took too long, which is noted. */
  async #comesToRest(connection: Connection, sinceMs: number): Promise<boolean> {
    while (connection.isOpen && !this.isStopped && this.load.history.violations.total === 0) {
      if (await this.#isInRest(connection)) return true
      if (performance.now() - sinceMs > this.#restMsMax) {
        const where = this.#members.map(member => member.settledIn ?? 'none').join(', ')
        const what = `${this.#restMsMax} ms after the broker served, its members are in generations ${where}`
        this.#group.history.stuck(what)
        return false
      }
      await pause(POLL_MS)
    }
    return false
  }

  /** All members say that they are in one generation, and so does the coordinator, who knows of no others. */
  async #isInRest(connection: Connection): Promise<boolean> {
    const generation = this.#members[0]?.settledIn ?? null
    if (generation === null || this.#members.some(member => member.settledIn !== generation)) return false
    const { groupId } = this.#group.history
    const reply = await connection.request(describeGroupsApi, { groups: [groupId] })
    const [described] = reply.groups
    if (described === undefined || !this.#isWell(nameOf(described.errorCode), 'DescribeGroups')) return false
    if (described.groupState !== 'Stable' || described.members.length !== this.#members.length) return false
    return this.#audit(connection)
  }

  async #audit(connection: Connection): Promise<boolean> {
    this.load.measures.groupAudits++
    return this.#isWell(await auditOffsets(connection, this.#group), 'OffsetFetch')
  }

  #isWell(error: WireErrorName, what: string): boolean {
    if (error !== 'NONE' && !isRetriable(error)) {
      this.#group.history.unexpected(`${this.name}: ${what} was answered ${error}`)
    }
    return error === 'NONE'
  }
}
