/**
 * How a record changes the image: the only place where an image is made from another. A record that contradicts the image
 * is a Bug, never skipped (I-14): every broker must come to the same image, and the controller decided on the same one.
 */
import { assert, unreachable } from '../../base/assert.ts'
import type { CowDraft } from '../../base/cow-map.ts'
import type { BrokerId } from '../../base/units.ts'
import type { Uuid } from '../../base/uuid.ts'
import type { MetadataConfig, MetadataPartition, MetadataPartitionState } from '../../wire/gen/records/metadata.ts'
import {
  type BrokerImage,
  ConfigResource,
  type ConfigResourceType,
  configKey,
  type MetadataImage,
  type PartitionImage,
  type TopicImage,
} from './image.ts'
import { ambiguousForm } from './names.ts'
import type { MetadataBodies, MetadataRecord } from './records.ts'

/** The image after the record. */
export function evolve(image: MetadataImage, record: MetadataRecord): MetadataImage {
  return evolveAll(image, [record])
}

/** The image after the records in order. Much cheaper than one at a time: what several change is copied once. */
export function evolveAll(image: MetadataImage, records: Iterable<MetadataRecord>): MetadataImage {
  const draft = new ImageDraft(image)
  for (const record of records) draft.apply(record)
  return draft.finish()
}

interface TopicDraft {
  readonly topic: TopicImage
  readonly partitions: PartitionImage[]
}

class ImageDraft {
  readonly #from: MetadataImage
  #clusterId: string | null
  #nextBrokerEpoch: number
  #nextProducerId: bigint
  #partitionCount: number
  #brokers: Map<BrokerId, BrokerImage> | null = null
  #features: Map<string, number> | null = null
  readonly #topics: CowDraft<Uuid, TopicImage>
  readonly #topicIds: CowDraft<string, Uuid>
  readonly #ambiguousNames: CowDraft<string, string>
  readonly #configs: CowDraft<string, ReadonlyMap<string, string>>
  /** Topics whose partitions change in this draft; put back by `finish`. */
  readonly #openTopics = new Map<Uuid, TopicDraft>()

  constructor(from: MetadataImage) {
    this.#from = from
    this.#clusterId = from.clusterId
    this.#nextBrokerEpoch = from.nextBrokerEpoch
    this.#nextProducerId = from.nextProducerId
    this.#partitionCount = from.partitionCount
    this.#topics = from.topics.draft()
    this.#topicIds = from.topicIds.draft()
    this.#ambiguousNames = from.ambiguousNames.draft()
    this.#configs = from.configs.draft()
  }

