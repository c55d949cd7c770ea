/**
 * A group that was made from its records: its members are out there and do not know that their coordinator changed. Each has
 * its session timeout from now to be heard of. Source: Kafka 4.2 GroupMetadataManager.onLoaded.
 */
import type { Plan } from './plan.ts'
import { beginRebalance } from './rebalance.ts'

export function decideLoaded(plan: Plan): void {
  const { membership, nowMs, context } = plan
  if (membership.members.size === 0) return
  plan.record({ type: 'sessionsBegun', nowMs })
  for (const { memberId, sessionUntilMs } of plan.membership.members.values()) plan.setSession(memberId, sessionUntilMs)
  // The limit was lowered since: who joins first may stay.
  if (membership.members.size > context.rules.groupSizeMax) beginRebalance(plan)
}
