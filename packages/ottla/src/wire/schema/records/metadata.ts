/**
 * The records of the cluster's metadata log: ours, not Kafka's. Which record follows is told by a type number in front
 * (core/metadata/records.ts), the record's own version comes after it. Each says what IS, not what to do, so that a
 * snapshot is made of the same records. docs/formats/metadata.md describes them for people.
 */
import { defineRecord, type Field, f, struct } from '../language.ts'

const SOURCE = 'Ottla, docs/formats/metadata.md'

const brokerId = (doc = 'Broker.'): Field => f.int32('0+', { doc })
const topicId: Field = f.uuid('0+', { doc: 'Id of the topic; a topic made anew under an old name has another.' })
const partition: Field = f.int32('0+', { doc: 'Index of the partition within its topic, from 0.' })
const isr: Field = f.array('0+', 'int32', { doc: 'Replicas in sync, in the order of the replicas; never empty.' })
const leader: Field = f.int32('0+', { doc: 'Broker that leads; -1 while none may.' })
const leaderEpoch: Field = f.int32('0+', { doc: 'Number of the leader’s term, from 0; each election has the next.' })
const partitionEpoch: Field = f.int32('0+', { doc: 'Number of this state of the partition, from 0.' })

export const metadataCluster = defineRecord({
  name: 'MetadataCluster',
  versions: '0',
  flexible: '0+',
  source: SOURCE,
  fields: {
    clusterId: f.string('0+', { doc: 'Id of the cluster: 16 random bytes in base64url.' }),
    nextBrokerEpoch: f.int53('0+', { doc: 'Epoch of the next registration of a broker.' }),
  },
})

const endpoint = struct('MetadataEndpoint', {
  listener: f.string('0+', { doc: 'Name of the listener.' }),
  host: f.string('0+', { doc: 'Advertised host name.' }),
  port: f.uint16('0+', { doc: 'Advertised port.' }),
  securityProtocol: f.string('0+', { doc: 'Security protocol of the listener, as PLAINTEXT.' }),
})

export const metadataBroker = defineRecord({
  name: 'MetadataBroker',
  versions: '0',
  flexible: '0+',
  source: SOURCE,
  fields: {
    brokerId: brokerId('Broker that registered.'),
    incarnation: f.uuid('0+', { doc: 'The start of the process; a new start has another.' }),
    brokerEpoch: f.int53('0+', { doc: 'Number of the registration, rising over the whole cluster.' }),
    endpoints: f.array('0+', endpoint, { doc: 'Where clients and brokers reach it.' }),
    rack: f.string('0+', { nullable: '0+', doc: 'Where it stands; null when not said.' }),
    directories: f.array('0+', 'uuid', { doc: 'Ids of its log directories.' }),
    fenced: f.bool('0+', { doc: 'True while it may not lead and is not told to clients.' }),
  },
})

export const metadataBrokerState = defineRecord({
  name: 'MetadataBrokerState',
  versions: '0',
  flexible: '0+',
  source: SOURCE,
  fields: {
    brokerId: brokerId(),
    brokerEpoch: f.int53('0+', { doc: 'The registration that this is about.' }),
    fenced: f.bool('0+', { doc: 'True while it may not lead and is not told to clients.' }),
  },
})

export const metadataBrokerRemoval = defineRecord({
  name: 'MetadataBrokerRemoval',
  versions: '0',
  flexible: '0+',
  source: SOURCE,
  fields: {
    brokerId: brokerId('Broker that is no longer part of the cluster.'),
    brokerEpoch: f.int53('0+', { doc: 'The registration that ends.' }),
  },
})

export const metadataTopic = defineRecord({
  name: 'MetadataTopic',
  versions: '0',
  flexible: '0+',
  source: SOURCE,
  fields: {
    topicId,
    name: f.string('0+', { doc: 'Name of the topic, unique among those that are there.' }),
  },
})

export const metadataTopicRemoval = defineRecord({
  name: 'MetadataTopicRemoval',
  versions: '0',
  flexible: '0+',
  source: SOURCE,
  fields: { topicId },
})

export const metadataPartition = defineRecord({
  name: 'MetadataPartition',
  versions: '0',
  flexible: '0+',
  source: SOURCE,
  fields: {
    topicId,
    partition,
    replicas: f.array('0+', 'int32', { doc: 'Brokers that hold it, the preferred leader first.' }),
    directories: f.array('0+', 'uuid', {
      doc: 'Log directory of each replica, in the order of the replicas; all zero: the broker chooses.',
    }),
    isr,
    leader,
    leaderEpoch,
    partitionEpoch,
  },
})

export const metadataPartitionState = defineRecord({
  name: 'MetadataPartitionState',
  versions: '0',
  flexible: '0+',
  source: SOURCE,
  fields: { topicId, partition, isr, leader, leaderEpoch, partitionEpoch },
})

export const metadataConfig = defineRecord({
  name: 'MetadataConfig',
  versions: '0',
  flexible: '0+',
  source: SOURCE,
  fields: {
    resourceType: f.int8('0+', { doc: 'What is configured, in Kafka’s numbers: 2 a topic, 4 a broker.' }),
    resourceName: f.string('0+', { doc: 'Name of the topic, id of the broker; empty for all brokers.' }),
    name: f.string('0+', { doc: 'Config key.' }),
    value: f.string('0+', { nullable: '0+', doc: 'Its value; null: the default holds again.' }),
  },
})

export const metadataProducerIds = defineRecord({
  name: 'MetadataProducerIds',
  versions: '0',
  flexible: '0+',
  source: SOURCE,
  fields: {
    nextProducerId: f.int64('0+', { doc: 'First producer id that no broker was given.' }),
  },
})

export const metadataFeature = defineRecord({
  name: 'MetadataFeature',
  versions: '0',
  flexible: '0+',
  source: SOURCE,
  fields: {
    name: f.string('0+', { doc: 'Feature, in Kafka’s names, as transaction.version.' }),
    level: f.int16('0+', { doc: 'Level all brokers use; 0: off.' }),
  },
})
