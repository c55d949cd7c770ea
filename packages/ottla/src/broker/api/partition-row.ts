/**
 * A partition as Metadata and DescribeTopicPartitions tell it: who leads, who holds it, who is in sync. What this broker
 * leads and cannot serve, because its log directory failed, has no leader, as in Kafka, where the controller takes the
 * lead from such a replica: the client asks again instead of asking this broker in vain.
 */
import type { BrokerId, LeaderEpoch, PartitionIndex } from '../../base/units.ts'
import type { Uuid } from '../../base/uuid.ts'
import { type BrokerImage, isAlive, type MetadataImage, type PartitionImage } from '../../core/metadata/image.ts'
import type { Partitions } from '../../runtime/services.ts'
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
  /** This broker, which knows best what it cannot serve. */
  readonly self: Self
}

export interface Self {
  readonly nodeId: BrokerId
  readonly partitions: Pick<Partitions, 'isOffline'>
}

export function partitionRow(
  audience: Audience,
  place: { readonly topicId: Uuid; readonly partition: PartitionImage; readonly index: PartitionIndex },
): PartitionRow {
  const { image, self } = audience
  const { partition, index } = place
  const isLostHere = partition.replicas.includes(self.nodeId) && self.partitions.isOffline(place.topicId, index)
  const isOffline = (id: BrokerId) => !isAlive(image, id) || (isLostHere && id === self.nodeId)
  const error = leaderError(audience, isOffline(partition.leader) ? undefined : image.brokers.get(partition.leader))
  return {
    errorCode: errorCodeOf(error),
    partitionIndex: index,
    leaderId: error === 'NONE' ? partition.leader : -1,
    leaderEpoch: partition.leaderEpoch,
    replicaNodes: partition.replicas,
    isrNodes: partition.isr,
    offlineReplicas: partition.replicas.filter(isOffline),
  }
}

/** Whether the client can reach the leader; undefined: there is none that serves. */
function leaderError({ listener, knowsListenerNotFound }: Audience, leader: BrokerImage | undefined): WireErrorName {
  if (leader === undefined) return 'LEADER_NOT_AVAILABLE'
  if (endpointOf(leader, listener) !== null) return 'NONE'
  return knowsListenerNotFound ? 'LISTENER_NOT_FOUND' : 'LEADER_NOT_AVAILABLE'
}
