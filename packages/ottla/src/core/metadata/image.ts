/**
 * The cluster as the metadata log says it is: brokers, topics, partitions, configs. An image never changes; the next one
 * shares with it what did not change (evolve.ts). Every broker builds the same one from the same records. Does not hold
 * what belongs to one broker alone (open logs, high watermarks) or to the coordination engine (who is controller).
 */
import { CowMap } from '../../base/cow-map.ts'
import type { BrokerId, LeaderEpoch, PartitionIndex } from '../../base/units.ts'
import type { Uuid } from '../../base/uuid.ts'
import type { MetadataEndpoint } from '../../wire/gen/records/metadata.ts'

/** Where a broker is reached on one listener: listener name, advertised host and port, security protocol. */
export type BrokerEndpoint = MetadataEndpoint

export interface BrokerImage {
  readonly id: BrokerId
  /** The start of the process that registered. */
  readonly incarnation: Uuid
  /** Number of the registration, rising over the whole cluster. Requests that name another one are stale. */
  readonly epoch: number
  readonly endpoints: readonly BrokerEndpoint[]
  readonly rack: string | null
  readonly directories: readonly Uuid[]
  /** May not lead, is not told to clients: it died, or has not caught up with the metadata yet. */
  readonly fenced: boolean
}

export interface PartitionImage {
  /** Brokers that hold it, the preferred leader first. Never empty. */
  readonly replicas: readonly BrokerId[]
  /** Log directory of each replica, in the order of `replicas`; all zero where the broker chooses. */
  readonly directories: readonly Uuid[]
  /** Never empty: the last one stays, because only it has everything. */
  readonly isr: readonly BrokerId[]
  /** -1: none of the ISR is alive. */
  readonly leader: BrokerId
  /** Number of the leader's term; each election has the next. */
  readonly leaderEpoch: LeaderEpoch
  /** Number of this state; what ISR changes are compared with. */
  readonly partitionEpoch: number
}

export interface TopicImage {
  readonly id: Uuid
  readonly name: string
  /** By index; no gaps. */
  readonly partitions: readonly PartitionImage[]
}

/** What configs are set on, in Kafka's numbers. */
export const ConfigResource = { topic: 2, broker: 4 } as const
export type ConfigResourceType = (typeof ConfigResource)[keyof typeof ConfigResource]

export interface MetadataImage {
  /** Null until the cluster was made. */
  readonly clusterId: string | null
  readonly nextBrokerEpoch: number
  /** In no order; `brokersById` sorts. */
  readonly brokers: ReadonlyMap<BrokerId, BrokerImage>
  readonly topics: CowMap<Uuid, TopicImage>
  readonly topicIds: CowMap<string, Uuid>
  /** Names in the form in which '.' and '_' are one, to the topic that has it; only of names with such a character. */
  readonly ambiguousNames: CowMap<string, string>
  /** Overrides by resource (`configKey`), then by config key. A resource without any is absent. */
  readonly configs: CowMap<string, ReadonlyMap<string, string>>
  /** First producer id that no broker was given. */
  readonly nextProducerId: bigint
  /** Levels of features in use; those at 0 are absent. */
  readonly features: ReadonlyMap<string, number>
  /** Partitions of all topics together. */
  readonly partitionCount: number
}

export function emptyImage(): MetadataImage {
  return {
    clusterId: null,
    nextBrokerEpoch: 0,
    brokers: new Map(),
    topics: CowMap.empty(),
    topicIds: CowMap.empty(),
    ambiguousNames: CowMap.empty(),
    configs: CowMap.empty(),
    nextProducerId: 0n,
    features: new Map(),
    partitionCount: 0,
  }
}

export function topicById(image: MetadataImage, id: Uuid): TopicImage | null {
  return image.topics.get(id) ?? null
}

export function topicByName(image: MetadataImage, name: string): TopicImage | null {
  const id = image.topicIds.get(name)
  return id === undefined ? null : topicById(image, id)
}

export function partitionOf(image: MetadataImage, id: Uuid, index: PartitionIndex): PartitionImage | null {
  return topicById(image, id)?.partitions[index] ?? null
}

/** The key of a resource in `MetadataImage.configs`. Brokers by id, all brokers together by an empty name. */
export function configKey(type: ConfigResourceType, name: string): string {
  return `${type}/${name}`
}

const NO_OVERRIDES: ReadonlyMap<string, string> = new Map()

/** What was set on the resource; empty when nothing was. */
export function overridesOf(image: MetadataImage, type: ConfigResourceType, name: string): ReadonlyMap<string, string> {
  return image.configs.get(configKey(type, name)) ?? NO_OVERRIDES
}

/** The broker may lead and is told to clients. */
export function isAlive(image: MetadataImage, id: BrokerId): boolean {
  return image.brokers.get(id)?.fenced === false
}

export function brokersById(image: MetadataImage): readonly BrokerImage[] {
  return [...image.brokers.values()].sort((a, b) => a.id - b.id)
}

export function aliveBrokers(image: MetadataImage): readonly BrokerImage[] {
  return brokersById(image).filter(broker => !broker.fenced)
}
