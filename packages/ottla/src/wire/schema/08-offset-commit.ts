/** OffsetCommit: store how far a group has come. v7 static members, v8 flexible, v9 member epochs, v10 topic ids. */
import { errorCode, groupId, groupInstanceId, throttleTimeMs, topicId } from './common.ts'
import { defineApi, f, struct } from './language.ts'

const partition = struct('OffsetCommitPartition', {
  partitionIndex: f.int32('0+', { doc: 'Partition.' }),
  committedOffset: f.int53('0+', { doc: 'Next offset to read.' }),
  committedLeaderEpoch: f.int32('6+', { default: -1, doc: 'Leader epoch of the last record read; -1 when unknown.' }),
  committedMetadata: f.string('0+', { nullable: '0+', doc: 'Free text of the client.' }),
})

const partitionResponse = struct('OffsetCommitPartitionResponse', {
  partitionIndex: f.int32('0+', { doc: 'Partition.' }),
  errorCode: errorCode('0+', 'the commit'),
})

export const offsetCommit = defineApi({
  key: 8,
  name: 'OffsetCommit',
  versions: '2-10',
  flexible: '8+',
  source: 'Kafka 4.2 OffsetCommit; KIP-211, KIP-320, KIP-345, KIP-848, KIP-516',
  request: {
    groupId: groupId('0+'),
    generationIdOrMemberEpoch: f.int32('1+', {
      default: -1,
      doc: 'Generation of a classic member, epoch of another; -1 from who is no member.',
    }),
    memberId: f.string('1+', { default: '', doc: 'Id of the member; empty from who is none.' }),
    groupInstanceId: groupInstanceId('7+'),
    retentionTimeMs: f.int53('2-4', {
      default: -1,
      doc: 'How long to keep the offsets; -1 for the broker’s setting. Milliseconds.',
    }),
    topics: f.array(
      '0+',
      struct('OffsetCommitTopic', {
        name: f.string('0-9', { default: '', doc: 'Name of the topic.' }),
        topicId: topicId('10+'),
        partitions: f.array('0+', partition, { doc: 'Offsets to store.' }),
      }),
      { doc: 'Topics with offsets to store.' },
    ),
  },
  response: {
    throttleTimeMs: throttleTimeMs('3+'),
    topics: f.array(
      '0+',
      struct('OffsetCommitTopicResponse', {
        name: f.string('0-9', { default: '', doc: 'Name of the topic.' }),
        topicId: topicId('10+'),
        partitions: f.array('0+', partitionResponse, { doc: 'One answer for each offset.' }),
      }),
      { doc: 'One answer for each topic.' },
    ),
  },
})
