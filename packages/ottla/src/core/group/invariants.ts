/** What always holds of a group (I-16 to I-18). Visits every member: for tests, the simulator, and after a load. */
import { assert } from '../../base/assert.ts'
import type { Group } from './group.ts'
import type { Member, Membership } from './membership.ts'

export function invariants({ groupId, membership, offsets }: Group): void {
  const { state, members, pendingMembers, generation } = membership
  assert(Number.isSafeInteger(generation) && generation >= 0, 'generations are numbers from 0', { groupId, generation })
  if (state === 'Dead') {
    assert(pendingMembers.size === 0 && offsets.size === 0, 'nothing is left of a dead group', { groupId })
  }
  if (state === 'Dead' || state === 'Empty') {
    assert(members.size === 0 && membership.leader === null, 'an empty group has no members', { groupId, state })
  }
  counts(membership)
  deadlines(membership)
  for (const [memberId, member] of members) memberInvariants(membership, memberId, member)
  if (state === 'CompletingRebalance' || state === 'Stable') generationInvariants(membership)
}

function counts(membership: Membership): void {
  const { members, staticMembers, protocolCounts } = membership
  const all = [...members.values()]
  const known = new Map<string, number>()
  for (const { name } of all.flatMap(member => member.protocols)) known.set(name, (known.get(name) ?? 0) + 1)
  assert(membership.awaitingJoinCount === all.filter(each => each.awaitingJoin !== null).length, 'joins are counted')
  assert(membership.owedSyncCount === all.filter(each => each.owesSync).length, 'owed syncs are counted')
  const fixed = all.filter(each => each.groupInstanceId !== null)
  assert(staticMembers.size === fixed.length, 'an instance id is one member', { have: staticMembers.size })
  assert(
    protocolCounts.size === known.size && [...protocolCounts].every(([name, count]) => known.get(name) === count),
    'protocols are counted',
    { counted: [...protocolCounts], known: [...known] },
  )
  assert(members.size === 0 || [...known.values()].includes(members.size), 'members have a protocol in common', {
    known: [...known],
    members: members.size,
  })
}

/** Nobody waits without an end (I-18). */
function deadlines({ state, joinPhase, syncPhaseUntilMs, owedSyncCount }: Membership): void {
  assert((state === 'PreparingRebalance') === (joinPhase !== null), 'members are waited for with an end', { state })
  assert(owedSyncCount > 0 === (syncPhaseUntilMs !== null), 'syncs are waited for with an end', { owedSyncCount })
  const isOwed = state === 'CompletingRebalance' || state === 'Stable'
  assert(owedSyncCount === 0 || isOwed, 'a sync is owed to a generation', { state })
}

function memberInvariants(membership: Membership, memberId: string, member: Member): void {
  const { state, staticMembers, pendingMembers } = membership
  const { awaitingJoin, awaitingSync, groupInstanceId } = member
  assert(member.memberId === memberId && memberId !== '', 'a member is found by its id', { memberId })
  assert(!pendingMembers.has(memberId), 'a member is not pending', { memberId })
  assert(
    groupInstanceId === null || staticMembers.get(groupInstanceId) === memberId,
    'one member an instance id (I-17)',
  )
  assert(awaitingJoin === null || state === 'PreparingRebalance', 'a join waits for members', { memberId, state })
  assert(awaitingSync === null || state === 'CompletingRebalance', 'a sync waits for the leader', { memberId, state })
  assert(!member.isNew || awaitingJoin !== null, 'a member is new while it waits for its id', { memberId })
  assert(member.protocols.length > 0, 'a member knows a protocol', { memberId })
}

/** A generation has one leader, which alone assigns, and one protocol that all its members know (I-16). */
function generationInvariants({ members, leader, protocol, protocolType, state, owedSyncCount }: Membership): void {
  assert(members.size > 0 && leader !== null && members.has(leader), 'a member leads', { state, leader })
  assert(protocolType !== null && protocol !== null, 'a generation has a protocol', { state, protocolType })
  for (const { memberId, protocols } of members.values()) {
    assert(
      protocols.some(({ name }) => name === protocol),
      'a member knows the protocol of its generation',
      { memberId, protocol },
    )
  }
  assert(state === 'Stable' || owedSyncCount > 0, 'the leader of an unassigned generation owes it', { state })
}
