/**
 * Consumer groups as an operator sees them: which there are, who is in them, what they committed; and changing and deleting
 * what they committed while nobody is in them. Not here: being a member. Source: KIP-88, KIP-222, KIP-496, KIP-518, KIP-709.
 */
import { DecodeError, Reader } from '../base/cursor.ts'
import type { Offset, PartitionIndex } from '../base/units.ts'
import { deleteGroupsApi } from '../wire/gen/delete-groups.ts'
import { type DescribedGroupMember, describeGroupsApi } from '../wire/gen/describe-groups.ts'
import { listGroupsApi } from '../wire/gen/list-groups.ts'
import { offsetCommitApi } from '../wire/gen/offset-commit.ts'
import { offsetDeleteApi } from '../wire/gen/offset-delete.ts'
import { offsetFetchApi } from '../wire/gen/offset-fetch.ts'
import { decodeConsumerProtocolAssignment } from '../wire/gen/records/consumer-protocol.ts'
import type { Cluster, TopicInfo } from './cluster.ts'
import { refuseError, WireFailure } from './wire-failure.ts'

export interface GroupListing {
  readonly groupId: string
  /** As Kafka names it: Empty, PreparingRebalance, CompletingRebalance, Stable, Dead. Empty text from brokers that do not say. */
  readonly state: string
  /** `consumer` for consumers; empty text for a group that has only offsets. */
  readonly protocolType: string
}

export interface GroupMember {
  readonly memberId: string
  /** Null: a dynamic member. */
  readonly instanceId: string | null
  readonly clientId: string
  readonly host: string
  /** Null: the member is no consumer, or fills the bytes in a way of its own. */
  readonly assignment: readonly TopicPartition[] | null
}

export interface GroupDescription {
  readonly groupId: string
  readonly state: string
  readonly protocolType: string
  /** The assignor in use; empty text while there is none. */
  readonly protocol: string
  readonly members: readonly GroupMember[]
}

export interface TopicPartition {
  readonly topic: string
  readonly partition: PartitionIndex
}

export interface CommittedOffset extends TopicPartition {
  readonly offset: Offset
  /** What the consumer added; empty text for nothing. */
  readonly metadata: string
}

/** Groups of all brokers, by name. Rejects with a WireFailure or ConnectionError. */
export async function listGroups(cluster: Cluster): Promise<readonly GroupListing[]> {
  const found: GroupListing[] = []
  for (const brokerId of await cluster.brokerIds()) {
    const response = await cluster.askBroker(brokerId, listGroupsApi, {})
    refuseError(response.errorCode, `cannot list the groups of broker ${brokerId}`)
    for (const { groupId, groupState, protocolType } of response.groups) {
      found.push({ groupId, state: groupState, protocolType })
    }
  }
  return found.sort((a, b) => (a.groupId < b.groupId ? -1 : 1))
}

/** A group that is not there is Dead, without members. Rejects with a WireFailure or ConnectionError. */
export function describeGroup(cluster: Cluster, groupId: string): Promise<GroupDescription> {
  const what = `cannot describe group ${groupId}`
  return cluster.withCoordinator(groupId, async connection => {
    const response = await connection.request(describeGroupsApi, { groups: [groupId] })
    const group = only(response.groups, what)
    // From version 6 on a group that is not there is an error; before, it is Dead.
    if (group.errorCode !== 0 && group.groupState !== 'Dead') refuseError(group.errorCode, what, group.errorMessage)
    const { groupState: state, protocolType, protocolData: protocol } = group
    return { groupId, state, protocolType, protocol, members: group.members.map(memberOf) }
  })
}

/** What the group committed, by topic and partition. Rejects with a WireFailure or ConnectionError. */
export async function committedOffsets(cluster: Cluster, groupId: string): Promise<readonly CommittedOffset[]> {
  const what = `cannot read the offsets of group ${groupId}`
  const names = new Map((await cluster.topics()).map(topic => [topic.topicId, topic.name]))
  return cluster.withCoordinator(groupId, async connection => {
    const response = await connection.request(offsetFetchApi, {
      groupId,
      topics: null,
      groups: [{ groupId, topics: null }],
    })
    const { errorCode, topics } = response.groups[0] ?? response
    refuseError(errorCode, what)
    const found: CommittedOffset[] = []
    for (const each of topics) {
      // From version 10 on a topic is its id. One that is being deleted has no name any more.
      const topic = each.name === '' && 'topicId' in each ? names.get(each.topicId) : each.name
      if (topic === undefined) continue
      for (const { partitionIndex: partition, committedOffset: offset, metadata, errorCode } of each.partitions) {
        refuseError(errorCode, `${what}, ${topic}-${partition}`)
        if (offset >= 0) found.push({ topic, partition, offset, metadata: metadata ?? '' })
      }
    }
    return found.sort((a, b) => (a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1))
  })
}

