/**
 * A member of a consumer group, by the classic protocol: joins, assigns when it leads, commits ever higher offsets of what it
 * owns, and now and then leaves, falls silent for longer than its session, or commits in a generation that is over. It reads
 * no records: offsets are promises of their own.
 */
import { Reader, Writer } from '../../base/cursor.ts'
import type { Offset } from '../../base/units.ts'
import type { Connection } from '../../client/connection.ts'
import type { WireErrorName } from '../../spec/errors.ts'
import type { Api } from '../../wire/api.ts'
import { findCoordinatorApi } from '../../wire/gen/find-coordinator.ts'
import { heartbeatApi } from '../../wire/gen/heartbeat.ts'
import { type JoinGroupResponse, joinGroupApi } from '../../wire/gen/join-group.ts'
import { leaveGroupApi } from '../../wire/gen/leave-group.ts'
import { offsetCommitApi } from '../../wire/gen/offset-commit.ts'
import {
  decodeConsumerProtocolAssignment,
  encodeConsumerProtocolAssignment,
  encodeConsumerProtocolSubscription,
} from '../../wire/gen/records/consumer-protocol.ts'
import { syncGroupApi } from '../../wire/gen/sync-group.ts'
import type { GroupHistory } from '../checkers/group-history.ts'
import { nameOf } from './actor.ts'
import type { Client } from './client.ts'
import { fetchOffsets } from './group-offsets.ts'

export interface MemberPlan {
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  /** Null: dynamic. */
  readonly instanceId: string | null
  /** How likely each step is to be a leave, a long silence, or a commit after it. */
  readonly unrest: number
  /** How long a silence may be, in session timeouts: one below 1 is over before anybody else knows of it. */
  readonly silences: readonly number[]
  /** Time between two heartbeats or commits, at most; 10 at least. */
  readonly stepMsMax: number
}

/** What all members of a group share. */
export interface MemberGroup {
  readonly history: GroupHistory
  readonly topic: string
  readonly topicId: () => string
  readonly partitions: number
}

/** What the coordinator says while it cannot say anything else. */
const ELSEWHERE: readonly WireErrorName[] = [
  'NOT_COORDINATOR',
  'COORDINATOR_NOT_AVAILABLE',
  'COORDINATOR_LOAD_IN_PROGRESS',
]
/** The generation is over for this member, or was never its own. */
const OVER: readonly WireErrorName[] = ['REBALANCE_IN_PROGRESS', 'ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID']
const STEP_MS_MIN = 10
const ADVANCE_MAX = 100
const REMAINS_SHARE = 0.7

export class Member {
  readonly #client: Client
  readonly #plan: MemberPlan
  readonly #group: MemberGroup
  #memberId = ''
  #generation = -1
  #positions = new Map<number, Offset>()
  /** What it has asked and not heard of; null: nothing. */
  #asking: string | null = null
  /** The generation in which its last heartbeat was answered well; null while it is in none. */
  settledIn: number | null = null
  /** No more unrest; set by the run when it wants to see the group at rest. */
  isCalm = false

  constructor(client: Client, plan: MemberPlan, group: MemberGroup) {
    this.#client = client
    this.#plan = plan
    this.#group = group
  }

