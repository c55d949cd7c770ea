/** For tests: a member of a consumer group that speaks the protocol call by call, over a connection of its own. */
import assert from 'node:assert/strict'
import { Writer } from '../../base/cursor.ts'
import type { WireErrorName } from '../../spec/errors.ts'
import { findCoordinatorApi } from '../../wire/gen/find-coordinator.ts'
import { heartbeatApi } from '../../wire/gen/heartbeat.ts'
import { type JoinGroupResponse, joinGroupApi } from '../../wire/gen/join-group.ts'
import { leaveGroupApi } from '../../wire/gen/leave-group.ts'
import { offsetCommitApi } from '../../wire/gen/offset-commit.ts'
import { offsetFetchApi } from '../../wire/gen/offset-fetch.ts'
import {
  encodeConsumerProtocolAssignment,
  encodeConsumerProtocolSubscription,
} from '../../wire/gen/records/consumer-protocol.ts'
import { syncGroupApi } from '../../wire/gen/sync-group.ts'
import { errorOf } from './calls.ts'
import type { MemoryBroker } from './memory-broker.ts'
import type { RawPeer } from './raw-peer.ts'

/** Settings under which tests need not wait. */
export const GROUP_KEYS = { 'group.initial.rebalance.delay.ms': '0', 'offsets.topic.num.partitions': '3' }

export interface MemberOptions {
  readonly group?: string
  readonly instanceId?: string | null
  readonly topics?: readonly string[]
  readonly sessionTimeoutMs?: number
  /** The newest version to speak, of every API. */
  readonly version?: number
}

/** Subscribed to these topics, as a consumer says it. */
export function subscription(topics: readonly string[]): Uint8Array {
  const writer = new Writer().beginBare()
  encodeConsumerProtocolSubscription(writer, 3, { topics })
  return writer.finishBytes()
}

/** Partitions of one topic, as a leader assigns them. */
export function assignment(topic: string, partitions: readonly number[]): Uint8Array {
  const writer = new Writer().beginBare()
  encodeConsumerProtocolAssignment(writer, 1, { assignedPartitions: [{ topic, partitions }] })
  return writer.finishBytes()
}

/** Asks for the group's coordinator, which makes the topic of groups. */
export async function findGroup(peer: RawPeer, group: string): Promise<WireErrorName> {
  const { coordinators } = await peer.request(findCoordinatorApi, 6, { keyType: 0, coordinatorKeys: [group] })
  assert.ok(coordinators[0] !== undefined)
  return errorOf(coordinators[0])
}

/** The newest version of the API that is not above `wanted`. */
function versionOf(api: { readonly min: number; readonly max: number }, wanted: number): number {
  return Math.max(api.min, Math.min(api.max, wanted))
}

export class GroupMember {
  readonly peer: RawPeer
  readonly group: string
  readonly instanceId: string | null
  memberId = ''
  generation = -1
  readonly #options: MemberOptions

  /** Use `connect`. */
  constructor(peer: RawPeer, options: MemberOptions) {
    this.peer = peer
    this.group = options.group ?? 'g'
    this.instanceId = options.instanceId ?? null
    this.#options = options
  }

  /** On a new connection, with the coordinator found. */
  static async connect(broker: MemoryBroker, options: MemberOptions = {}): Promise<GroupMember> {
    const member = new GroupMember(await broker.connect(), options)
    assert.equal(await findGroup(member.peer, member.group), 'NONE')
    return member
  }

