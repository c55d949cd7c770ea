/** OffsetDelete: forget committed offsets of topics that a group no longer reads. Never flexible. */
import { errorCode, groupId, throttleTimeMs, topicErrors, topicName } from './common.ts'
import { defineApi, f, struct } from './language.ts'

const partition = struct('OffsetDeletePartition', {
  partitionIndex: f.int32('0+', { doc: 'Partition.' }),
})

const topic = struct('OffsetDeleteTopic', {
  name: topicName('0+'),
  partitions: f.array('0+', partition, { doc: 'Partitions whose offsets to forget.' }),
})

export const offsetDelete = defineApi({
  key: 47,
  name: 'OffsetDelete',
  versions: '0',
  flexible: 'none',
  source: 'Kafka 4.2 OffsetDelete; KIP-496',
  request: {
    groupId: groupId('0+'),
    topics: f.array('0+', topic, { doc: 'Topics whose offsets to forget.' }),
  },
  response: {
    errorCode: errorCode('0+', 'the whole request'),
    throttleTimeMs: throttleTimeMs('0+'),
    topics: f.array('0+', topicErrors('OffsetDeleteTopicResponse'), { doc: 'One answer for each topic.' }),
  },
})
