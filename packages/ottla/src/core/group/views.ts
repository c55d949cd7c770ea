/**
 * What is told of a group without changing it: DescribeGroups, ListGroups, OffsetFetch. `null` is a group that the host does
 * not hold. The host lets these answers wait until all that the group appended so far is committed. Sources: KIP-88,
 * KIP-447, KIP-518, KIP-709, KIP-1043; Kafka 4.2 GroupMetadataManager.describeGroups, OffsetMetadataManager.fetchOffsets.
 */
import { type Uuid, ZERO_UUID } from '../../base/uuid.ts'
import type { WireErrorName } from '../../spec/errors.ts'
import type { OffsetCommitValue } from '../../wire/gen/records/offsets.ts'
import type { Group } from './group.ts'
import { type GroupState, NO_BYTES } from './membership.ts'
import { metadataOf } from './protocols.ts'

export interface DescribedGroup {
  readonly error: WireErrorName
  /** For people; null without an error. */
  readonly message: string | null
  readonly groupState: GroupState
  /** '' when there is none. */
  readonly protocolType: string
  /** The protocol in use; '' unless the group is stable. */
  readonly protocolData: string
  readonly members: readonly DescribedMember[]
}

export interface DescribedMember {
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  /** Empty unless the group is stable. */
  readonly memberMetadata: Uint8Array
  /** Empty unless the group is stable. */
  readonly memberAssignment: Uint8Array
}

/** A group that is not there is Dead; from version 6 on that is an error too. */
export function describeGroup(group: Group | null, groupId: string, apiVersion: number): DescribedGroup {
  const membership = group?.membership
  if (membership === undefined || membership.state === 'Dead') {
    const isError = apiVersion >= 6
    return {
      error: isError ? 'GROUP_ID_NOT_FOUND' : 'NONE',
      message: isError ? `Group ${groupId} not found.` : null,
      groupState: 'Dead',
      protocolType: '',
      protocolData: '',
      members: [],
    }
  }
  const { state, protocolType, protocol, members } = membership
  const isStable = state === 'Stable'
  return {
    error: 'NONE',
    message: null,
    groupState: state,
    protocolType: protocolType ?? '',
    protocolData: isStable ? (protocol ?? '') : '',
    members: [...members.values()].map(
      ({ memberId, groupInstanceId, clientId, clientHost, protocols, assignment }) => ({
        memberId,
        groupInstanceId,
        clientId,
        clientHost,
        memberMetadata: isStable ? metadataOf(protocols, protocol) : NO_BYTES,
        memberAssignment: isStable ? assignment : NO_BYTES,
      }),
    ),
  }
}

export interface ListedGroup {
  readonly groupId: string
  readonly protocolType: string
  readonly groupState: GroupState
  readonly groupType: 'classic'
}

export function listGroup({ groupId, membership }: Group): ListedGroup {
  const { state, protocolType } = membership
  return { groupId, protocolType: protocolType ?? '', groupState: state, groupType: 'classic' }
}

/** Whether the filters of ListGroups let the group through. Upper and lower case are one; an empty filter lets all. */
export function isListed(
  group: ListedGroup,
  filters: { readonly states: readonly string[]; readonly types: readonly string[] },
): boolean {
  const admits = (filter: readonly string[], name: string) =>
    filter.length === 0 || filter.some(each => each.toLowerCase() === name.toLowerCase())
  return (
    group.groupState !== 'Dead' && admits(filters.states, group.groupState) && admits(filters.types, group.groupType)
  )
}

export interface WantedOffsets {
  readonly name: string
  /** All zero where the request names topics. */
  readonly topicId: Uuid
  readonly partitionIndexes: readonly number[]
}

export interface FetchedTopic {
  readonly name: string
  /** As asked; all zero when all topics were asked for. */
  readonly topicId: Uuid
  readonly partitions: readonly FetchedOffset[]
}

export interface FetchedOffset {
  readonly partitionIndex: number
  /** -1 when none is committed: that is no error. */
  readonly committedOffset: number
  /** -1 when unknown. */
  readonly committedLeaderEpoch: number
  readonly metadata: string
}

/**
 * `wanted` null: all there are. An offset that was committed for a topic with another id, and the same name, is not there.
 * Stable offsets are what this gives in any case: without transactions there are no others.
 */
export function fetchOffsets(group: Group | null, wanted: readonly WantedOffsets[] | null): FetchedTopic[] {
  if (wanted === null) return allOffsets(group)
  return wanted.map(({ name, topicId, partitionIndexes }) => ({
    name,
    topicId,
    partitions: partitionIndexes.map(partitionIndex => {
      const value = group?.offsets.get(name, partitionIndex) ?? null
      const isOther = value !== null && isOtherTopic(value.topicId, topicId)
      return fetched(partitionIndex, isOther ? null : value)
    }),
  }))
}

function allOffsets(group: Group | null): FetchedTopic[] {
  return [...(group?.offsets.topics() ?? [])].map(([name, partitions]) => ({
    name,
    topicId: ZERO_UUID,
    partitions: [...partitions].map(([partitionIndex, value]) => fetched(partitionIndex, value)),
  }))
}

function fetched(partitionIndex: number, value: OffsetCommitValue | null): FetchedOffset {
  return {
    partitionIndex,
    committedOffset: value?.offset ?? -1,
    committedLeaderEpoch: value?.leaderEpoch ?? -1,
    metadata: value?.metadata ?? '',
  }
}

function isOtherTopic(kept: Uuid, asked: Uuid): boolean {
  return kept !== ZERO_UUID && asked !== ZERO_UUID && kept !== asked
}
