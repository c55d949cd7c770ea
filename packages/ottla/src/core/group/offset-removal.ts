/**
 * Offsets that go: deleted by hand, expired, those of deleted topics, and the whole group. Sources: KIP-211 (expiry by the
 * state of the group), KIP-229, KIP-496; Kafka 4.2 OffsetMetadataManager, ClassicGroup.offsetExpirationCondition.
 */
import type { Millis } from '../../base/units.ts'
import type { WireErrorName } from '../../spec/errors.ts'
import type { OffsetCommitValue } from '../../wire/gen/records/offsets.ts'
import type { DeleteGroupEvent, OffsetDeleteEvent, OffsetDeleteReply } from './events.ts'
import type { Plan } from './plan.ts'
import { CONSUMER_PROTOCOL_TYPE, isSubscribed } from './subscription.ts'

export function decideOffsetDelete(plan: Plan, { request, body }: OffsetDeleteEvent): void {
  const { group, membership } = plan
  const error = deletionError(plan)
  if (error !== null) {
    plan.reply(request, { type: 'offsetDelete', error, topics: [] })
    return
  }
  const removed = new Set<string>()
  const topics = body.topics.map(({ name, partitions }) => {
    const error: WireErrorName = isSubscribed(membership, name) ? 'GROUP_SUBSCRIBED_TO_TOPIC' : 'NONE'
    for (const { partitionIndex } of partitions) {
      const place = `${partitionIndex} ${name}`
      if (error !== 'NONE' || removed.has(place) || group.offsets.get(name, partitionIndex) === null) continue
      removed.add(place)
      plan.note({ type: 'offsetRemoval', topic: name, partition: partitionIndex })
    }
    return { name, partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, error })) }
  })
  const reply: OffsetDeleteReply = { type: 'offsetDelete', error: 'NONE', topics }
  if (removed.size > 0) plan.replyWhenDurable(request, reply)
  else plan.reply(request, reply)
}

function deletionError({ group, membership }: Plan): WireErrorName | null {
  if (group.groupId === '') return 'INVALID_GROUP_ID'
  if (membership.state === 'Dead') return 'GROUP_ID_NOT_FOUND'
  // What members of another type read is not known.
  const isKnown = membership.state === 'Empty' || membership.protocolType === CONSUMER_PROTOCOL_TYPE
  return isKnown ? null : 'NON_EMPTY_GROUP'
}

export function decideDeleteGroup(plan: Plan, { request }: DeleteGroupEvent): void {
  const { state } = plan.membership
  if (state !== 'Empty') {
    const error = state === 'Dead' ? 'GROUP_ID_NOT_FOUND' : 'NON_EMPTY_GROUP'
    plan.reply(request, { type: 'deleteGroup', error })
    return
  }
  for (const [topic, partitions] of plan.group.offsets.topics()) {
    for (const partition of partitions.keys()) plan.note({ type: 'offsetRemoval', topic, partition })
  }
  removeGroup(plan)
  plan.replyWhenDurable(request, { type: 'deleteGroup', error: 'NONE' })
}

/** After its offsets: whoever reads the log up to here finds no offset without a group. */
function removeGroup(plan: Plan): void {
  for (const memberId of plan.membership.pendingMembers.keys()) plan.cancelSession(memberId)
  plan.record({ type: 'groupRemoval' })
}

/**
 * Offsets that nobody has needed for the retention time go; with the last one goes a group without members. Of a group that
 * rebalances nothing expires, nor of one whose members are no consumers.
 */
export function decideExpireOffsets(plan: Plan): void {
  const { group, membership, context } = plan
  const since = retainedSince(plan)
  let kept = 0
  for (const [topic, partitions] of group.offsets.topics()) {
    const isUsed = since === null || isSubscribed(membership, topic)
    for (const [partition, value] of partitions) {
      if (isUsed || !isExpired(value, since(value), context)) kept += 1
      else plan.note({ type: 'offsetRemoval', topic, partition })
    }
  }
  // Somebody was given an id and is about to join.
  const isAwaited = membership.pendingMembers.size > 0
  if (membership.state === 'Empty' && kept === 0 && !isAwaited) removeGroup(plan)
}

/** From when on an offset is kept for the retention time; null where none expires. Milliseconds since 1970. */
function retainedSince({ membership }: Plan): ((value: OffsetCommitValue) => Millis) | null {
  const { state, stateTimestamp, protocolType, subscribedTopics } = membership
  const sinceCommit = (value: OffsetCommitValue) => value.commitTimestamp
  if (protocolType === null) return sinceCommit
  if (state === 'Empty') return stateTimestamp === -1 ? sinceCommit : () => stateTimestamp
  const isConsumers = protocolType === CONSUMER_PROTOCOL_TYPE && subscribedTopics !== null
  return state === 'Stable' && isConsumers ? sinceCommit : null
}

function isExpired(
  { expireTimestamp }: OffsetCommitValue,
  since: Millis,
  { timestamp, rules }: Plan['context'],
): boolean {
  if (expireTimestamp !== -1) return timestamp >= expireTimestamp
  return timestamp - since >= rules.offsetsRetentionMs
}

export function decidePartitionsDeleted(plan: Plan, deleted: ReadonlyMap<string, readonly number[]>): void {
  for (const [topic, partitions] of deleted) {
    for (const partition of new Set(partitions)) {
      if (plan.group.offsets.get(topic, partition) === null) continue
      plan.note({ type: 'offsetRemoval', topic, partition })
    }
  }
}
