/**
 * How a group gets from one generation to the next: the join phase, its end, the members that are given up on the way.
 * Source: Kafka 4.2 GroupMetadataManager; KIP-134 (initial delay), KIP-345 (static members stay), KIP-814.
 */
import { assert } from '../../base/assert.ts'
import type { JoinReply } from './events.ts'
import { hasAllJoined, type Member, type Membership, PREDECESSORS, rebalanceTimeoutMs } from './membership.ts'
import { joinError, type Plan, syncError } from './plan.ts'
import { metadataOf, selectProtocol } from './protocols.ts'
import { groupRecord } from './recorded-group.ts'

/** A join phase to which nobody came is repeated after this at the earliest, should the members ask for no time at all. */
const JOIN_PHASE_AGAIN_MS_MIN = 1_000

/** After members came, changed or went: the current generation ends, or the join phase that is under way may be over. */
export function rebalanceOrComplete(plan: Plan): void {
  if (PREDECESSORS.PreparingRebalance.includes(plan.membership.state)) beginRebalance(plan)
  else completeIfAllJoined(plan)
}

/** Ends the generation: from now on members have to join again, and what they are told says so. */
export function beginRebalance(plan: Plan): void {
  const { nowMs, context } = plan
  const { state } = plan.membership
  for (const { awaitingSync } of plan.membership.members.values()) {
    if (awaitingSync !== null) plan.reply(awaitingSync, syncError('REBALANCE_IN_PROGRESS'))
  }
  const timeoutMs = rebalanceTimeoutMs(plan.membership)
  const delayMs = context.rules.initialRebalanceDelayMs
  const isInitial = state === 'Empty' && delayMs > 0
  const joinPhase = {
    isInitial,
    untilMs: nowMs + (isInitial ? delayMs : timeoutMs),
    remainingMs: isInitial ? Math.max(timeoutMs - delayMs, 0) : 0,
    hasNewMember: false,
  }
  plan.record({ type: 'rebalanceBegun', joinPhase, nowMs, timestamp: context.timestamp })
  // Without a delay the first member does not wait for ids that were given to others: they may never come.
  if (state === 'Empty' && !isInitial) completeJoinPhase(plan)
  else completeIfAllJoined(plan)
}

/** The first rebalance waits for its delay, so that members that start together share their first generation. */
export function completeIfAllJoined(plan: Plan): void {
  const { membership } = plan
  if (membership.joinPhase === null || membership.joinPhase.isInitial) return
  if (hasAllJoined(membership)) completeJoinPhase(plan)
}

/** The timer of the join phase. */
export function decideJoinPhaseTimeout(plan: Plan): void {
  const { joinPhase } = plan.membership
  if (joinPhase === null || plan.nowMs < joinPhase.untilMs) return
  if (!joinPhase.isInitial || !joinPhase.hasNewMember || joinPhase.remainingMs === 0) {
    completeJoinPhase(plan)
    return
  }
  const extensionMs = Math.min(plan.context.rules.initialRebalanceDelayMs, joinPhase.remainingMs)
  const untilMs = plan.nowMs + extensionMs
  const remainingMs = joinPhase.remainingMs - extensionMs
  plan.record({ type: 'joinPhaseExtended', joinPhase: { ...joinPhase, untilMs, remainingMs, hasNewMember: false } })
}

/**
 * The join phase is over. Dynamic members that did not join are out; static ones stay, since they may be on their way
 * back. With members a generation begins, without any the group is empty, which is recorded.
 */
function completeJoinPhase(plan: Plan): void {
  const { nowMs } = plan
  for (const member of plan.membership.members.values()) {
    if (member.awaitingJoin === null && member.groupInstanceId === null) removeMember(plan, member)
  }
  const { membership } = plan
  if (membership.members.size === 0) {
    plan.record(groupRecord(membership, { generation: membership.generation + 1, timestamp: plan.context.timestamp }))
    return
  }
  const leader = leaderOf(membership)
  if (leader === null) {
    // Only static members, and none of them came: wait until one does, or their sessions end.
    const untilMs = nowMs + Math.max(rebalanceTimeoutMs(membership), JOIN_PHASE_AGAIN_MS_MIN)
    plan.record({ type: 'joinPhaseExtended', joinPhase: { ...membership.joinPhase!, isInitial: false, untilMs } })
    return
  }
  beginGeneration(plan, leader)
}

