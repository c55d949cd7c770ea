/** The membership after a record. evolve.ts is who calls it, and plan.ts to look ahead. */
import { assert, unreachable } from '../../base/assert.ts'
import type { Millis } from '../../base/units.ts'
import type { GroupMetadataMember, GroupMetadataValue } from '../../wire/gen/records/offsets.ts'
import { type GroupState, type Member, type Membership, NO_MEMBERSHIP, PREDECESSORS } from './membership.ts'
import { countProtocols } from './protocols.ts'
import type { GroupRecord, VolatileRecord } from './records.ts'
import { subscribedTopics } from './subscription.ts'

export type MembershipRecord = Exclude<GroupRecord, { readonly type: 'offset' | 'offsetRemoval' }>

type RecordOf<Type extends VolatileRecord['type']> = Extract<VolatileRecord, { readonly type: Type }>

export function evolveMembership(from: Membership, record: MembershipRecord): Membership {
  switch (record.type) {
    case 'group':
      return recorded(from, record.value)
    case 'groupRemoval':
      return removed(from)
    case 'groupMade':
      return enter(from, 'Empty', record.timestamp)
    case 'memberPending':
      return { ...from, pendingMembers: from.pendingMembers.draft().set(record.memberId, record.untilMs).finish() }
    case 'memberPendingGone':
      return withoutPending(from, record.memberId)
    case 'memberJoined':
      return joined(from, record.member, record.protocolType)
    case 'memberGone':
      return without(from, memberNamed(from, record.memberId))
    case 'memberReplaced':
      return replaced(from, record)
    case 'memberHeard':
      return changed(from, { ...memberNamed(from, record.memberId), sessionUntilMs: record.untilMs })
    case 'rebalanceBegun':
      return rebalancing(from, record)
    case 'joinPhaseExtended':
      assert(from.state === 'PreparingRebalance', 'a join phase is under way', { state: from.state })
      return { ...from, joinPhase: record.joinPhase }
    case 'generationBegun':
      return generation(from, record)
    case 'syncReceived':
      return synced(from, record)
    case 'syncsAnswered':
      return changedAll(from, member => answered(member, record.nowMs))
    case 'sessionsBegun':
      return changedAll(from, member => ({ ...member, sessionUntilMs: record.nowMs + member.sessionTimeoutMs }))
    default:
      return unreachable(record)
  }
}

function enter(from: Membership, state: GroupState, stateTimestamp: Millis): Membership {
  assert(PREDECESSORS[state].includes(from.state), 'a state follows one that it may follow', {
    from: from.state,
    state,
  })
  return { ...from, state, stateTimestamp }
}

function memberNamed(from: Membership, memberId: string): Member {
  const member = from.members.get(memberId)
  assert(member !== undefined, 'the member is there', { memberId, state: from.state })
  return member
}

/** Puts the member in, or in place of itself. */
function changed(from: Membership, member: Member): Membership {
  const before = from.members.get(member.memberId)
  const members = from.members.draft().set(member.memberId, member).finish()
  const joins = Number(member.awaitingJoin !== null) - Number((before?.awaitingJoin ?? null) !== null)
  const syncs = Number(member.owesSync) - Number(before?.owesSync ?? false)
  return {
    ...from,
    members,
    awaitingJoinCount: from.awaitingJoinCount + joins,
    owedSyncCount: from.owedSyncCount + syncs,
  }
}

function changedAll(from: Membership, change: (member: Member) => Member): Membership {
  const draft = from.members.draft()
  let awaitingJoinCount = 0
  let owedSyncCount = 0
  for (const member of from.members.values()) {
    const next = change(member)
    if (next !== member) draft.set(next.memberId, next)
    if (next.awaitingJoin !== null) awaitingJoinCount += 1
    if (next.owesSync) owedSyncCount += 1
  }
  return { ...from, members: draft.finish(), awaitingJoinCount, owedSyncCount }
}

function joined(from: Membership, member: Member, protocolType: string | null): Membership {
  const before = from.members.get(member.memberId)
  assert(from.members.size === 0 || from.protocolType === protocolType, 'members of a group are of one type')
  const base = from.pendingMembers.has(member.memberId) ? withoutPending(from, member.memberId) : from
  const { memberId, groupInstanceId } = member
  assert(before === undefined || before.groupInstanceId === groupInstanceId, 'a member stays static, or dynamic')
  const counts = before === undefined ? base.protocolCounts : countProtocols(base.protocolCounts, before.protocols, -1)
  const { joinPhase } = base
  return {
    ...changed(base, member),
    protocolType,
    protocolCounts: countProtocols(counts, member.protocols, 1),
    staticMembers: groupInstanceId === null ? base.staticMembers : named(base, groupInstanceId, memberId),
    leader: base.leader ?? memberId,
    joinPhase: joinPhase !== null && before === undefined ? { ...joinPhase, hasNewMember: true } : joinPhase,
  }
}

function named(from: Membership, groupInstanceId: string, memberId: string): Membership['staticMembers'] {
  return from.staticMembers.draft().set(groupInstanceId, memberId).finish()
}

function without(from: Membership, member: Member): Membership {
  const { memberId, groupInstanceId } = member
  const members = from.members.draft()
  members.delete(memberId)
  const staticMembers = from.staticMembers.draft()
  if (groupInstanceId !== null) staticMembers.delete(groupInstanceId)
  const left = members.finish()
  const owedSyncCount = from.owedSyncCount - Number(member.owesSync)
  return {
    ...from,
    members: left,
    staticMembers: staticMembers.finish(),
    protocolCounts: countProtocols(from.protocolCounts, member.protocols, -1),
    awaitingJoinCount: from.awaitingJoinCount - Number(member.awaitingJoin !== null),
    owedSyncCount,
    syncPhaseUntilMs: owedSyncCount === 0 ? null : from.syncPhaseUntilMs,
    leader: from.leader === memberId ? (firstOf(left.keys()) ?? null) : from.leader,
  }
}

