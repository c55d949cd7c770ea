/** ListPartitionReassignments: moves of replicas under way. */
import { errorCode, errorMessage, throttleTimeMs, topicName, topicPartitions } from './common.ts'
import { defineApi, f, struct } from './language.ts'

const partition = struct('OngoingPartitionReassignment', {
  partitionIndex: f.int32('0+', { doc: 'Partition.' }),
  replicas: f.array('0+', 'int32', { doc: 'Brokers that have a replica now.' }),
  addingReplicas: f.array('0+', 'int32', { doc: 'Brokers that get one.' }),
  removingReplicas: f.array('0+', 'int32', { doc: 'Brokers that lose theirs.' }),
})

const topic = struct('OngoingTopicReassignment', {
  name: topicName('0+'),
  partitions: f.array('0+', partition, { doc: 'Its partitions under way.' }),
})

export const listPartitionReassignments = defineApi({
  key: 46,
  name: 'ListPartitionReassignments',
  versions: '0',
  flexible: '0+',
  source: 'Kafka 4.2 ListPartitionReassignments; KIP-455',
  request: {
    timeoutMs: f.int32('0+', { default: 60_000, doc: 'How long to wait for the answer. Milliseconds.' }),
    topics: f.array('0+', topicPartitions('ListPartitionReassignmentsTopic', 'name', 'partitionIndexes'), {
      nullable: '0+',
      default: null,
      doc: 'Partitions wanted; null for all.',
    }),
  },
  response: {
    throttleTimeMs: throttleTimeMs('0+'),
    errorCode: errorCode('0+', 'the request'),
    errorMessage: errorMessage('0+'),
    topics: f.array('0+', topic, { doc: 'Topics with moves under way.' }),
  },
})
