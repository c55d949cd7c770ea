/** What a partition's leader tells of the producers that it remembers (KIP-664). What it remembers is core's. */
import { checkLeader } from '../core/partition/leadership.ts'
import type { ProducerEntry } from '../core/partition/producers.ts'
import type { PartitionTable } from './partition-table.ts'
import type { KnownProducer, PartitionName, Partitions } from './services.ts'

export function producersOf(table: PartitionTable, name: PartitionName): ReturnType<Partitions['producers']> {
  const hosted = table.resolve(name)
  if (typeof hosted === 'string') return { error: hosted, producers: [] }
  const refused = checkLeader(hosted.state, -1)
  if (refused !== null) return { error: refused, producers: [] }
  return { error: 'NONE', producers: hosted.state.producers.snapshot().map(known) }
}

function known(entry: ProducerEntry): KnownProducer {
  const { producerId, producerEpoch, lastTimestamp, coordinatorEpoch, currentTxnFirstOffset } = entry
  const lastSequence = entry.batches.at(-1)?.lastSequence ?? -1
  return {
    producerId,
    producerEpoch,
    lastSequence,
    lastTimestamp,
    coordinatorEpoch,
    currentTxnStartOffset: currentTxnFirstOffset,
  }
}