function withoutPending(from: Membership, memberId: string): Membership {
  const draft = from.pendingMembers.draft()
  assert(draft.delete(memberId), 'the member is pending', { memberId })
  return { ...from, pendingMembers: draft.finish() }
}

function replaced(from: Membership, { fromMemberId, member }: RecordOf<'memberReplaced'>): Membership {
  const before = memberNamed(from, fromMemberId)
  assert(
    before.groupInstanceId !== null && before.groupInstanceId === member.groupInstanceId,
    'the same static member came back',
    { fromMemberId, memberId: member.memberId },
  )
  const isLeader = from.leader === fromMemberId
  const next = joined(without(from, before), member, from.protocolType)
  return { ...next, leader: isLeader ? member.memberId : from.leader, joinPhase: from.joinPhase }
}

function answered(member: Member, nowMs: Millis): Member {
  if (member.awaitingSync === null) return member
  return { ...member, awaitingSync: null, sessionUntilMs: nowMs + member.sessionTimeoutMs }
}

function rebalancing(from: Membership, record: RecordOf<'rebalanceBegun'>): Membership {
  const { joinPhase, nowMs, timestamp } = record
  const entered = enter(from, 'PreparingRebalance', timestamp)
  const next = changedAll(entered, member => ({ ...answered(member, nowMs), owesSync: false }))
  return { ...next, joinPhase, syncPhaseUntilMs: null }
}

function generation(from: Membership, record: RecordOf<'generationBegun'>): Membership {
  const { nowMs, protocol, leader, timestamp, syncPhaseUntilMs } = record
  const entered = enter(from, 'CompletingRebalance', timestamp)
  assert(record.generation === from.generation + 1, 'generations are contiguous', {
    have: from.generation,
    got: record.generation,
  })
  assert(from.members.has(leader), 'a member leads', { leader })
  const next = changedAll(entered, member => ({
    ...member,
    awaitingJoin: null,
    owesSync: true,
    isNew: false,
    sessionUntilMs: nowMs + member.sessionTimeoutMs,
  }))
  return {
    ...next,
    generation: record.generation,
    protocol,
    leader,
    joinPhase: null,
    syncPhaseUntilMs,
    subscribedTopics: subscribedTopics(next.members.values(), from.protocolType, protocol),
  }
}

function synced(from: Membership, { memberId, waiting }: RecordOf<'syncReceived'>): Membership {
  const member = memberNamed(from, memberId)
  const next = changed(from, { ...member, awaitingSync: waiting, owesSync: false })
  return { ...next, syncPhaseUntilMs: next.owedSyncCount === 0 ? null : from.syncPhaseUntilMs }
}

/**
 * The assignment of the current generation, or the end of the last member. Live, the members are those of the record and
 * keep what is known of them; read back, they are made of it.
 */
function recorded(from: Membership, value: GroupMetadataValue): Membership {
  const isReadBack = from.state === 'Dead'
  const entered = enter(from, value.members.length === 0 ? 'Empty' : 'Stable', value.currentStateTimestamp)
  assert(isReadBack || value.members.length === from.members.size, 'the record has the members of the group')
  const base: Membership = {
    ...entered,
    isRecorded: true,
    generation: value.generation,
    protocolType: value.protocolType === '' ? null : value.protocolType,
    protocol: value.protocol,
    leader: value.leader,
    joinPhase: null,
  }
  const next = isReadBack ? readBackAll(base, value) : assigned(base, value)
  const leader = value.leader !== null && next.members.has(value.leader) ? value.leader : firstOf(next.members.keys())
  return {
    ...next,
    leader: leader ?? null,
    subscribedTopics: subscribedTopics(next.members.values(), base.protocolType, value.protocol),
  }
}

function assigned(from: Membership, value: GroupMetadataValue): Membership {
  const assignments = new Map(value.members.map(member => [member.memberId, member.assignment]))
  return changedAll(from, member => {
    const assignment = assignments.get(member.memberId)
    assert(assignment !== undefined, 'every member is recorded', { memberId: member.memberId })
    return { ...member, assignment }
  })
}

function readBackAll(from: Membership, value: GroupMetadataValue): Membership {
  let next = from
  for (const member of value.members) next = joined(next, readBack(member, value.protocol), from.protocolType)
  return next
}

/** A member of a record. Its session begins once all records are read: `sessionsBegun`. */
function readBack(member: GroupMetadataMember, protocol: string | null): Member {
  const { memberId, groupInstanceId, clientId, clientHost, sessionTimeout } = member
  return {
    memberId,
    groupInstanceId,
    clientId,
    clientHost,
    rebalanceTimeoutMs: member.rebalanceTimeout < 0 ? sessionTimeout : member.rebalanceTimeout,
    sessionTimeoutMs: sessionTimeout,
    protocols: [{ name: protocol ?? '', metadata: member.subscription }],
    assignment: member.assignment,
    awaitingJoin: null,
    awaitingSync: null,
    owesSync: false,
    isNew: false,
    sessionUntilMs: 0,
  }
}

function removed(from: Membership): Membership {
  const { state } = from
  assert(state === 'Dead' || PREDECESSORS.Dead.includes(state), 'a group is removed when nobody is in it', { state })
  return NO_MEMBERSHIP
}

function firstOf<T>(values: Iterable<T>): T | undefined {
  for (const value of values) return value
  return undefined
}
