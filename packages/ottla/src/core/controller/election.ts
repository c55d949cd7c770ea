/**
 * Who leads a partition when brokers come and go (I-01, I-10, I-11, I-13). A leader is chosen among replicas that are in sync and alive, in the
 * order of preference; the last member of an ISR is never dropped from it, because only it has everything. Sources:
 * Kafka's partition leader election; KIP-380 and KIP-903 (a bounced broker is a failed broker).
 */
import type { BrokerId } from '../../base/units.ts'
import type { Uuid } from '../../base/uuid.ts'
import type { MetadataImage, PartitionImage, TopicImage } from '../metadata/image.ts'
import type { MetadataRecord } from '../metadata/records.ts'

export interface Electorate {
  /** Alive once the change at hand is done. */
  isAlive(id: BrokerId): boolean
  /** Whether a replica that is not in sync may lead this topic when no other can: it loses acknowledged records. */
  allowsUnclean(topic: TopicImage): boolean
}

/** Leader and ISR of a partition's next state. */
export interface Leadership {
  readonly leader: BrokerId
  readonly isr: readonly BrokerId[]
}

/** The best leader among the in-sync replicas, else (unclean) the first that is alive, alone in its ISR, else none. */
export function electLeader(
  partition: PartitionImage,
  electorate: { isAlive(id: BrokerId): boolean; unclean: boolean },
): Leadership {
  const { replicas, isr } = partition
  const clean = replicas.find(id => isr.includes(id) && electorate.isAlive(id))
  if (clean !== undefined) return { leader: clean, isr }
  const any = electorate.unclean ? replicas.find(id => electorate.isAlive(id)) : undefined
  return any === undefined ? { leader: -1, isr } : { leader: any, isr: [any] }
}

/**
 * State changes of every partition that the loss of a broker concerns (also when it comes back at once as another
 * incarnation, and `isAlive` says so): it leaves every ISR that has another member, and what it led or was in sync with
 * gets a new term, so that nothing it still says in the old one counts.
 */
export function* changesOnLoss(
  image: MetadataImage,
  lost: BrokerId,
  electorate: Electorate,
): Generator<MetadataRecord> {
  for (const topic of image.topics.values()) {
    for (const [index, partition] of topic.partitions.entries()) {
      if (!partition.isr.includes(lost)) continue
      const remaining = partition.isr.filter(id => id !== lost)
      const isr = remaining.length === 0 ? partition.isr : remaining
      const next =
        partition.leader === lost || partition.leader === -1
          ? electLeader(
              { ...partition, isr },
              { isAlive: electorate.isAlive, unclean: electorate.allowsUnclean(topic) },
            )
          : { leader: partition.leader, isr }
      const stillOffline = partition.leader === -1 && next.leader === -1 && isr === partition.isr
      if (!stillOffline) yield stateRecord(topic.id, index, { partition, next })
    }
  }
}

/** State changes when a broker became alive: partitions without a leader that it, or an unclean election, can give one. */
export function* changesOnReturn(image: MetadataImage, electorate: Electorate): Generator<MetadataRecord> {
  for (const topic of image.topics.values()) {
    for (const [index, partition] of topic.partitions.entries()) {
      if (partition.leader !== -1) continue
      const unclean = electorate.allowsUnclean(topic)
      const next = electLeader(partition, { isAlive: electorate.isAlive, unclean })
      if (next.leader !== -1) yield stateRecord(topic.id, index, { partition, next })
    }
  }
}

/** The record of a partition's next state, in a new term. */
export function stateRecord(
  topicId: Uuid,
  index: number,
  change: { partition: PartitionImage; next: Leadership },
): MetadataRecord {
  const { partition, next } = change
  return {
    type: 'partitionState',
    body: {
      topicId,
      partition: index,
      isr: [...next.isr],
      leader: next.leader,
      leaderEpoch: partition.leaderEpoch + 1,
      partitionEpoch: partition.partitionEpoch + 1,
    },
  }
}
