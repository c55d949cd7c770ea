/** Draws the consumer groups of an epoch: how many members, how long their timeouts, how much they come and go. */
import type { Prng } from '../../../packages/ottla/src/base/random.ts'
import type { MemberPlan } from '../../../packages/ottla/src/sim/workload/member.ts'

const MEMBERS_MIN = 2
const MEMBERS_MAX = 4
/** Heartbeats and commits as fast as this: a rebalance is noticed at once, and a kill meets some request of the group. */
const STEP_MS_MAX = 60

/** The members of one group. Now and then one leaves and comes back, or falls silent. */
export function drawMembers(random: Prng, groupId: string): readonly MemberPlan[] {
  const rebalanceTimeoutMs = random.pick([600, 3_000])
  return Array.from({ length: random.int(MEMBERS_MIN, MEMBERS_MAX) }, (_, i) => ({
    sessionTimeoutMs: random.pick([500, 1_000, 2_500]),
    rebalanceTimeoutMs,
    // A static member that is silent for less than its session, but longer than the others wait for it, owns nothing any more.
    instanceId: random.chance(0.4) ? `${groupId}-static-${i}` : null,
    unrest: random.pick([0.01, 0.03, 0.06]),
    silences: [0.7, 1.3],
    stepMsMax: STEP_MS_MAX,
  }))
}
