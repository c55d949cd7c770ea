/**
 * SyncGroup: the leader hands out the assignment, which is recorded before anybody gets it; members fetch theirs. Versions:
 * v3 static members, v5 protocol type and name are checked (KIP-559). Source: Kafka 4.2
 * GroupMetadataManager.classicGroupSync.
 */
import type { WireErrorName } from '../../spec/errors.ts'
import type { SyncEvent, SyncReply } from './events.ts'
import type { Member, Membership } from './membership.ts'
import { checkGeneration, type Plan, syncError } from './plan.ts'
import { groupRecord } from './recorded-group.ts'

export function decideSync(plan: Plan, event: SyncEvent): void {
  const { request } = event
  const member = checkSync(plan, event)
  if (typeof member === 'string') {
    plan.reply(request, syncError(member))
    return
  }
  const { memberId } = member
  if (plan.membership.state === 'Stable') {
    plan.record({ type: 'syncReceived', memberId, waiting: null })
    plan.replyWhenDurable(request, assignmentOf(plan.membership, member))
    return
  }
  // The same member twice: the first has given up, or is told to look again.
  if (member.awaitingSync !== null) plan.reply(member.awaitingSync, syncError('REBALANCE_IN_PROGRESS'))
  plan.record({ type: 'syncReceived', memberId, waiting: request })
  if (plan.membership.leader === memberId) handOut(plan, event)
}

function checkSync({ group, membership }: Plan, { apiVersion, body }: SyncEvent): Member | WireErrorName {
  const { protocolType, protocolName } = body
  if (apiVersion >= 5 && (protocolType === null || protocolName === null)) return 'INCONSISTENT_GROUP_PROTOCOL'
  if (group.groupId === '') return 'INVALID_GROUP_ID'
  const member = checkGeneration(membership, body)
  if (typeof member === 'string') return member
  const isOther = (given: string | null, own: string | null) => given !== null && own !== null && given !== own
  if (isOther(protocolType, membership.protocolType) || isOther(protocolName, membership.protocol)) {
    return 'INCONSISTENT_GROUP_PROTOCOL'
  }
  return membership.state === 'PreparingRebalance' ? 'REBALANCE_IN_PROGRESS' : member
}

/** The generation is complete. A member that the leader forgot is assigned nothing. */
function handOut(plan: Plan, { body }: SyncEvent): void {
  const assignments = new Map<string, Uint8Array>()
  for (const { memberId, assignment } of body.assignments) assignments.set(memberId, assignment.slice())
  const { generation } = plan.membership
  plan.record(groupRecord(plan.membership, { generation, timestamp: plan.context.timestamp, assignments }))
  for (const member of plan.membership.members.values()) {
    if (member.awaitingSync !== null) {
      plan.replyWhenDurable(member.awaitingSync, assignmentOf(plan.membership, member))
    }
  }
  plan.record({ type: 'syncsAnswered', nowMs: plan.nowMs })
}

function assignmentOf({ protocolType, protocol }: Membership, { assignment }: Member): SyncReply {
  return { type: 'sync', error: 'NONE', protocolType, protocolName: protocol, assignment }
}
