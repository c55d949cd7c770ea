/** CreateTopics. v1 validate only, v4 -1 for defaults, v5 flexible and configs in the reply, v7 topic ids. */
import { errorCode, errorMessage, throttleTimeMs, topicId, topicName } from './common.ts'
import { defineApi, f, struct } from './language.ts'

const assignment = struct('CreateTopicsAssignment', {
  partitionIndex: f.int32('0+', { doc: 'Partition.' }),
  brokerIds: f.array('0+', 'int32', { doc: 'Brokers for its replicas, the preferred leader first.' }),
})

const config = struct('CreateTopicsConfig', {
  name: f.string('0+', { doc: 'Config key.' }),
  value: f.string('0+', { nullable: '0+', doc: 'Its value; null is refused.' }),
})

const topic = struct('CreateTopicsTopic', {
  name: topicName('0+'),
  numPartitions: f.int32('0+', { doc: 'Count of partitions; -1 for the default or where assignments are given.' }),
  replicationFactor: f.int16('0+', {
    doc: 'Replicas of each partition; -1 for the default or where assignments are given.',
  }),
  assignments: f.array('0+', assignment, {
    default: [],
    doc: 'Replicas placed by hand; empty: the broker places them.',
  }),
  configs: f.array('0+', config, { default: [], doc: 'Configs of the topic.' }),
})

const configResponse = struct('CreateTopicsConfigResponse', {
  name: f.string('5+', { doc: 'Config key.' }),
  value: f.string('5+', { nullable: '5+', doc: 'Its value; null when it must not be shown.' }),
  readOnly: f.bool('5+', { doc: 'Whether it cannot be changed.' }),
  configSource: f.int8('5+', { default: -1, doc: 'Where the value comes from: 1 topic, 4 broker file, 5 default.' }),
  isSensitive: f.bool('5+', { doc: 'Whether the value is a secret.' }),
})

const topicResponse = struct('CreateTopicsTopicResponse', {
  name: topicName('0+'),
  topicId: topicId('7+'),
  errorCode: errorCode('0+', 'the creation'),
  errorMessage: errorMessage('1+'),
  topicConfigErrorCode: f.int16('5+', { tag: 0, default: 0, doc: 'Why the configs are not told; 0 when they are.' }),
  numPartitions: f.int32('5+', { default: -1, doc: 'Partitions made; -1 on error.' }),
  replicationFactor: f.int16('5+', { default: -1, doc: 'Replicas of each partition; -1 on error.' }),
  configs: f.array('5+', configResponse, { nullable: '5+', default: [], doc: 'Configs in force; null on error.' }),
})

export const createTopics = defineApi({
  key: 19,
  name: 'CreateTopics',
  versions: '2-7',
  flexible: '5+',
  source: 'Kafka 4.2 CreateTopics; KIP-4, KIP-464, KIP-525, KIP-599, KIP-516',
  request: {
    topics: f.array('0+', topic, { doc: 'Topics to create.' }),
    timeoutMs: f.int32('0+', { default: 60_000, doc: 'How long to wait for the creation. Milliseconds.' }),
    validateOnly: f.bool('1+', { default: false, doc: 'Check everything, create nothing.' }),
  },
  response: {
    throttleTimeMs: throttleTimeMs('2+'),
    topics: f.array('0+', topicResponse, { doc: 'One answer for each topic asked for.' }),
  },
})
