/** DeleteRecords: move the start of logs forward. v2 flexible. */
import { errorCode, throttleTimeMs, topicName } from './common.ts'
import { defineApi, f, struct } from './language.ts'

const partition = struct('DeleteRecordsPartition', {
  partitionIndex: f.int32('0+', { doc: 'Partition.' }),
  offset: f.int53('0+', { doc: 'First offset to keep; -1 for the high watermark.' }),
})

const partitionResponse = struct('DeleteRecordsPartitionResponse', {
  partitionIndex: f.int32('0+', { doc: 'Partition.' }),
  lowWatermark: f.int53('0+', { doc: 'Lowest log start offset of all replicas; -1 on error.' }),
  errorCode: errorCode('0+', 'the deletion'),
})

export const deleteRecords = defineApi({
  key: 21,
  name: 'DeleteRecords',
  versions: '0-2',
  flexible: '2+',
  source: 'Kafka 4.2 DeleteRecords; KIP-107',
  request: {
    topics: f.array(
      '0+',
      struct('DeleteRecordsTopic', {
        name: topicName('0+'),
        partitions: f.array('0+', partition, { doc: 'Partitions to shorten.' }),
      }),
      { doc: 'Topics to shorten.' },
    ),
    timeoutMs: f.int32('0+', { doc: 'How long to wait for all replicas. Milliseconds.' }),
  },
  response: {
    throttleTimeMs: throttleTimeMs('0+'),
    topics: f.array(
      '0+',
      struct('DeleteRecordsTopicResponse', {
        name: topicName('0+'),
        partitions: f.array('0+', partitionResponse, { doc: 'One answer for each partition asked for.' }),
      }),
      { doc: 'One answer for each topic asked for.' },
    ),
  },
})
