/** Consumer groups as a test looks at them. What a broker is asked is in client/groups.ts. */
import type { Cluster } from '../../client/cluster.ts'
import * as client from '../../client/groups.ts'
import { WireFailure } from '../../client/wire-failure.ts'
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
/** Between two looks at a group. */
const LOOK_MS = 20

export class Groups {
  readonly #cluster: Cluster

  constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  async waitFor(groupId: string, options: WaitForGroupOptions): Promise<GroupDescription> {
    const { state = 'Stable', members, timeoutMs = TIMEOUT_MS } = options
    if (!groupStates.includes(state))
      throw bad(`state=${String(state)}`, `allowed are ${groupStates.join(', ')}`, 'leave it out for Stable')
    const { clock } = this.#cluster.env
    const giveUpAtMs = clock.monoMs() + timeoutMs
    for (;;) {
      const group = described(await client.describeGroup(this.#cluster, groupId))
      if (group.state === state && (members ?? group.members.length) === group.members.length) return group
      if (clock.monoMs() >= giveUpAtMs) throw late(group, { ...options, state, timeoutMs })
      await new Promise<void>(resolve => clock.after(LOOK_MS, resolve))
    }
  }

  /** Ids of all groups. */
  async list(): Promise<string[]> {
    return (await client.listGroups(this.#cluster)).map(({ groupId }) => groupId)
  }

  async offsets(groupId: string): Promise<GroupOffsets> {
    const offsets: Record<string, Record<number, number>> = {}
    for (const { topic, partition, offset } of await client.committedOffsets(this.#cluster, groupId)) {
      offsets[topic] ??= {}
      offsets[topic][partition] = offset
    }
    return offsets
  }

  /** Deletes all groups. Rejects, before anything is deleted, when one has members. */
  async deleteAll(): Promise<void> {
    const names = await this.list()
    const busy: string[] = []
    for (const name of names) {
      const { members } = await client.describeGroup(this.#cluster, name)
      if (members.length > 0) busy.push(`${name} (${members.length})`)
    }
    if (busy.length > 0) {
      const what = `groups still have members: ${busy.join(', ')}; stop their consumers before reset()`
      throw new TestBrokerError('REFUSED', what, { kafkaError: 'NON_EMPTY_GROUP' })
    }
    for (const name of names) await this.#delete(name)
  }

  /** One that is gone meanwhile is as good as deleted. */
  async #delete(groupId: string): Promise<void> {
    try {
      await client.deleteGroup(this.#cluster, groupId)
    } catch (error) {
      if (!(error instanceof WireFailure) || error.errorName !== 'GROUP_ID_NOT_FOUND') throw error
    }
  }
}

function described({ groupId, state, protocol, members }: client.GroupDescription): GroupDescription {
  return {
    groupId,
    state,
    protocol,
    members: members.map(({ memberId, clientId, instanceId, assignment }) => ({
      memberId,
      clientId,
      groupInstanceId: instanceId,
      assignment: byTopic(assignment ?? []),
    })),
  }
}

function byTopic(places: readonly client.TopicPartition[]): Record<string, readonly number[]> {
  const assignment: Record<string, number[]> = {}
  for (const { topic, partition } of places) {
    assignment[topic] ??= []
    assignment[topic].push(partition)
  }
  return assignment
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
