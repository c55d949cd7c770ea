/** What a run of consumer groups looks like: drawn from the seed, as plan.ts. */
import type { Prng } from '../base/random.ts'
import type { BrokerConfig } from '../spec/config/broker.ts'
import { drawFaultPlan, type FaultPlan } from './faults.ts'
import { drawConfig, drawNet } from './plan.ts'
import type { MemberPlan } from './workload/member.ts'
import type { TopicPlan } from './workload/places.ts'
import type { NetWeather } from './world/net.ts'
import type { Micros } from './world/scheduler.ts'

const SECOND = 1_000_000
const KIB = 1024

export interface GroupPlan {
  readonly config: BrokerConfig
  readonly topic: TopicPlan
  /** The members of each group. */
  readonly groups: readonly (readonly MemberPlan[])[]
  /** How long a group may take to come to rest when nothing hinders it. */
  readonly restMs: number
  readonly net: NetWeather
  readonly faults: FaultPlan
  readonly chaos: Micros
}

export function drawGroupPlan(rng: Prng): GroupPlan {
  const initialDelayMs = rng.pick([0, 100, 1_000])
  const config = drawConfig(rng, {
    'group.min.session.timeout.ms': '100',
    'group.initial.rebalance.delay.ms': String(initialDelayMs),
    'offsets.topic.num.partitions': String(rng.int(1, 3)),
    'offsets.topic.segment.bytes': String(rng.pick([2, 16, 1024]) * KIB),
    // The calendars of this world jump further than any retention.
    'offsets.retention.minutes': '2147483647',
    // So that the cleaner is at work in the offsets while groups change them.
    'log.roll.ms': rng.pick(['50', '1000', '604800000']),
    'log.cleaner.min.cleanable.ratio': rng.pick(['0', '0.5']),
    'offsets.load.buffer.size': String(rng.pick([1, 5_242_880])),
  })
  const groups = Array.from({ length: rng.int(1, 2) }, (_, group) => drawMembers(rng, group))
  const longestMs = Math.max(...groups.flat().map(each => Math.max(each.sessionTimeoutMs, each.rebalanceTimeoutMs)))
  return {
    config,
    topic: { name: 'orders', partitions: rng.int(1, 5), durability: 'disk', compaction: null, configs: [] },
    groups,
    // A member that is gone is waited for, then one more round for those who came meanwhile, with slow replies.
    restMs: 3 * (longestMs + initialDelayMs) + 30_000,
    net: drawNet(rng),
    faults: drawFaultPlan(rng),
    chaos: rng.pick([3, 8, 15]) * SECOND,
  }
}

function drawMembers(rng: Prng, group: number): MemberPlan[] {
  return Array.from({ length: rng.int(1, 4) }, (_, i) => ({
    sessionTimeoutMs: rng.pick([400, 1_500, 4_000]),
    rebalanceTimeoutMs: rng.pick([500, 2_000, 4_000]),
    instanceId: rng.chance(0.3) ? `static-${group}-${i}` : null,
    unrest: rng.pick([0, 0.05, 0.2]),
    silences: [1, 2],
    stepMsMax: 300,
  }))
}
