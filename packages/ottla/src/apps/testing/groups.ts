/** Consumer groups as a test looks at them, through the APIs that admin tools use (KIP-222, KIP-229, KIP-518). */

import { DecodeError, Reader } from '../../base/cursor.ts'
import type { Millis } from '../../base/units.ts'
import type { Uuid } from '../../base/uuid.ts'
import type { Cluster } from '../../client/cluster.ts'
import { refuseError, WireFailure } from '../../client/wire-failure.ts'
import { errorNameOf } from '../../spec/errors.ts'
import { deleteGroupsApi } from '../../wire/gen/delete-groups.ts'
import { type DescribedGroup, describeGroupsApi } from '../../wire/gen/describe-groups.ts'
import { findCoordinatorApi } from '../../wire/gen/find-coordinator.ts'
import { listGroupsApi } from '../../wire/gen/list-groups.ts'
import { offsetFetchApi } from '../../wire/gen/offset-fetch.ts'
import { decodeConsumerProtocolAssignment } from '../../wire/gen/records/consumer-protocol.ts'
import { bad } from './options.ts'
import { TestBrokerError } from './test-broker-error.ts'

/** Kafka's names of the states of a classic group. `Dead`: there is no such group. */
export const groupStates = ['PreparingRebalance', 'CompletingRebalance', 'Stable', 'Dead', 'Empty'] as const
export type GroupState = (typeof groupStates)[number]

export interface GroupMember {
  readonly memberId: string
  readonly clientId: string
  /** Null unless it is a static member. */
  readonly groupInstanceId: string | null
  /** Partitions by topic; empty for members that are no consumers. */
  readonly assignment: Readonly<Record<string, readonly number[]>>
}

export interface GroupDescription {
  readonly groupId: string
  readonly state: string
  /** The assignor chosen, as `RoundRobinAssigner`; empty before one is. */
  readonly protocol: string
  readonly members: readonly GroupMember[]
}

export interface WaitForGroupOptions {
  /** Default `Stable`. */
  readonly state?: GroupState
  /** Exactly so many members. Default: any number. */
  readonly members?: number
  /** Default 10,000. */
  readonly timeoutMs?: number
}

/** Committed offsets by topic and partition: the next offset to read. */
export type GroupOffsets = Readonly<Record<string, Readonly<Record<number, number>>>>

const TIMEOUT_MS = 10_000
/** Kind of key that FindCoordinator is asked for. */
const GROUP_KEY = 0
/** Between two looks at a group. */
const LOOK_MS = 20

export class Groups {
  readonly #cluster: Cluster
  readonly #topicNameOf: (id: Uuid) => string | null

  /** `topicNameOf`: newer versions name topics by id. */
  constructor(cluster: Cluster, topicNameOf: (id: Uuid) => string | null) {
    this.#cluster = cluster
    this.#topicNameOf = topicNameOf
  }

  async waitFor(groupId: string, options: WaitForGroupOptions): Promise<GroupDescription> {
    const { state = 'Stable', members, timeoutMs = TIMEOUT_MS } = options
    if (!groupStates.includes(state))
      throw bad(`state=${String(state)}`, `allowed are ${groupStates.join(', ')}`, 'leave it out for Stable')
    const { clock } = this.#cluster.env
    const giveUpAtMs = clock.monoMs() + timeoutMs
    for (;;) {
      const group = await this.#answered(groupId, giveUpAtMs, () => this.describe(groupId))
      if (group.state === state && (members ?? group.members.length) === group.members.length) return group
      if (clock.monoMs() >= giveUpAtMs) throw late(group, { ...options, state, timeoutMs })
      await this.#pause()
    }
  }

  async describe(groupId: string): Promise<GroupDescription> {
    const response = await this.#cluster.ask(describeGroupsApi, { groups: [groupId] })
    const [group] = response.groups
    if (group === undefined) throw new WireFailure('UNKNOWN_SERVER_ERROR', `cannot describe group ${groupId}`)
    // Since v6 a group that is not there is an error, and not a dead group.
    if (errorNameOf(group.errorCode) === 'GROUP_ID_NOT_FOUND')
      return { groupId, state: 'Dead', protocol: '', members: [] }
    refuseError(group.errorCode, `cannot describe group ${groupId}`, group.errorMessage)
    return described(group)
  }

  /** Ids of all groups. */
  async list(): Promise<string[]> {
    const response = await this.#cluster.ask(listGroupsApi, {})
    refuseError(response.errorCode, 'cannot list groups')
    return response.groups.map(({ groupId }) => groupId).sort()
  }

