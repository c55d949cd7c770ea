/** CreatePartitions: give topics more partitions. v2 flexible, v3 throttling error. */
import { errorCode, errorMessage, throttleTimeMs, topicName } from './common.ts'
import { defineApi, f, struct } from './language.ts'

const assignment = struct('CreatePartitionsAssignment', {
  brokerIds: f.array('0+', 'int32', {
    doc: 'Brokers for the replicas of one new partition, the preferred leader first.',
  }),
})

const topic = struct('CreatePartitionsTopic', {
  name: topicName('0+'),
  count: f.int32('0+', { doc: 'Count of partitions wanted, the old ones included.' }),
  assignments: f.array('0+', assignment, {
    nullable: '0+',
    default: null,
    doc: 'One for each new partition; null: the broker places them.',
  }),
})

const result = struct('CreatePartitionsResult', {
  name: topicName('0+'),
  errorCode: errorCode('0+', 'the change'),
  errorMessage: errorMessage('0+'),
})

export const createPartitions = defineApi({
  key: 37,
  name: 'CreatePartitions',
  versions: '0-3',
  flexible: '2+',
  source: 'Kafka 4.2 CreatePartitions; KIP-195, KIP-599',
  request: {
    topics: f.array('0+', topic, { doc: 'Topics to grow.' }),
    timeoutMs: f.int32('0+', { doc: 'How long to wait for the partitions. Milliseconds.' }),
    validateOnly: f.bool('0+', { default: false, doc: 'Check everything, change nothing.' }),
  },
  response: {
    throttleTimeMs: throttleTimeMs('0+'),
    results: f.array('0+', result, { doc: 'One answer for each topic.' }),
  },
})
