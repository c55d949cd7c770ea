/** OffsetForLeaderEpoch: where an epoch of a partition ends. v3 followers name themselves, v4 flexible. */
import { errorCode, throttleTimeMs, topicName } from './common.ts'
import { defineApi, f, struct } from './language.ts'

const partition = struct('OffsetForLeaderEpochPartition', {
  partition: f.int32('0+', { doc: 'Partition.' }),
  currentLeaderEpoch: f.int32('2+', { default: -1, doc: 'Leader epoch the asker believes in; -1: do not check.' }),
  leaderEpoch: f.int32('0+', { doc: 'Epoch whose end is wanted.' }),
})

const partitionResponse = struct('OffsetForLeaderEpochPartitionResponse', {
  errorCode: errorCode('0+', 'the lookup'),
  partition: f.int32('0+', { doc: 'Partition.' }),
  leaderEpoch: f.int32('1+', { default: -1, doc: 'Largest epoch of the log not above the asked one; -1: none.' }),
  endOffset: f.int53('0+', { default: -1, doc: 'End offset (exclusive) of that epoch; -1: none.' }),
})

export const offsetForLeaderEpoch = defineApi({
  key: 23,
  name: 'OffsetForLeaderEpoch',
  versions: '2-4',
  flexible: '4+',
  source: 'Kafka 4.2 OffsetForLeaderEpoch; KIP-101, KIP-279, KIP-320',
  request: {
    replicaId: f.int32('3+', { default: -2, doc: 'Broker id of a follower; -1 from a consumer, -2 where not told.' }),
    topics: f.array(
      '0+',
      struct('OffsetForLeaderEpochTopic', {
        topic: topicName('0+'),
        partitions: f.array('0+', partition, { doc: 'Partitions to look up.' }),
      }),
      { doc: 'Topics to look up.' },
    ),
  },
  response: {
    throttleTimeMs: throttleTimeMs('2+'),
    topics: f.array(
      '0+',
      struct('OffsetForLeaderEpochTopicResponse', {
        topic: topicName('0+'),
        partitions: f.array('0+', partitionResponse, { doc: 'One answer for each partition asked for.' }),
      }),
      { doc: 'One answer for each topic asked for.' },
    ),
  },
})