  /** Until the curtain closes. */
  async run(): Promise<void> {
    const { curtain } = this.#client
    while (!curtain.isClosing) {
      try {
        if (await this.#enter(await this.#client.connection())) await this.#stay()
      } catch (error) {
        this.#cutOff(error)
      }
      this.settledIn = null
      await this.#client.backoff()
    }
    this.#client.hangUp()
  }

  /** Joins, and gets its assignment: true when it has one. */
  async #enter(connection: Connection): Promise<boolean> {
    const joined = await this.#join(connection)
    if (joined === null) return false
    const isLeader = joined.leader === joined.memberId
    const reply = await this.#ask(connection, syncGroupApi, {
      ...this.#who(),
      generationId: joined.generationId,
      protocolType: 'consumer',
      protocolName: 'range',
      assignments: isLeader ? this.#assign(joined.members.map(({ memberId }) => memberId)) : [],
    })
    if (!this.#isWell(nameOf(reply.errorCode), 'SyncGroup')) return false
    this.#generation = joined.generationId
    const owned = partitionsOf(reply.assignment)
    // A static member that comes back has another id, and its own partitions.
    this.#group.history.owns(this.#generation, this.#plan.instanceId ?? this.#memberId, owned)
    this.#client.note('owns', `generation ${this.#generation}: ${owned.join(',')}`)
    return this.#fetch(connection, owned)
  }

  async #join(connection: Connection): Promise<JoinGroupResponse | null> {
    const { sessionTimeoutMs, rebalanceTimeoutMs } = this.#plan
    const coordinator = await this.#ask(connection, findCoordinatorApi, {
      key: this.#group.history.groupId,
      coordinatorKeys: [this.#group.history.groupId],
    })
    const found = nameOf((coordinator.coordinators[0] ?? coordinator).errorCode)
    if (!this.#isWell(found, 'FindCoordinator')) return null
    const joined = await this.#ask(connection, joinGroupApi, {
      ...this.#who(),
      sessionTimeoutMs,
      rebalanceTimeoutMs,
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: subscriptionTo(this.#group.topic) }],
    })
    const error = nameOf(joined.errorCode)
    if (error === 'MEMBER_ID_REQUIRED') {
      this.#memberId = joined.memberId
      return this.#join(connection)
    }
    if (!this.#isWell(error, 'JoinGroup')) return null
    this.#memberId = joined.memberId
    return joined
  }

  async #fetch(connection: Connection, owned: readonly number[]): Promise<boolean> {
    const { history } = this.#group
    const least = owned.map(partition => history.least(partition))
    const reply = await fetchOffsets(connection, this.#group)
    if (typeof reply === 'string') return this.#isWell(reply, 'OffsetFetch')
    owned.forEach((partition, i) => {
      history.fetched(partition, reply.get(partition) ?? -1, least[i] as Offset)
    })
    this.#positions = new Map(owned.map(partition => [partition, reply.get(partition) ?? -1]))
    return true
  }

  /** Heartbeats and commits, for as long as the generation lasts. */
  async #stay(): Promise<void> {
    const { rng, curtain } = this.#client
    while (!curtain.isClosing) {
      await this.#client.sleep(rng.int(STEP_MS_MIN, this.#plan.stepMsMax))
      const isRestless = !this.isCalm && rng.chance(this.#plan.unrest)
      if (isRestless && rng.chance(0.3)) return this.#leave()
      if (isRestless) await this.#client.sleep(rng.pick(this.#plan.silences) * this.#plan.sessionTimeoutMs)
      try {
        const goesOn = isRestless || rng.chance(0.6) ? await this.#commit() : await this.#heartbeat()
        if (!goesOn) return
      } catch (error) {
        this.#cutOff(error)
        // Most clients go on in their generation over a new connection, some begin anew.
        if (!rng.chance(REMAINS_SHARE)) return
        await this.#client.backoff()
      }
    }
  }

  /** The answer to what it asked is lost, as those of this world may be. */
  #cutOff(error: unknown): void {
    this.#client.rethrowUnlessExcused(error)
    if (this.#asking !== null) this.#client.note('cut off', this.#asking)
    this.#asking = null
    this.settledIn = null
  }

  async #heartbeat(): Promise<boolean> {
    const connection = await this.#client.connection()
    const reply = await this.#ask(connection, heartbeatApi, { ...this.#who(), generationId: this.#generation })
    const error = nameOf(reply.errorCode)
    // While it loads the coordinator knows no better than to ask for patience.
    if (ELSEWHERE.includes(error)) {
      this.settledIn = null
      await this.#client.backoff()
      return true
    }
    const isWell = this.#isWell(error, 'Heartbeat')
    this.settledIn = isWell ? this.#generation : null
    return isWell
  }

  /** One partition that it owns, some way on. False when the generation is over. */
  async #commit(): Promise<boolean> {
    const { rng } = this.#client
    const connection = await this.#client.connection()
    if (this.#positions.size === 0) return this.#heartbeat()
    const [partition, position] = rng.pick([...this.#positions])
    const { history, topic, topicId } = this.#group
    const offset = position + rng.int(1, ADVANCE_MAX)
    // Somebody else may own it by now, and be further: what this one sends is then refused, whatever it is.
    if (offset <= history.least(partition)) return this.#heartbeat()
    this.#positions.set(partition, offset)
    const sent = history.commits(this.#generation, partition, offset)
    const reply = await this.#ask(connection, offsetCommitApi, {
      ...this.#who(),
      generationIdOrMemberEpoch: this.#generation,
      topics: [
        {
          name: topic,
          topicId: topicId(),
          partitions: [{ partitionIndex: partition, committedOffset: offset, committedMetadata: '' }],
        },
      ],
    })
    const error = nameOf(reply.topics[0]?.partitions[0]?.errorCode ?? -1)
    if (error === 'NONE') history.committed(sent)
    if (ELSEWHERE.includes(error)) return true
    return this.#isWell(error, 'OffsetCommit')
  }

  async #leave(): Promise<void> {
    const connection = await this.#client.connection()
    const reply = await this.#ask(connection, leaveGroupApi, {
      groupId: this.#group.history.groupId,
      memberId: this.#memberId,
      members: [{ memberId: this.#memberId, groupInstanceId: this.#plan.instanceId }],
    })
    this.#client.note('leaves', nameOf(reply.errorCode))
    this.#memberId = ''
  }

  async #ask<Q, QI, R, RI>(connection: Connection, api: Api<Q, QI, R, RI>, body: QI): Promise<R> {
    this.#asking = api.name
    const reply = await connection.request(api, body)
    this.#asking = null
    return reply
  }

  /** False: begin anew. What no legal run answers is noted. */
  #isWell(error: WireErrorName, what: string): boolean {
    if (error === 'NONE') return true
    if (error === 'UNKNOWN_MEMBER_ID' || error === 'FENCED_INSTANCE_ID') this.#memberId = ''
    const isExpected = ELSEWHERE.includes(error) || OVER.includes(error) || error === 'FENCED_INSTANCE_ID'
    if (!isExpected) this.#group.history.unexpected(`${this.#client.name}: ${what} was answered ${error}`)
    return false
  }

  #who(): { groupId: string; memberId: string; groupInstanceId: string | null } {
    const { instanceId } = this.#plan
    return { groupId: this.#group.history.groupId, memberId: this.#memberId, groupInstanceId: instanceId }
  }

  /** Every partition to one member, in turn. */
  #assign(members: readonly string[]): { memberId: string; assignment: Uint8Array }[] {
    return members.map((memberId, i) => {
      const partitions = Array.from({ length: this.#group.partitions }, (_, partition) => partition)
      const mine = partitions.filter(partition => partition % members.length === i)
      return { memberId, assignment: assignmentOf(this.#group.topic, mine) }
    })
  }
}

function subscriptionTo(topic: string): Uint8Array {
  return bytesOf(writer => encodeConsumerProtocolSubscription(writer, 0, { topics: [topic], userData: null }))
}

function assignmentOf(topic: string, partitions: readonly number[]): Uint8Array {
  const assignedPartitions = [{ topic, partitions }]
  return bytesOf(writer => encodeConsumerProtocolAssignment(writer, 0, { assignedPartitions, userData: null }))
}

function partitionsOf(assignment: Uint8Array): readonly number[] {
  if (assignment.length === 0) return []
  const { assignedPartitions } = decodeConsumerProtocolAssignment(new Reader(assignment))
  return assignedPartitions.flatMap(({ partitions }) => partitions)
}

function bytesOf(encode: (writer: Writer) => void): Uint8Array {
  const writer = new Writer().beginBare()
  encode(writer)
  return writer.finishBytes().slice()
}
