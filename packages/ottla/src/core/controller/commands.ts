/**
 * What the controller can be asked, and what it answers. Whatever is drawn at random (topic ids, where placement begins)
 * arrives inside the command, so that deciding is repeatable. Refusals are part of the answer: names of spec/errors and a
 * sentence for the one who asked.
 */
import type { BrokerId, LeaderEpoch, PartitionIndex } from '../../base/units.ts'
import type { Uuid } from '../../base/uuid.ts'
import type { WireErrorName } from '../../spec/errors.ts'
import type { BrokerEndpoint, ConfigResourceType } from '../metadata/image.ts'

/** What became of one thing that was asked for. `NONE` means done. */
export interface Outcome {
  readonly error: WireErrorName
  /** For people; null when there is nothing to add. */
  readonly message: string | null
}

/** Gives the cluster its id. Before anything else; asking again is no error. */
export interface CreateCluster {
  readonly type: 'createCluster'
  readonly clusterId: string
}

/**
 * A broker started, or speaks up again in a new session. A new incarnation counts as a broker that was lost and came
 * back: it is out of every ISR that has another member, and all its partitions get a new term (I-13).
 */
export interface RegisterBroker {
  readonly type: 'registerBroker'
  /** The cluster it believes to belong to; null when its directories name none yet. */
  readonly clusterId: string | null
  readonly brokerId: BrokerId
  readonly incarnation: Uuid
  readonly endpoints: readonly BrokerEndpoint[]
  readonly rack: string | null
  readonly directories: readonly Uuid[]
  /** It has all metadata already and may lead at once: a cluster of one process. Else it stays fenced until `unfenceBroker`. */
  readonly caughtUp: boolean
}

export interface RegisterBrokerReply extends Outcome {
  /** To be named in its further requests; -1 on error. */
  readonly brokerEpoch: number
}

/** The broker has caught up with the metadata (`unfence`), was lost (`fence`), or leaves for good (`unregister`). */
export interface ChangeBroker {
  readonly type: 'fenceBroker' | 'unfenceBroker' | 'unregisterBroker'
  readonly brokerId: BrokerId
  /** The registration that is meant; another one is left alone. */
  readonly brokerEpoch: number
}

/** Placed by hand: brokers of each partition, preferred leader first. */
export interface PartitionAssignment {
  readonly partition: PartitionIndex
  readonly replicas: readonly BrokerId[]
}

export interface NewTopic {
  readonly name: string
  /** Drawn by the caller; used when the topic is made. */
  readonly topicId: Uuid
  /** -1: the default. */
  readonly partitionCount: number
  /** -1: the default. */
  readonly replicationFactor: number
  /** Empty: the controller places. Else both counts are -1. */
  readonly assignments: readonly PartitionAssignment[]
  readonly configs: readonly { readonly name: string; readonly value: string | null }[]
}

export interface CreateTopics {
  readonly type: 'createTopics'
  readonly topics: readonly NewTopic[]
  readonly validateOnly: boolean
  /** Where placement begins: any whole number from 0, drawn by the caller so that topics do not all begin at one broker. */
  readonly placement: number
}

export interface CreatedTopic extends Outcome {
  readonly name: string
  /** All zero on error. */
  readonly topicId: Uuid
  /** -1 on error. */
  readonly partitionCount: number
  /** -1 on error. */
  readonly replicationFactor: number
  /** What is set on the topic itself. */
  readonly overrides: ReadonlyMap<string, string>
}

export interface DeleteTopics {
  readonly type: 'deleteTopics'
  /** Each by name or by id, not both. */
  readonly topics: readonly { readonly name: string | null; readonly topicId: Uuid | null }[]
}

export interface DeletedTopic extends Outcome {
  readonly name: string | null
  readonly topicId: Uuid | null
}

