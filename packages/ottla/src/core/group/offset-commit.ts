/**
 * OffsetCommit: how far a group has come, an answer for each partition. A member commits in its generation only, others
 * only while nobody is in the group. Versions: v2-4 a retention time of their own, v7 static members, v9
 * GROUP_ID_NOT_FOUND, v10 topic ids. Source: Kafka 4.2 OffsetMetadataManager.commitOffset, ClassicGroup.validateOffsetCommit.
 */
import { planted } from '../../base/planted.ts'
import type { Millis } from '../../base/units.ts'
import type { WireErrorName } from '../../spec/errors.ts'
import type { OffsetCommitEvent, OffsetCommitReply, PartitionOutcome } from './events.ts'
import { hear } from './heartbeat.ts'
import type { Member } from './membership.ts'
import { checkGeneration, type Plan } from './plan.ts'
import type { OffsetRecord } from './records.ts'

type CommitBody = OffsetCommitEvent['body']

export function decideOffsetCommit(plan: Plan, event: OffsetCommitEvent): void {
  const { request, body } = event
  const committer = checkCommit(plan, event)
  if (typeof committer === 'string') {
    plan.reply(request, commitError(body, committer))
    return
  }
  if (committer !== null) hear(plan, committer)
  const expireTimestamp = expireTimestampOf(body, plan.context.timestamp)
  let isRecorded = false
  const topics = body.topics.map(({ name, topicId, partitions }) => {
    const outcomes = partitions.map(({ partitionIndex, committedOffset, committedLeaderEpoch, committedMetadata }) => {
      const metadata = committedMetadata ?? ''
      const isTooLong = metadata.length > plan.context.rules.offsetMetadataLengthMax
      if (isTooLong) return { partitionIndex, error: 'OFFSET_METADATA_TOO_LARGE' } satisfies PartitionOutcome
      const value: OffsetRecord['value'] = {
        offset: committedOffset,
        leaderEpoch: committedLeaderEpoch,
        metadata,
        commitTimestamp: plan.context.timestamp,
        expireTimestamp,
        topicId,
      }
      plan.note({ type: 'offset', topic: name, partition: partitionIndex, value })
      isRecorded = true
      return { partitionIndex, error: 'NONE' } satisfies PartitionOutcome
    })
    return { name, topicId, partitions: outcomes }
  })
  const reply: OffsetCommitReply = { type: 'offsetCommit', topics }
  if (isRecorded) plan.replyWhenDurable(request, reply)
  else plan.reply(request, reply)
}

/** The member that commits, or null for somebody who is none and may. */
function checkCommit({ membership }: Plan, { apiVersion, body }: OffsetCommitEvent): Member | null | WireErrorName {
  const { memberId, groupInstanceId, generationIdOrMemberEpoch: generationId } = body
  const { state } = membership
  if (generationId < 0 && (state === 'Empty' || state === 'Dead')) return null
  if (state === 'Dead') return apiVersion >= 9 ? 'GROUP_ID_NOT_FOUND' : 'ILLEGAL_GENERATION'
  const claimed = planted('old-generation-may-commit') ? membership.generation : generationId
  const member = checkGeneration(membership, { memberId, groupInstanceId, generationId: claimed })
  if (typeof member === 'string') return member
  // It has the generation from its JoinGroup, but owns nothing in it yet.
  return state === 'CompletingRebalance' ? 'REBALANCE_IN_PROGRESS' : member
}

/** -1: by the broker's setting. */
function expireTimestampOf({ retentionTimeMs }: CommitBody, timestamp: Millis): Millis {
  return retentionTimeMs === -1 ? -1 : Math.min(timestamp + retentionTimeMs, Number.MAX_SAFE_INTEGER)
}

/** The same error for every partition of the request. */
export function commitError(body: CommitBody, error: WireErrorName): OffsetCommitReply {
  const topics = body.topics.map(({ name, topicId, partitions }) => {
    return { name, topicId, partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, error })) }
  })
  return { type: 'offsetCommit', topics }
}
