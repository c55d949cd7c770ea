/**
 * JoinGroup: who may come in, and what becomes of those who are in already. Versions: v0 no rebalance timeout, v4 dynamic
 * members are given their id first (KIP-394), v5 static members (KIP-345), v9 a leader that came back may be told to leave
 * the assignment as it is (KIP-814). Source: Kafka 4.2 GroupMetadataManager.classicGroupJoin.
 */
import type { WireErrorName } from '../../spec/errors.ts'
import type { JoinEvent } from './events.ts'
import { joiningMember, timeoutsOf } from './joining-member.ts'
import type { Member, Membership } from './membership.ts'
import { checkMember, joinError, type Plan } from './plan.ts'
import { isCompatible, isSameProtocols, keptProtocols } from './protocols.ts'
import {
  beginRebalance,
  completeIfAllJoined,
  currentGeneration,
  rebalanceOrComplete,
  removeMember,
} from './rebalance.ts'
import { decideReplaceStaticMember } from './static-member.ts'

/**
 * How long a JoinGroup of a new member may wait. It has no id to send heartbeats with, and a client that gave up and tries
 * again becomes another member: without a limit its ghosts would pile up in a long rebalance. Kafka's fixed five minutes.
 */
export const NEW_MEMBER_JOIN_TIMEOUT_MS = 300_000

/** Of the client's or instance's id that a member id begins with, so that no id is too long for a string of the protocol. */
const MEMBER_ID_PREFIX_LENGTH_MAX = 8_000

export function decideJoin(plan: Plan, event: JoinEvent): void {
  const { request, body } = event
  const error = refusalOf(plan, event)
  if (error !== null) {
    plan.reply(request, joinError(error, body.memberId))
    return
  }
  if (!hasRoom(plan, body)) {
    refuseForRoom(plan, event)
    return
  }
  if (!isCompatible(plan.membership, body.protocolType, body.protocols)) {
    plan.reply(request, joinError('INCONSISTENT_GROUP_PROTOCOL', body.memberId))
    return
  }
  if (plan.membership.state === 'Dead') plan.record({ type: 'groupMade', timestamp: plan.context.timestamp })
  if (body.memberId === '') joinAsNew(plan, event)
  else joinAgain(plan, event)
}

function refusalOf({ group, context, membership }: Plan, { body }: JoinEvent): WireErrorName | null {
  const { sessionTimeoutMsMin, sessionTimeoutMsMax } = context.rules
  if (group.groupId === '') return 'INVALID_GROUP_ID'
  if (body.sessionTimeoutMs < sessionTimeoutMsMin || body.sessionTimeoutMs > sessionTimeoutMsMax) {
    return 'INVALID_SESSION_TIMEOUT'
  }
  return membership.state === 'Dead' && body.memberId !== '' ? 'UNKNOWN_MEMBER_ID' : null
}

/**
 * While members join, those who wait count, so that a group above its limit shrinks to those who came first; else all
 * members. Ids that were given count for themselves. A static member that comes back takes its own place (Kafka, where it
 * has no id yet, finds a full group).
 */
function hasRoom({ membership, context }: Plan, { memberId, groupInstanceId }: JoinEvent['body']): boolean {
  const { groupSizeMax } = context.rules
  const { state, members, staticMembers, pendingMembers, awaitingJoinCount } = membership
  const known = memberId === '' && groupInstanceId !== null ? staticMembers.get(groupInstanceId) : memberId
  const member = known === undefined ? undefined : members.get(known)
  if (known === '' && pendingMembers.size >= groupSizeMax) return false
  if (state === 'PreparingRebalance') return (member?.awaitingJoin ?? null) !== null || awaitingJoinCount < groupSizeMax
  return member !== undefined || members.size < groupSizeMax
}

/** Whoever is one too many is out, also when it was in before. */
function refuseForRoom(plan: Plan, { request, body }: JoinEvent): void {
  const { members, pendingMembers } = plan.membership
  const member = members.get(body.memberId)
  if (member !== undefined) removeMember(plan, member)
  else if (pendingMembers.has(body.memberId)) {
    plan.record({ type: 'memberPendingGone', memberId: body.memberId })
    plan.cancelSession(body.memberId)
  }
  plan.reply(request, joinError('GROUP_MAX_SIZE_REACHED', ''))
  completeIfAllJoined(plan)
}

function joinAsNew(plan: Plan, event: JoinEvent): void {
  const { request, apiVersion, clientId, drawnId, body } = event
  const { groupInstanceId } = body
  const memberId = `${(groupInstanceId ?? clientId).slice(0, MEMBER_ID_PREFIX_LENGTH_MAX).toWellFormed()}-${drawnId}`
  if (groupInstanceId !== null) {
    const known = plan.membership.staticMembers.get(groupInstanceId)
    if (known === undefined) addMember(plan, event, memberId)
    else decideReplaceStaticMember(plan, event, { fromMemberId: known, memberId })
    return
  }
  if (apiVersion < 4) {
    addMember(plan, event, memberId)
    return
  }
  const untilMs = plan.nowMs + body.sessionTimeoutMs
  plan.record({ type: 'memberPending', memberId, untilMs })
  plan.setSession(memberId, untilMs)
  plan.reply(request, joinError('MEMBER_ID_REQUIRED', memberId))
}

function addMember(plan: Plan, event: JoinEvent, memberId: string): void {
  const sessionUntilMs = plan.nowMs + NEW_MEMBER_JOIN_TIMEOUT_MS
  const member = { ...joiningMember(event, memberId), awaitingJoin: event.request, isNew: true, sessionUntilMs }
  plan.record({ type: 'memberJoined', member, protocolType: event.body.protocolType })
  plan.setSession(memberId, sessionUntilMs)
  rebalanceOrComplete(plan)
}

function joinAgain(plan: Plan, event: JoinEvent): void {
  const { request, body } = event
  const { membership } = plan
  if (membership.pendingMembers.has(body.memberId) && body.groupInstanceId === null) {
    addMember(plan, event, body.memberId)
    return
  }
  const member = checkMember(membership, body.memberId, body.groupInstanceId)
  if (typeof member === 'string') {
    plan.reply(request, joinError(member, body.memberId))
    return
  }
  if (isAnsweredAtOnce(membership, member, event)) plan.reply(request, currentGeneration(membership, member.memberId))
  else rejoin(plan, member, event)
}

/**
 * Nothing changed for the group: the reply to its last JoinGroup may have been lost. The leader of a stable group is no such
 * case: it joins again because it saw that topics changed, and wants to assign anew.
 */
function isAnsweredAtOnce({ state, leader }: Membership, member: Member, { body }: JoinEvent): boolean {
  if (!isSameProtocols(member.protocols, body.protocols)) return false
  return state === 'CompletingRebalance' || (state === 'Stable' && leader !== member.memberId)
}

function rejoin(plan: Plan, member: Member, event: JoinEvent): void {
  const { request, body } = event
  // A client that gave up the first try and sends a second one. If the first still has a connection, it is told.
  if (member.awaitingJoin !== null) {
    plan.reply(member.awaitingJoin, joinError('REBALANCE_IN_PROGRESS', member.memberId))
  }
  const protocols = isSameProtocols(member.protocols, body.protocols) ? member.protocols : keptProtocols(body.protocols)
  const joined = { ...member, ...timeoutsOf(event), protocols, awaitingJoin: request }
  plan.record({ type: 'memberJoined', member: joined, protocolType: body.protocolType })
  if (plan.membership.state === 'PreparingRebalance') completeIfAllJoined(plan)
  else beginRebalance(plan)
}
