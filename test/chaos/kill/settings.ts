/** How the broker of an epoch is set: limits so small, and looks so frequent, that what takes hours elsewhere happens in seconds. */
import type { Prng } from '../../../packages/ottla/src/base/random.ts'

const KIB = 1024
const MIB = 1024 * KIB

export const INITIAL_REBALANCE_DELAY_MS_MAX = 100

/**
 * Config by Kafka's names. Half of the epochs have a small journal and little memory, so that both run full; the others
 * have the defaults. The log of the groups is compacted all the time.
 */
export function drawSettings(random: Prng): Readonly<Record<string, string>> {
  const common = {
    'auto.create.topics.enable': 'false',
    'log.retention.check.interval.ms': '500',
    'log.segment.delete.delay.ms': random.pick(['0', '100', '60000']),
    'log.cleaner.backoff.ms': random.pick(['20', '200']),
    'log.cleaner.min.cleanable.ratio': random.pick(['0', '0.2']),
    // So slow that it is at work most of the time, or as fast as it can.
    'log.cleaner.io.max.bytes.per.second': random.pick(['100000', '500000', String(Number.MAX_VALUE)]),
    'log.cleaner.io.buffer.size': random.pick(['4096', '524288']),
    'offsets.topic.num.partitions': String(random.int(1, 3)),
    'offsets.topic.segment.bytes': String(random.pick([2, 8]) * KIB),
    'group.min.session.timeout.ms': '100',
    'group.initial.rebalance.delay.ms': String(random.pick([0, INITIAL_REBALANCE_DELAY_MS_MAX])),
  }
  if (random.chance(0.5)) return common
  return { ...common, 'journal.max.bytes': String(16 * MIB), 'memory.budget.bytes': String(32 * MIB) }
}
