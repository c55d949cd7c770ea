/** DescribeTopicPartitions: topics and their partitions, page by page. */
import { authorizedOperations, errorCode, throttleTimeMs, topicId, topicName } from './common.ts'
import { defineApi, f, struct } from './language.ts'

const cursor = (name: string) =>
  struct(name, {
    topicName: f.string('0+', { doc: 'Topic to begin with.' }),
    partitionIndex: f.int32('0+', { doc: 'Partition of it to begin with.' }),
  })

const nodes = (doc: string) => f.array('0+', 'int32', { doc })
const nodesOrNull = (doc: string) => f.array('0+', 'int32', { nullable: '0+', default: null, doc })

const partition = struct('DescribeTopicPartitionsPartition', {
  errorCode: errorCode('0+', 'the lookup of the partition'),
  partitionIndex: f.int32('0+', { doc: 'Partition.' }),
  leaderId: f.int32('0+', { doc: 'Broker id of the leader; -1 when there is none.' }),
  leaderEpoch: f.int32('0+', { default: -1, doc: 'Epoch of that leader.' }),
  replicaNodes: nodes('Broker ids of all replicas, the preferred leader first.'),
  isrNodes: nodes('Broker ids of the replicas that are in sync.'),
  eligibleLeaderReplicas: nodesOrNull('Broker ids of replicas that may lead though they are not in sync (KIP-966).'),
  lastKnownElr: nodesOrNull('Broker ids of those that could once.'),
  offlineReplicas: nodes('Broker ids of the replicas that are offline.'),
})

const topic = struct('DescribeTopicPartitionsTopic', {
  errorCode: errorCode('0+', 'the lookup of the topic'),
  name: f.string('0+', { nullable: '0+', doc: 'Name of the topic.' }),
  topicId: topicId('0+'),
  isInternal: f.bool('0+', { default: false, doc: 'Whether the brokers use the topic for themselves.' }),
  partitions: f.array('0+', partition, { doc: 'Its partitions on this page.' }),
  topicAuthorizedOperations: authorizedOperations('0+', 'the topic'),
})

export const describeTopicPartitions = defineApi({
  key: 75,
  name: 'DescribeTopicPartitions',
  versions: '0',
  flexible: '0+',
  source: 'Kafka 4.2 DescribeTopicPartitions; KIP-966',
  request: {
    topics: f.array('0+', struct('DescribeTopicPartitionsRequestTopic', { name: topicName('0+') }), {
      doc: 'Topics wanted; empty for all.',
    }),
    responsePartitionLimit: f.int32('0+', { default: 2000, doc: 'Most partitions in one answer.' }),
    cursor: f.struct('0+', cursor('DescribeTopicPartitionsRequestCursor'), {
      nullable: '0+',
      default: null,
      doc: 'Where to begin; null for the start.',
    }),
  },
  response: {
    throttleTimeMs: throttleTimeMs('0+'),
    topics: f.array('0+', topic, { doc: 'Topics on this page, by name.' }),
    nextCursor: f.struct('0+', cursor('DescribeTopicPartitionsResponseCursor'), {
      nullable: '0+',
      default: null,
      doc: 'Where the next page begins; null at the end.',
    }),
  },
})
