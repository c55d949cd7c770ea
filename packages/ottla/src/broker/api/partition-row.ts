/** A partition as Metadata and DescribeTopicPartitions tell it: who leads, who holds it, who is in sync. */
import type { BrokerId, LeaderEpoch, PartitionIndex } from '../../base/units.ts'
import { type BrokerImage, isAlive, type MetadataImage, type PartitionImage } from '../../core/metadata/image.ts'
import { errorCodeOf, type WireErrorName } from '../../spec/errors.ts'
import { endpointOf } from './endpoints.ts'

export interface PartitionRow {
  readonly errorCode: number
  readonly partitionIndex: PartitionIndex
  /** -1 where the client cannot reach one. */
  readonly leaderId: BrokerId
  readonly leaderEpoch: LeaderEpoch
  readonly replicaNodes: readonly BrokerId[]
  readonly isrNodes: readonly BrokerId[]
  readonly offlineReplicas: readonly BrokerId[]
}

export interface Audience {
  readonly image: MetadataImage
  /** The listener that the client came on: the leader must be there to be reached. */
  readonly listener: string
  /** Whether the client's version knows LISTENER_NOT_FOUND. */
  readonly knowsListenerNotFound: boolean
}

export function partitionRow(
  audience: Audience,
  { partition, index }: { readonly partition: PartitionImage; readonly index: PartitionIndex },
): PartitionRow {
  const { image } = audience
  const error = leaderError(audience, image.brokers.get(partition.leader))
  return {
    errorCode: errorCodeOf(error),
    partitionIndex: index,
    leaderId: error === 'NONE' ? partition.leader : -1,
    leaderEpoch: partition.leaderEpoch,
    replicaNodes: partition.replicas,
    isrNodes: partition.isr,
    offlineReplicas: partition.replicas.filter(id => !isAlive(image, id)),
  }
}

/** Whether the client can reach the leader. */
function leaderError({ listener, knowsListenerNotFound }: Audience, leader: BrokerImage | undefined): WireErrorName {
  if (leader === undefined || leader.fenced) return 'LEADER_NOT_AVAILABLE'
  if (endpointOf(leader, listener) !== null) return 'NONE'
  return knowsListenerNotFound ? 'LISTENER_NOT_FOUND' : 'LEADER_NOT_AVAILABLE'
}
