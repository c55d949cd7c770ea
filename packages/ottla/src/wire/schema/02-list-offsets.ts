/**
 * ListOffsets: offsets by timestamp. Special timestamps: -1 end, -2 start, -3 largest timestamp (v7), -4 local start
 * (v8), -5 last tiered (v9), -6 earliest not yet tiered (v11). v2 isolation, v4 epochs, v6 flexible, v10 timeout.
 */
import { errorCode, replicaId, throttleTimeMs, topicName } from './common.ts'
import { defineApi, f, struct } from './language.ts'

const partition = struct('ListOffsetsPartition', {
  partitionIndex: f.int32('0+', { doc: 'Partition.' }),
  currentLeaderEpoch: f.int32('4+', { default: -1, doc: 'Leader epoch the client believes in; -1: do not check.' }),
  timestamp: f.int53('0+', {
    doc: 'First record at or after this time is wanted; milliseconds since 1970, or a special value.',
  }),
})

const partitionResponse = struct('ListOffsetsPartitionResponse', {
  partitionIndex: f.int32('0+', { doc: 'Partition.' }),
  errorCode: errorCode('0+', 'the search'),
  timestamp: f.int53('1+', { default: -1, doc: 'Timestamp of the record found; -1 for none or a special request.' }),
  offset: f.int53('1+', { default: -1, doc: 'Offset found; -1 for none.' }),
  leaderEpoch: f.int32('4+', { default: -1, doc: 'Epoch of the record found; -1 when unknown.' }),
})

export const listOffsets = defineApi({
  key: 2,
  name: 'ListOffsets',
  versions: '1-11',
  flexible: '6+',
  source: 'Kafka 4.2 ListOffsets; KIP-79, KIP-98, KIP-320, KIP-734, KIP-405, KIP-1005, KIP-1023, KIP-1075',
  request: {
    replicaId: replicaId('0+'),
    isolationLevel: f.int8('2+', { default: 0, doc: '0: the end is the high watermark, 1: the last stable offset.' }),
    topics: f.array(
      '0+',
      struct('ListOffsetsTopic', {
        name: topicName('0+'),
        partitions: f.array('0+', partition, { doc: 'Partitions to search.' }),
      }),
      { doc: 'Topics to search.' },
    ),
    timeoutMs: f.int32('10+', { default: 0, doc: 'How long to wait for an answer from tiered storage. Milliseconds.' }),
  },
  response: {
    throttleTimeMs: throttleTimeMs('2+'),
    topics: f.array(
      '0+',
      struct('ListOffsetsTopicResponse', {
        name: topicName('0+'),
        partitions: f.array('0+', partitionResponse, { doc: 'One answer for each partition asked for.' }),
      }),
      { doc: 'One answer for each topic asked for.' },
    ),
  },
})
