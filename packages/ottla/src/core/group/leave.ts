/**
 * LeaveGroup: members go, or are sent away by their instance ids. Versions: v0-2 one member, v3 a list with an answer for
 * each. Source: KIP-345; Kafka 4.2 GroupMetadataManager.classicGroupLeave.
 */
import type { WireErrorName } from '../../spec/errors.ts'
import type { LeaveEvent, LeaveReply, LeftMember } from './events.ts'
import { checkMember, type Plan } from './plan.ts'
import { completeIfAllJoined, rebalanceOrComplete, removeMember } from './rebalance.ts'

/** From this version on the request holds a list. */
const LIST_VERSION = 3

type Leaving = Pick<LeftMember, 'memberId' | 'groupInstanceId'>

export function decideLeave(plan: Plan, { request, apiVersion, body }: LeaveEvent): void {
  const isList = apiVersion >= LIST_VERSION
  const leaving: readonly Leaving[] = isList ? body.members : [{ memberId: body.memberId, groupInstanceId: null }]
  if (plan.group.groupId === '') {
    plan.reply(request, { type: 'leave', error: 'INVALID_GROUP_ID', members: [] })
    return
  }
  const sizeBefore = plan.membership.members.size
  const generationBefore = plan.membership.generation
  const left = leaving.map(({ memberId, groupInstanceId }) => {
    return { memberId, groupInstanceId, error: leave(plan, { memberId, groupInstanceId }) }
  })
  if (plan.membership.members.size < sizeBefore) rebalanceOrComplete(plan)
  else completeIfAllJoined(plan)
  const reply: LeaveReply = isList
    ? { type: 'leave', error: 'NONE', members: left }
    : { type: 'leave', error: left[0]!.error, members: [] }
  // The last one left, which is recorded as a generation without members.
  const isRecorded = plan.membership.state === 'Empty' && plan.membership.generation > generationBefore
  if (isRecorded) plan.replyWhenDurable(request, reply)
  else plan.reply(request, reply)
}

function leave(plan: Plan, { memberId, groupInstanceId }: Leaving): WireErrorName {
  const { membership } = plan
  if (memberId !== '' && membership.pendingMembers.has(memberId)) {
    plan.record({ type: 'memberPendingGone', memberId })
    plan.cancelSession(memberId)
    return 'NONE'
  }
  // By its instance id alone: an administrator sends away whoever has it now.
  const named = memberId === '' && groupInstanceId !== null ? membership.staticMembers.get(groupInstanceId) : memberId
  const member = checkMember(membership, named ?? '', groupInstanceId)
  if (typeof member === 'string') return member
  removeMember(plan, member)
  return 'NONE'
}
