/** AlterPartitionReassignments: begin or cancel moves of replicas. v1 may forbid another replication factor. */
import { errorCode, errorMessage, throttleTimeMs, topicName } from './common.ts'
import { defineApi, f, struct } from './language.ts'

const partition = struct('ReassignablePartition', {
  partitionIndex: f.int32('0+', { doc: 'Partition.' }),
  replicas: f.array('0+', 'int32', { nullable: '0+', default: null, doc: 'Brokers wanted; null cancels a move.' }),
})

const topic = struct('ReassignableTopic', {
  name: topicName('0+'),
  partitions: f.array('0+', partition, { doc: 'Partitions to move.' }),
})

const partitionResponse = struct('ReassignablePartitionResponse', {
  partitionIndex: f.int32('0+', { doc: 'Partition.' }),
  errorCode: errorCode('0+', 'the request for this partition'),
  errorMessage: errorMessage('0+'),
})

const topicResponse = struct('ReassignableTopicResponse', {
  name: topicName('0+'),
  partitions: f.array('0+', partitionResponse, { doc: 'One answer for each partition.' }),
})

const allowReplicationFactorChange = f.bool('1+', {
  default: true,
  doc: 'Whether a move may change how many replicas there are.',
})

export const alterPartitionReassignments = defineApi({
  key: 45,
  name: 'AlterPartitionReassignments',
  versions: '0-1',
  flexible: '0+',
  source: 'Kafka 4.2 AlterPartitionReassignments; KIP-455, KIP-860',
  request: {
    timeoutMs: f.int32('0+', { default: 60_000, doc: 'How long to wait for the request. Milliseconds.' }),
    allowReplicationFactorChange,
    topics: f.array('0+', topic, { doc: 'Topics to move.' }),
  },
  response: {
    throttleTimeMs: throttleTimeMs('0+'),
    allowReplicationFactorChange,
    errorCode: errorCode('0+', 'the whole request'),
    errorMessage: errorMessage('0+'),
    responses: f.array('0+', topicResponse, { doc: 'One answer for each topic.' }),
  },
})