/**
 * Commits for a group that has no members. Rejects with a WireFailure (UNKNOWN_MEMBER_ID: somebody is in it) or
 * ConnectionError; what stands before the offset that failed may be committed then.
 */
export function commitOffsets(cluster: Cluster, groupId: string, offsets: readonly CommittedOffset[]): Promise<void> {
  return cluster.withCoordinator(groupId, async connection => {
    const topics = await Promise.all(
      [...byTopic(offsets)].map(async ([name, parts]) => ({
        name,
        topicId: (await cluster.topic(name)).topicId,
        partitions: parts.map(({ partition, offset, metadata }) => ({
          partitionIndex: partition,
          committedOffset: offset,
          committedMetadata: metadata,
        })),
      })),
    )
    const response = await connection.request(offsetCommitApi, { groupId, topics })
    for (const topic of response.topics) {
      const name = topics.find(each => each.name === topic.name || each.topicId === topic.topicId)?.name ?? topic.name
      for (const { partitionIndex, errorCode } of topic.partitions) {
        refuseError(errorCode, `cannot set the offset of ${name}-${partitionIndex} in group ${groupId}`)
      }
    }
  })
}

/** Removes what was committed for these. Rejects with a WireFailure (GROUP_SUBSCRIBED_TO_TOPIC) or ConnectionError. */
export function deleteOffsets(cluster: Cluster, groupId: string, places: readonly TopicPartition[]): Promise<void> {
  return cluster.withCoordinator(groupId, async connection => {
    const topics = [...byTopic(places)].map(([name, parts]) => ({
      name,
      partitions: parts.map(({ partition }) => ({ partitionIndex: partition })),
    }))
    const response = await connection.request(offsetDeleteApi, { groupId, topics })
    refuseError(response.errorCode, `cannot delete offsets of group ${groupId}`)
    for (const { name, partitions } of response.topics) {
      for (const { partitionIndex, errorCode } of partitions) {
        refuseError(errorCode, `cannot delete the offset of ${name}-${partitionIndex} in group ${groupId}`)
      }
    }
  })
}

/** Removes the group and all it committed. Rejects with a WireFailure (NON_EMPTY_GROUP, GROUP_ID_NOT_FOUND) or ConnectionError. */
export function deleteGroup(cluster: Cluster, groupId: string): Promise<void> {
  const what = `cannot delete group ${groupId}`
  return cluster.withCoordinator(groupId, async connection => {
    const response = await connection.request(deleteGroupsApi, { groupsNames: [groupId] })
    refuseError(only(response.results, what).errorCode, what)
  })
}

/** All partitions of a topic. */
export function partitionsOf(topic: TopicInfo): readonly TopicPartition[] {
  return topic.partitions.map(({ partition }) => ({ topic: topic.name, partition }))
}

function memberOf(member: DescribedGroupMember): GroupMember {
  const { memberId, groupInstanceId: instanceId, clientId, clientHost: host, memberAssignment } = member
  return { memberId, instanceId, clientId, host, assignment: assignmentOf(memberAssignment) }
}

function assignmentOf(bytes: Uint8Array): readonly TopicPartition[] | null {
  if (bytes.length === 0) return []
  try {
    const { assignedPartitions } = decodeConsumerProtocolAssignment(new Reader(bytes))
    return assignedPartitions.flatMap(({ topic, partitions }) => partitions.map(partition => ({ topic, partition })))
  } catch (error) {
    if (error instanceof DecodeError) return null
    throw error
  }
}

function byTopic<T extends TopicPartition>(places: readonly T[]): Map<string, T[]> {
  return Map.groupBy(places, place => place.topic)
}

function only<T>(answers: readonly T[], what: string): T {
  const [answer] = answers
  if (answer === undefined) throw new WireFailure('UNKNOWN_SERVER_ERROR', what, 'the reply is empty')
  return answer
}