/** The leader stays while it joins; else whoever joined. Null when nobody did. */
function leaderOf({ leader, members }: Membership): Member | null {
  const current = leader === null ? undefined : members.get(leader)
  if (current !== undefined && current.awaitingJoin !== null) return current
  for (const member of members.values()) if (member.awaitingJoin !== null) return member
  return null
}

function beginGeneration(plan: Plan, leader: Member): void {
  const { nowMs, context } = plan
  const before = plan.membership
  const protocol = selectProtocol(before)
  assert(protocol !== null, 'members have a protocol in common', { group: plan.group.groupId })
  const syncPhaseUntilMs = nowMs + rebalanceTimeoutMs(before)
  plan.record({
    type: 'generationBegun',
    generation: before.generation + 1,
    protocol,
    leader: leader.memberId,
    syncPhaseUntilMs,
    nowMs,
    timestamp: context.timestamp,
  })
  for (const { awaitingJoin, memberId } of before.members.values()) {
    if (awaitingJoin !== null) plan.reply(awaitingJoin, currentGeneration(plan.membership, memberId))
  }
  for (const member of plan.membership.members.values()) plan.setSession(member.memberId, member.sessionUntilMs)
}

/** The answer to a JoinGroup: the generation, and to the leader all who are in it. */
export function currentGeneration(membership: Membership, memberId: string): JoinReply {
  const { generation, protocolType, protocol, leader } = membership
  return {
    type: 'join',
    error: 'NONE',
    generationId: generation,
    protocolType,
    protocolName: protocol,
    leader: leader ?? '',
    skipAssignment: false,
    memberId,
    members: leader === memberId ? joinedMembers(membership) : [],
  }
}

export function joinedMembers({ members, protocol }: Membership): JoinReply['members'] {
  return [...members.values()].map(({ memberId, groupInstanceId, protocols }) => ({
    memberId,
    groupInstanceId,
    metadata: metadataOf(protocols, protocol),
  }))
}

/** Takes the member out. What it waits for is answered, so that it may come back; what follows is up to the caller. */
export function removeMember(plan: Plan, member: Member): void {
  const { memberId, awaitingJoin, awaitingSync } = member
  if (awaitingJoin !== null) plan.reply(awaitingJoin, joinError('UNKNOWN_MEMBER_ID', ''))
  if (awaitingSync !== null) plan.reply(awaitingSync, syncError('UNKNOWN_MEMBER_ID'))
  plan.record({ type: 'memberGone', memberId })
  plan.cancelSession(memberId)
}

/** The timer of a member, or of an id that was given. */
export function decideSessionTimeout(plan: Plan, memberId: string): void {
  const { membership, nowMs } = plan
  const pendingUntilMs = membership.pendingMembers.get(memberId)
  const member = membership.members.get(memberId)
  const untilMs = pendingUntilMs ?? member?.sessionUntilMs
  if (untilMs === undefined) return
  if (nowMs < untilMs) {
    plan.setSession(memberId, untilMs)
    return
  }
  if (member === undefined) {
    plan.record({ type: 'memberPendingGone', memberId })
    completeIfAllJoined(plan)
    return
  }
  const waits = member.awaitingJoin !== null || member.awaitingSync !== null
  if (waits && !member.isNew) {
    // It is the group that keeps it waiting. Its answer begins its session anew.
    plan.setSession(memberId, nowMs + member.sessionTimeoutMs)
    return
  }
  removeMember(plan, member)
  rebalanceOrComplete(plan)
}

/** The timer of members that got a generation and did not send their SyncGroup: they are out. */
export function decideSyncPhaseTimeout(plan: Plan): void {
  const { syncPhaseUntilMs } = plan.membership
  if (syncPhaseUntilMs === null || plan.nowMs < syncPhaseUntilMs) return
  for (const member of plan.membership.members.values()) {
    if (member.owesSync) removeMember(plan, member)
  }
  beginRebalance(plan)
}