  finish(): MetadataImage {
    for (const [id, { topic, partitions }] of this.#openTopics) this.#topics.set(id, { ...topic, partitions })
    return {
      clusterId: this.#clusterId,
      nextBrokerEpoch: this.#nextBrokerEpoch,
      brokers: this.#brokers ?? this.#from.brokers,
      topics: this.#topics.finish(),
      topicIds: this.#topicIds.finish(),
      ambiguousNames: this.#ambiguousNames.finish(),
      configs: this.#configs.finish(),
      nextProducerId: this.#nextProducerId,
      features: this.#features ?? this.#from.features,
      partitionCount: this.#partitionCount,
    }
  }

  apply(record: MetadataRecord): void {
    switch (record.type) {
      case 'cluster':
        this.#cluster(record.body)
        break
      case 'broker':
        this.#broker(record.body)
        break
      case 'brokerState':
        this.#brokerState(record.body)
        break
      case 'brokerRemoval':
        this.#ownBrokers().delete(this.#registered(record.body).id)
        break
      case 'topic':
        this.#topic(record.body)
        break
      case 'topicRemoval':
        this.#topicRemoval(record.body)
        break
      case 'partition':
        this.#partition(record.body)
        break
      case 'partitionState':
        this.#partitionState(record.body)
        break
      case 'config':
        this.#config(record.body)
        break
      case 'producerIds':
        this.#producerIds(record.body)
        break
      case 'feature':
        this.#feature(record.body)
        break
      default:
        unreachable(record)
    }
  }

  #cluster(body: MetadataBodies['cluster']): void {
    assert(this.#clusterId === null || this.#clusterId === body.clusterId, 'a cluster keeps its id', {
      have: this.#clusterId,
      got: body.clusterId,
    })
    this.#clusterId = body.clusterId
    this.#nextBrokerEpoch = Math.max(this.#nextBrokerEpoch, body.nextBrokerEpoch)
  }

  #broker(body: MetadataBodies['broker']): void {
    const { brokerId, incarnation, brokerEpoch, endpoints, rack, directories, fenced } = body
    const before = (this.#brokers ?? this.#from.brokers).get(brokerId)
    const same = before !== undefined && before.incarnation === incarnation
    assert(same ? brokerEpoch === before.epoch : brokerEpoch > (before?.epoch ?? -1), 'registrations are numbered', {
      brokerId,
      brokerEpoch,
      have: before?.epoch,
    })
    this.#nextBrokerEpoch = Math.max(this.#nextBrokerEpoch, brokerEpoch + 1)
    const broker = { id: brokerId, incarnation, epoch: brokerEpoch, endpoints, rack, directories, fenced }
    this.#ownBrokers().set(brokerId, broker)
  }

  #brokerState(body: MetadataBodies['brokerState']): void {
    const broker = this.#registered(body)
    this.#ownBrokers().set(broker.id, { ...broker, fenced: body.fenced })
  }

  #registered(body: { readonly brokerId: BrokerId; readonly brokerEpoch: number }): BrokerImage {
    const broker = (this.#brokers ?? this.#from.brokers).get(body.brokerId)
    assert(broker !== undefined && broker.epoch === body.brokerEpoch, 'the registration is the one in force', {
      brokerId: body.brokerId,
      have: broker?.epoch,
      got: body.brokerEpoch,
    })
    return broker
  }

  #ownBrokers(): Map<BrokerId, BrokerImage> {
    this.#brokers ??= new Map(this.#from.brokers)
    return this.#brokers
  }

  #topic({ topicId, name }: MetadataBodies['topic']): void {
    assert(this.#topicIds.get(name) === undefined, 'names of topics are unique', { name })
    assert(this.#topics.get(topicId) === undefined, 'ids of topics are unique', { topicId })
    const topic = { id: topicId, name, partitions: [] }
    this.#topics.set(topicId, topic)
    this.#topicIds.set(name, topicId)
    this.#openTopics.set(topicId, { topic, partitions: [] })
    const ambiguous = ambiguousForm(name)
    if (ambiguous !== null) this.#ambiguousNames.set(ambiguous, name)
  }

  /** With the topic go its partitions and its configs. */
  #topicRemoval({ topicId }: MetadataBodies['topicRemoval']): void {
    const { topic, partitions } = this.#openTopic(topicId)
    this.#openTopics.delete(topicId)
    this.#topics.delete(topicId)
    this.#topicIds.delete(topic.name)
    this.#configs.delete(configKey(ConfigResource.topic, topic.name))
    const ambiguous = ambiguousForm(topic.name)
    if (ambiguous !== null) this.#ambiguousNames.delete(ambiguous)
    this.#partitionCount -= partitions.length
  }

  /** A partition that is new, or has other replicas than before, or one of them in another directory. */
  #partition(body: MetadataPartition): void {
    const { partitions } = this.#openTopic(body.topicId)
    const before = partitions[body.partition]
    if (before === undefined) {
      assert(body.partition === partitions.length, 'partitions are numbered without gaps', {
        got: body.partition,
        have: partitions.length,
      })
      this.#partitionCount += 1
    } else movesForward(before, body)
    const { replicas, directories, isr, leader, leaderEpoch, partitionEpoch } = body
    partitions[body.partition] = { replicas, directories, isr, leader, leaderEpoch, partitionEpoch }
  }

  #partitionState(body: MetadataPartitionState): void {
    const { partitions } = this.#openTopic(body.topicId)
    const before = partitions[body.partition]
    assert(before !== undefined, 'a partition that changes is there', { partition: body.partition })
    movesForward(before, body)
    const { isr, leader, leaderEpoch, partitionEpoch } = body
    partitions[body.partition] = { ...before, isr, leader, leaderEpoch, partitionEpoch }
  }

  #producerIds({ nextProducerId }: MetadataBodies['producerIds']): void {
    assert(nextProducerId >= this.#nextProducerId, 'producer ids are given once', {
      have: this.#nextProducerId,
      got: nextProducerId,
    })
    this.#nextProducerId = nextProducerId
  }

  #feature({ name, level }: MetadataBodies['feature']): void {
    this.#features ??= new Map(this.#from.features)
    if (level === 0) this.#features.delete(name)
    else this.#features.set(name, level)
  }

  #openTopic(topicId: Uuid): TopicDraft {
    let open = this.#openTopics.get(topicId)
    if (open === undefined) {
      const topic = this.#topics.get(topicId)
      assert(topic !== undefined, 'a topic that changes is there', { topicId })
      open = { topic, partitions: [...topic.partitions] }
      this.#openTopics.set(topicId, open)
    }
    return open
  }

  #config({ resourceType, resourceName, name, value }: MetadataConfig): void {
    const key = configKey(resourceType as ConfigResourceType, resourceName)
    const overrides = new Map(this.#configs.get(key))
    if (value === null) overrides.delete(name)
    else overrides.set(name, value)
    if (overrides.size === 0) this.#configs.delete(key)
    else this.#configs.set(key, overrides)
  }
}

/** I-02. */
function movesForward(before: PartitionImage, body: { leaderEpoch: number; partitionEpoch: number }): void {
  assert(body.partitionEpoch > before.partitionEpoch, 'states of a partition are numbered', {
    have: before.partitionEpoch,
    got: body.partitionEpoch,
  })
  assert(body.leaderEpoch >= before.leaderEpoch, 'terms only move forward', {
    have: before.leaderEpoch,
    got: body.leaderEpoch,
  })
}
