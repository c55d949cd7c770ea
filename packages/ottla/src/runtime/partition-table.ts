/** The partitions this broker holds, found by topic name or topic id. */
import { assert } from '../base/assert.ts'
import type { BrokerId } from '../base/units.ts'
import type { Uuid } from '../base/uuid.ts'
import { type MetadataImage, type TopicImage, topicById, topicByName } from '../core/metadata/image.ts'
import type { WireErrorName } from '../spec/errors.ts'
import type { HostedPartition } from './hosted-partition.ts'
import type { CurrentLeader, PartitionName } from './services.ts'

export class PartitionTable {
  readonly #self: BrokerId
  readonly #image: () => MetadataImage
  readonly #byId = new Map<Uuid, (HostedPartition | undefined)[]>()
  /** Partitions that should be here and could not be opened. */
  readonly #offline = new Set<string>()

  constructor(self: BrokerId, image: () => MetadataImage) {
    this.#self = self
    this.#image = image
  }

  get(topicId: Uuid, partition: number): HostedPartition | undefined {
    return this.#byId.get(topicId)?.[partition]
  }

  ofTopic(topicId: Uuid): readonly HostedPartition[] {
    return (this.#byId.get(topicId) ?? []).filter(each => each !== undefined)
  }

  add(hosted: HostedPartition): void {
    const { topicId, partition } = hosted.log.id
    const partitions = this.#byId.get(topicId) ?? []
    assert(partitions[partition] === undefined, 'a partition is held once', { topicId, partition })
    partitions[partition] = hosted
    this.#byId.set(topicId, partitions)
    this.#offline.delete(keyOf(topicId, partition))
  }

  /** It should be here and cannot be opened: until it is added, requests are told so. */
  markOffline(topicId: Uuid, partition: number): void {
    this.#offline.add(keyOf(topicId, partition))
  }

  /** This broker should have it, and cannot serve it: its log directory failed or is missing, or the log is damaged. */
  isOffline(topicId: Uuid, partition: number): boolean {
    const hosted = this.get(topicId, partition)
    return hosted === undefined ? this.#offline.has(keyOf(topicId, partition)) : isLost(hosted)
  }

  delete(hosted: HostedPartition): void {
    const { topicId, partition } = hosted.log.id
    const partitions = this.#byId.get(topicId)
    if (partitions?.[partition] !== hosted) return
    delete partitions[partition]
    if (partitions.every(each => each === undefined)) this.#byId.delete(topicId)
  }

  *[Symbol.iterator](): IterableIterator<HostedPartition> {
    for (const partitions of this.#byId.values()) for (const each of partitions) if (each !== undefined) yield each
  }

  /** The partition, or why it is not to be had here. Source: facts of KIP-516 for ids, of Metadata v0+ for names. */
  resolve(name: PartitionName): HostedPartition | WireErrorName {
    const topic = this.#topic(name)
    if (topic === null) return name.topicId === null ? 'UNKNOWN_TOPIC_OR_PARTITION' : 'UNKNOWN_TOPIC_ID'
    const partition = topic.partitions[name.partition]
    if (partition === undefined) return 'UNKNOWN_TOPIC_OR_PARTITION'
    const hosted = this.get(topic.id, name.partition)
    // Not here: with another broker, or the image is a moment ahead of us.
    if (hosted === undefined) {
      const isOurs = partition.replicas.includes(this.#self)
      return isOurs && this.isOffline(topic.id, name.partition) ? 'KAFKA_STORAGE_ERROR' : 'NOT_LEADER_OR_FOLLOWER'
    }
    if (isLost(hosted)) return 'KAFKA_STORAGE_ERROR'
    // Retention moves the log's start on its own.
    hosted.startMoved()
    return hosted
  }

  /** What to tell a client that came to the wrong broker or with an old epoch (KIP-951); null when nobody leads. */
  currentLeader(name: PartitionName): CurrentLeader | null {
    const partition = this.#topic(name)?.partitions[name.partition]
    if (partition === undefined || partition.leader === -1) return null
    return { leaderId: partition.leader, leaderEpoch: partition.leaderEpoch }
  }

  #topic(name: PartitionName): TopicImage | null {
    const image = this.#image()
    return name.topicId === null ? topicByName(image, name.topic ?? '') : topicById(image, name.topicId)
  }
}

function isLost({ closed, log }: HostedPartition): boolean {
  return closed || log.fault !== null
}

function keyOf(topicId: Uuid, partition: number): string {
  return `${topicId}/${partition}`
}