export interface CreatePartitions {
  readonly type: 'createPartitions'
  readonly topics: readonly {
    readonly name: string
    /** How many there shall be in all. */
    readonly count: number
    /** Replicas of each new partition; null: the controller places. */
    readonly assignments: readonly (readonly BrokerId[])[] | null
  }[]
  readonly validateOnly: boolean
  readonly placement: number
}

/** `append` and `subtract` are for keys that hold a list. */
export type ConfigOperation = 'set' | 'delete' | 'append' | 'subtract'

export interface ConfigChange {
  readonly resourceType: ConfigResourceType
  readonly resourceName: string
  readonly changes: readonly {
    readonly name: string
    readonly operation: ConfigOperation
    readonly value: string | null
  }[]
  /** Every key that is not named goes back to its default (the older AlterConfigs). */
  readonly replaceAll: boolean
}

export interface AlterConfigs {
  readonly type: 'alterConfigs'
  /** Each resource once. */
  readonly resources: readonly ConfigChange[]
  readonly validateOnly: boolean
}

export interface AlteredConfig extends Outcome {
  readonly resourceType: ConfigResourceType
  readonly resourceName: string
}

export interface AllocateProducerIds {
  readonly type: 'allocateProducerIds'
  readonly brokerId: BrokerId
  readonly brokerEpoch: number
}

export interface ProducerIdBlock extends Outcome {
  readonly firstProducerId: bigint
  /** 0 on error. */
  readonly count: number
}

/** A leader asks for another ISR. */
export interface AlterPartition {
  readonly type: 'alterPartition'
  readonly brokerId: BrokerId
  readonly brokerEpoch: number
  readonly topicId: Uuid
  readonly partition: PartitionIndex
  readonly leaderEpoch: LeaderEpoch
  /** The state that the change is based on. */
  readonly partitionEpoch: number
  /** In the order of the replicas, with the registration of each that the leader knows; -1 where it knows none. */
  readonly isr: readonly { readonly brokerId: BrokerId; readonly brokerEpoch: number }[]
}

/** A replica is about to lie in another log directory of its broker: from the record on, that is where it counts. */
export interface AssignDirectory {
  readonly type: 'assignDirectory'
  readonly brokerId: BrokerId
  readonly brokerEpoch: number
  readonly topicId: Uuid
  readonly partition: PartitionIndex
  /** One of those that the broker registered with. */
  readonly directory: Uuid
}

/** Moves leaders by order: to the preferred replica, or to one that may lack records when no other is alive. */
export interface ElectLeaders {
  readonly type: 'electLeaders'
  readonly election: 'preferred' | 'unclean'
  /** Null: every partition; those with nothing to do are then not in the answer. */
  readonly partitions: readonly { readonly topic: string; readonly partition: PartitionIndex }[] | null
}

export interface ElectedLeader extends Outcome {
  readonly topic: string
  readonly partition: PartitionIndex
}

export type ControllerCommand =
  | CreateCluster
  | RegisterBroker
  | ChangeBroker
  | CreateTopics
  | DeleteTopics
  | CreatePartitions
  | AlterConfigs
  | AllocateProducerIds
  | AlterPartition
  | AssignDirectory
  | ElectLeaders

/** The answer to each type of command. */
export interface ControllerReplies {
  createCluster: Outcome
  registerBroker: RegisterBrokerReply
  fenceBroker: Outcome
  unfenceBroker: Outcome
  unregisterBroker: Outcome
  /** One for each distinct name, in the order of the request. */
  createTopics: readonly CreatedTopic[]
  /** One for each distinct topic, in the order of the request. */
  deleteTopics: readonly DeletedTopic[]
  /** One for each distinct name, in the order of the request. */
  createPartitions: readonly (Outcome & { readonly name: string })[]
  /** One for each resource, in the order of the request. */
  alterConfigs: readonly AlteredConfig[]
  allocateProducerIds: ProducerIdBlock
  alterPartition: Outcome
  assignDirectory: Outcome
  electLeaders: readonly ElectedLeader[]
}

export type ControllerReply<C extends ControllerCommand = ControllerCommand> = ControllerReplies[C['type']]
