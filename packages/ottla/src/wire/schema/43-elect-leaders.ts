/** ElectLeaders: elect preferred leaders, or others where all in-sync replicas are gone. v1 types, v2 flexible. */
import { errorCode, errorMessage, throttleTimeMs, topicName, topicPartitions } from './common.ts'
import { defineApi, f, struct } from './language.ts'

const partitionResult = struct('ElectLeadersPartitionResult', {
  partitionId: f.int32('0+', { doc: 'Partition.' }),
  errorCode: errorCode('0+', 'the election'),
  errorMessage: errorMessage('0+'),
})

const topicResult = struct('ElectLeadersTopicResult', {
  topic: topicName('0+'),
  partitionResult: f.array('0+', partitionResult, { doc: 'One answer for each partition.' }),
})

export const electLeaders = defineApi({
  key: 43,
  name: 'ElectLeaders',
  versions: '0-2',
  flexible: '2+',
  source: 'Kafka 4.2 ElectLeaders; KIP-183, KIP-460',
  request: {
    electionType: f.int8('1+', {
      default: 0,
      doc: 'Who may become leader. 0: the preferred replica, 1: any replica, if need be unclean.',
    }),
    topicPartitions: f.array('0+', topicPartitions('ElectLeadersTopic', 'topic', 'partitions'), {
      nullable: '0+',
      doc: 'Where to elect; null for all partitions.',
    }),
    timeoutMs: f.int32('0+', { default: 60_000, doc: 'How long to wait for the elections. Milliseconds.' }),
  },
  response: {
    throttleTimeMs: throttleTimeMs('0+'),
    errorCode: errorCode('1+', 'the whole request'),
    replicaElectionResults: f.array('0+', topicResult, { doc: 'One answer for each topic.' }),
  },
})
