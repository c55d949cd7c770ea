/**
 * A static member that comes back without its member id: it takes over what its instance id had, and the old member id is
 * fenced from then on. In a stable group nothing else happens, which is what static members are for. Source: KIP-345,
 * KIP-814; Kafka 4.2 GroupMetadataManager.updateStaticMemberThenRebalanceOrCompleteJoin.
 */
import { assert } from '../../base/assert.ts'
import type { JoinEvent, JoinReply } from './events.ts'
import { joiningMember } from './joining-member.ts'
import { type Membership, memberOf } from './membership.ts'
import { joinError, type Plan, syncError } from './plan.ts'
import { selectProtocol } from './protocols.ts'
import { beginRebalance, completeIfAllJoined, currentGeneration, joinedMembers } from './rebalance.ts'
import { groupRecord } from './recorded-group.ts'

/** From this version on a leader that came back is told so, and to skip the assignment. */
const SKIP_ASSIGNMENT_VERSION = 9

export function decideReplaceStaticMember(
  plan: Plan,
  event: JoinEvent,
  { fromMemberId, memberId }: { readonly fromMemberId: string; readonly memberId: string },
): void {
  const before = plan.membership
  const old = memberOf(before, fromMemberId)
  assert(old !== null, 'a static member is a member', { fromMemberId })
  if (old.awaitingJoin !== null) plan.reply(old.awaitingJoin, joinError('FENCED_INSTANCE_ID', fromMemberId))
  if (old.awaitingSync !== null) plan.reply(old.awaitingSync, syncError('FENCED_INSTANCE_ID'))
  const sessionUntilMs = plan.nowMs + event.body.sessionTimeoutMs
  const member = { ...joiningMember(event, memberId), assignment: old.assignment, sessionUntilMs }
  plan.cancelSession(fromMemberId)
  plan.setSession(memberId, sessionUntilMs)
  plan.record({ type: 'memberReplaced', fromMemberId, member })
  if (before.state === 'Stable' && selectProtocol(plan.membership) === before.protocol) {
    keepGeneration(plan, event, { before, memberId })
    return
  }
  const joined = { ...member, awaitingJoin: event.request }
  plan.record({ type: 'memberJoined', member: joined, protocolType: event.body.protocolType })
  // While the leader assigns, it does so for the old id: the new one would be left with nothing.
  if (before.state === 'PreparingRebalance') completeIfAllJoined(plan)
  else beginRebalance(plan)
}

/** The generation goes on with another id in it, which the log has to know before the client does. */
function keepGeneration(
  plan: Plan,
  { request, apiVersion }: JoinEvent,
  { before, memberId }: { readonly before: Membership; readonly memberId: string },
): void {
  const { membership, context } = plan
  plan.record(groupRecord(membership, { generation: membership.generation, timestamp: context.timestamp }))
  plan.replyWhenDurable(request, joinedAgain(before, membership, { memberId, apiVersion }))
}

/**
 * Before version 9 the leader is told its old id, so that it does not take itself for the leader: its assignment would reach
 * nobody in a stable group.
 */
function joinedAgain(
  before: Membership,
  membership: Membership,
  { memberId, apiVersion }: { readonly memberId: string; readonly apiVersion: number },
): JoinReply {
  const reply = currentGeneration(membership, memberId)
  if (apiVersion < SKIP_ASSIGNMENT_VERSION) return { ...reply, leader: before.leader ?? '', members: [] }
  const isLeader = membership.leader === memberId
  return { ...reply, skipAssignment: isLeader, members: isLeader ? joinedMembers(membership) : [] }
}