  offsets(groupId: string): Promise<GroupOffsets> {
    const giveUpAtMs = this.#cluster.env.clock.monoMs() + TIMEOUT_MS
    return this.#answered(groupId, giveUpAtMs, () => this.#offsets(groupId))
  }

  async #offsets(groupId: string): Promise<GroupOffsets> {
    const response = await this.#cluster.ask(offsetFetchApi, {
      groupId,
      topics: null,
      groups: [{ groupId, topics: null }],
    })
    const [group = response] = response.groups
    refuseError(group.errorCode, `cannot read the offsets of group ${groupId}`)
    const offsets: Record<string, Record<number, number>> = {}
    for (const topic of group.topics) {
      const name = topic.name || ('topicId' in topic ? this.#topicNameOf(topic.topicId) : null)
      if (!name) continue
      const committed = topic.partitions.filter(each => each.errorCode === 0 && each.committedOffset >= 0)
      offsets[name] = Object.fromEntries(committed.map(each => [each.partitionIndex, each.committedOffset]))
    }
    return offsets
  }

  /** Deletes all groups. Rejects, before anything is deleted, when one has members. */
  async deleteAll(): Promise<void> {
    const names = await this.list()
    if (names.length === 0) return
    const response = await this.#cluster.ask(describeGroupsApi, { groups: names })
    const busy = response.groups.filter(group => group.members.length > 0)
    if (busy.length > 0) {
      const who = busy.map(({ groupId, members }) => `${groupId} (${members.length})`).join(', ')
      throw new TestBrokerError('REFUSED', `groups still have members: ${who}; stop their consumers before reset()`, {
        kafkaError: 'NON_EMPTY_GROUP',
      })
    }
    const { results } = await this.#cluster.ask(deleteGroupsApi, { groupsNames: names })
    for (const { groupId, errorCode } of results) {
      if (errorNameOf(errorCode) !== 'GROUP_ID_NOT_FOUND') refuseError(errorCode, `cannot delete group ${groupId}`)
    }
  }

  /**
   * Runs `ask` once the group has a coordinator, which for the first group of a broker must be made, and again while that
   * one is about to know what it keeps.
   */
  async #answered<T>(groupId: string, giveUpAtMs: Millis, ask: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        const request = { key: groupId, keyType: GROUP_KEY, coordinatorKeys: [groupId] }
        const response = await this.#cluster.ask(findCoordinatorApi, request)
        const { errorCode } = response.coordinators[0] ?? response
        refuseError(errorCode, `cannot find the coordinator of group ${groupId}`)
        return await ask()
      } catch (error) {
        const mayPass = error instanceof WireFailure && error.retriable
        if (!mayPass || this.#cluster.env.clock.monoMs() >= giveUpAtMs) throw error
      }
      await this.#pause()
    }
  }

  #pause(): Promise<void> {
    return new Promise(resolve => this.#cluster.env.clock.after(LOOK_MS, resolve))
  }
}

function described(group: DescribedGroup): GroupDescription {
  return {
    groupId: group.groupId,
    state: group.groupState,
    protocol: group.protocolData,
    members: group.members.map(({ memberId, clientId, groupInstanceId, memberAssignment }) => ({
      memberId,
      clientId,
      groupInstanceId,
      assignment: group.protocolType === 'consumer' ? assignmentIn(memberAssignment) : {},
    })),
  }
}

/** Clients may fill the bytes in their own way: what cannot be read is no assignment. */
function assignmentIn(bytes: Uint8Array): Record<string, readonly number[]> {
  if (bytes.length === 0) return {}
  try {
    const { assignedPartitions } = decodeConsumerProtocolAssignment(new Reader(bytes))
    return Object.fromEntries(assignedPartitions.map(({ topic, partitions }) => [topic, [...partitions]]))
  } catch (error) {
    if (error instanceof DecodeError) return {}
    throw error
  }
}

function late(
  group: GroupDescription,
  wanted: { readonly state: string; readonly members?: number; readonly timeoutMs: number },
): TestBrokerError {
  const { members, state, timeoutMs } = wanted
  const asked = members === undefined ? state : `${state} with ${members} members`
  const is = `${group.state} with ${group.members.length} members`
  return new TestBrokerError(
    'TIMED_OUT',
    `group ${group.groupId} is ${is} after ${timeoutMs} ms, not ${asked}; look whether its consumers run, or allow more with timeoutMs`,
  )
}
