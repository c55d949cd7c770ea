/** Draws the consumer groups of an epoch: how many members, how long their timeouts, how much they come and go. */
import type { Prng } from '../../../packages/ottla/src/base/random.ts'
import type { MemberPlan } from '../../../packages/ottla/src/sim/workload/member.ts'

const MEMBERS_MIN = 2
const MEMBERS_MAX = 4
/** Mostly heartbeats and commits: what two of them are apart is within a rebalance of a fast machine. */
const STEP_MS_MAX = 60

/** The members of one group. Most stay as long as the broker does; some leave, come back, or fall silent. */
export function drawMembers(random: Prng, groupId: string): readonly MemberPlan[] {
  return Array.from({ length: random.int(MEMBERS_MIN, MEMBERS_MAX) }, (_, i) => ({
    sessionTimeoutMs: random.pick([600, 1_200, 2_400]),
    rebalanceTimeoutMs: random.pick([1_000, 3_000]),
    instanceId: random.chance(0.3) ? `${groupId}-static-${i}` : null,
    unrest: random.pick([0, 0.005, 0.02]),
    stepMsMax: STEP_MS_MAX,
  }))
}