  get #newest(): number {
    return this.#options.version ?? 99
  }

  /** Joins, with the id that it is given where it has none. Waits as long as the broker does. */
  async join(): Promise<JoinGroupResponse> {
    const first = await this.joinOnce()
    if (errorOf(first) !== 'MEMBER_ID_REQUIRED') return first
    this.memberId = first.memberId
    return this.joinOnce()
  }

  async joinOnce(): Promise<JoinGroupResponse> {
    const { topics = ['orders'], sessionTimeoutMs = 10_000 } = this.#options
    const response = await this.peer.request(joinGroupApi, versionOf(joinGroupApi, this.#newest), {
      groupId: this.group,
      sessionTimeoutMs,
      rebalanceTimeoutMs: 30_000,
      memberId: this.memberId,
      groupInstanceId: this.instanceId,
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: subscription(topics) }],
    })
    if (errorOf(response) === 'NONE') {
      this.memberId = response.memberId
      this.generation = response.generationId
    }
    return response
  }

  /** `assignments` by member id, from a leader. Gives what this member is assigned. */
  async sync(assignments: Readonly<Record<string, Uint8Array>> = {}): Promise<Uint8Array | WireErrorName> {
    const response = await this.peer.request(syncGroupApi, versionOf(syncGroupApi, this.#newest), {
      groupId: this.group,
      generationId: this.generation,
      memberId: this.memberId,
      groupInstanceId: this.instanceId,
      protocolType: 'consumer',
      protocolName: 'range',
      assignments: Object.entries(assignments).map(([memberId, bytes]) => ({ memberId, assignment: bytes })),
    })
    const error = errorOf(response)
    return error === 'NONE' ? response.assignment.slice() : error
  }

  /** Joins and assigns everything to itself: for a group of one. */
  async own(partitions: readonly number[] = [0]): Promise<void> {
    assert.equal(errorOf(await this.join()), 'NONE')
    const all = assignment('orders', partitions)
    assert.deepEqual(await this.sync({ [this.memberId]: all }), all)
  }

  async heartbeat(): Promise<WireErrorName> {
    return errorOf(
      await this.peer.request(heartbeatApi, versionOf(heartbeatApi, this.#newest), {
        groupId: this.group,
        generationId: this.generation,
        memberId: this.memberId,
        groupInstanceId: this.instanceId,
      }),
    )
  }

  async leave(): Promise<WireErrorName> {
    const { memberId, instanceId } = this
    const response = await this.peer.request(leaveGroupApi, versionOf(leaveGroupApi, this.#newest), {
      groupId: this.group,
      memberId,
      members: [{ memberId, groupInstanceId: instanceId }],
    })
    const [member] = response.members
    return member === undefined ? errorOf(response) : errorOf(member)
  }

  /** Commits one offset as this member, in the generation that it believes to be in. */
  async commit(offset: number, partition = 0): Promise<WireErrorName> {
    const { generation, memberId, instanceId } = this
    return commitAs(this.peer, { group: this.group, offset, partition, generation, memberId, instanceId }, this.#newest)
  }
}

export interface Commit {
  readonly group?: string
  readonly topic?: string
  readonly partition?: number
  readonly offset: number
  readonly metadata?: string
  /** -1 and '' for whoever is no member. */
  readonly generation?: number
  readonly memberId?: string
  readonly instanceId?: string | null
}

/** Commits one offset, by default as nobody. Below 10, where topics have names. */
export async function commitAs(peer: RawPeer, commit: Commit, newest = 9): Promise<WireErrorName> {
  const { group = 'g', topic = 'orders', partition = 0, offset, metadata = 'm' } = commit
  const response = await peer.request(offsetCommitApi, versionOf(offsetCommitApi, Math.min(9, newest)), {
    groupId: group,
    generationIdOrMemberEpoch: commit.generation ?? -1,
    memberId: commit.memberId ?? '',
    groupInstanceId: commit.instanceId ?? null,
    topics: [
      {
        name: topic,
        partitions: [
          { partitionIndex: partition, committedOffset: offset, committedLeaderEpoch: 0, committedMetadata: metadata },
        ],
      },
    ],
  })
  const answer = response.topics[0]?.partitions[0]
  assert.ok(answer !== undefined)
  return errorOf(answer)
}

/** The committed offset of one partition: -1 when there is none; or the error of the group. */
export async function committed(
  peer: RawPeer,
  asked: { readonly group?: string; readonly topic?: string; readonly partition?: number } = {},
): Promise<number | WireErrorName> {
  const { group = 'g', topic = 'orders', partition = 0 } = asked
  const response = await peer.request(offsetFetchApi, 9, {
    groups: [{ groupId: group, topics: [{ name: topic, partitionIndexes: [partition] }] }],
  })
  const [answer] = response.groups
  assert.ok(answer !== undefined)
  const offset = answer.topics[0]?.partitions[0]
  return offset === undefined ? errorOf(answer) : offset.committedOffset
}
