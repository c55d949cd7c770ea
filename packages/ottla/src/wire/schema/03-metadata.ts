/**
 * Metadata: brokers, topics and who leads what. v1 null for all topics, v4 no automatic creation, v7 leader epochs,
 * v9 flexible, v10 topic ids, v12 topics asked for by id, v13 an error for the whole answer.
 */
import { authorizedOperations, errorCode, throttleTimeMs, topicId } from './common.ts'
import { defineApi, f, struct } from './language.ts'

const topic = struct('MetadataTopic', {
  topicId: topicId('10+'),
  name: f.string('0+', { nullable: '10+', doc: 'Name of the topic; null when asked for by id.' }),
})

const broker = struct('MetadataBroker', {
  nodeId: f.int32('0+', { doc: 'Broker id.' }),
  host: f.string('0+', { doc: 'Advertised host name.' }),
  port: f.int32('0+', { doc: 'Advertised port.' }),
  rack: f.string('1+', { nullable: '1+', default: null, doc: 'Rack of the broker; null when it has none.' }),
})

const partition = struct('MetadataPartition', {
  errorCode: errorCode('0+', 'the lookup of the partition'),
  partitionIndex: f.int32('0+', { doc: 'Partition.' }),
  leaderId: f.int32('0+', { doc: 'Broker id of the leader; -1 when there is none.' }),
  leaderEpoch: f.int32('7+', { default: -1, doc: 'Epoch of that leader.' }),
  replicaNodes: f.array('0+', 'int32', { doc: 'Broker ids of all replicas, the preferred leader first.' }),
  isrNodes: f.array('0+', 'int32', { doc: 'Broker ids of the replicas that are in sync.' }),
  offlineReplicas: f.array('5+', 'int32', { default: [], doc: 'Broker ids of the replicas that are offline.' }),
})

const topicResponse = struct('MetadataTopicResponse', {
  errorCode: errorCode('0+', 'the lookup of the topic'),
  name: f.string('0+', { nullable: '12+', doc: 'Name of the topic; null when asked for by an id that is not known.' }),
  topicId: topicId('10+'),
  isInternal: f.bool('1+', { default: false, doc: 'Whether the brokers use the topic for themselves.' }),
  partitions: f.array('0+', partition, { doc: 'Its partitions.' }),
  topicAuthorizedOperations: authorizedOperations('8+', 'the topic'),
})

export const metadata = defineApi({
  key: 3,
  name: 'Metadata',
  versions: '0-13',
  flexible: '9+',
  source: 'Kafka 4.2 Metadata; KIP-4, KIP-112, KIP-226, KIP-320, KIP-430, KIP-516, KIP-700, KIP-1102',
  request: {
    topics: f.array('0+', topic, { nullable: '1+', doc: 'Topics wanted; all when null, and in version 0 when empty.' }),
    allowAutoTopicCreation: f.bool('4+', { default: true, doc: 'Whether a missing topic may be created.' }),
    includeClusterAuthorizedOperations: f.bool('8-10', {
      default: false,
      doc: 'Whether to fill in the cluster’s operations.',
    }),
    includeTopicAuthorizedOperations: f.bool('8+', {
      default: false,
      doc: 'Whether to fill in the topics’ operations.',
    }),
  },
  response: {
    throttleTimeMs: throttleTimeMs('3+'),
    brokers: f.array('0+', broker, { doc: 'Brokers that are alive.' }),
    clusterId: f.string('2+', { nullable: '2+', default: null, doc: 'Id of the cluster.' }),
    controllerId: f.int32('1+', { default: -1, doc: 'Broker to send administration to; -1 when unknown.' }),
    topics: f.array('0+', topicResponse, { doc: 'Topics asked for.' }),
    clusterAuthorizedOperations: authorizedOperations('8-10', 'the cluster'),
    errorCode: errorCode('13+', 'the whole request'),
  },
})
