/**
 * The image as records: applied to an empty image they make the same one again. Also the check that an image makes sense.
 */
import { assert } from '../../base/assert.ts'
import { type BrokerImage, brokersById, type MetadataImage, type PartitionImage, type TopicImage } from './image.ts'
import { ambiguousForm, topicNameProblem } from './names.ts'
import type { MetadataRecord } from './records.ts'

/** Records in an order in which each may be applied. Lazily: a large image needs no second copy. */
export function* snapshotRecords(image: MetadataImage): Generator<MetadataRecord> {
  if (image.clusterId !== null) {
    yield { type: 'cluster', body: { clusterId: image.clusterId, nextBrokerEpoch: image.nextBrokerEpoch } }
  }
  for (const [name, level] of image.features) yield { type: 'feature', body: { name, level } }
  for (const broker of brokersById(image)) yield brokerRecord(broker)
  for (const topic of image.topics.values()) yield* topicRecords(topic)
  for (const [key, overrides] of image.configs) {
    const slash = key.indexOf('/')
    const resource = { resourceType: Number(key.slice(0, slash)), resourceName: key.slice(slash + 1) }
    for (const [name, value] of overrides) yield { type: 'config', body: { ...resource, name, value } }
  }
  yield { type: 'producerIds', body: { nextProducerId: image.nextProducerId } }
}

function brokerRecord(broker: BrokerImage): MetadataRecord {
  const { id, incarnation, epoch, endpoints, rack, directories, fenced } = broker
  return {
    type: 'broker',
    body: {
      brokerId: id,
      incarnation,
      brokerEpoch: epoch,
      endpoints: [...endpoints],
      rack,
      directories: [...directories],
      fenced,
    },
  }
}

function* topicRecords(topic: TopicImage): Generator<MetadataRecord> {
  yield { type: 'topic', body: { topicId: topic.id, name: topic.name } }
  for (const [partition, state] of topic.partitions.entries()) {
    yield { type: 'partition', body: { topicId: topic.id, partition, ...state } }
  }
}

/** Asserts what holds between records (I-01, I-10 to I-12). Visits everything: for tests, the simulator, and after a snapshot. */
export function imageInvariants(image: MetadataImage): void {
  let partitions = 0
  let ambiguous = 0
  for (const [id, topic] of image.topics) {
    assert(topic.id === id && image.topicIds.get(topic.name) === id, 'a topic is found by id and by name', { id })
    assert(topicNameProblem(topic.name) === null, 'names of topics are legal', { name: topic.name })
    assert(topic.partitions.length > 0, 'a topic has partitions', { name: topic.name })
    const form = ambiguousForm(topic.name)
    if (form !== null) {
      ambiguous += 1
      assert(image.ambiguousNames.get(form) === topic.name, 'no name can be taken for another', { name: topic.name })
    }
    for (const partition of topic.partitions) partitionInvariants(image, partition)
    partitions += topic.partitions.length
  }
  assert(image.topicIds.size === image.topics.size, 'every name belongs to a topic')
  assert(image.ambiguousNames.size === ambiguous, 'names of deleted topics are free')
  assert(image.partitionCount === partitions, 'partitions are counted', { have: image.partitionCount, partitions })
  for (const broker of image.brokers.values()) {
    assert(broker.epoch < image.nextBrokerEpoch, 'a registration is numbered once', { brokerId: broker.id })
  }
}

function partitionInvariants(image: MetadataImage, partition: PartitionImage): void {
  const { replicas, directories, isr, leader } = partition
  assert(replicas.length > 0 && new Set(replicas).size === replicas.length, 'replicas are distinct', { replicas })
  assert(directories.length === replicas.length, 'each replica has a directory', { replicas, directories })
  assert(isr.length > 0 && new Set(isr).size === isr.length, 'the ISR is never empty', { isr })
  assert(
    isr.every(id => replicas.includes(id)),
    'the ISR is of replicas',
    { isr, replicas },
  )
  assert(leader === -1 || isr.includes(leader), 'a leader is in the ISR', { leader, isr })
  assert(leader === -1 || image.brokers.get(leader)?.fenced === false, 'a leader is alive', { leader })
}
