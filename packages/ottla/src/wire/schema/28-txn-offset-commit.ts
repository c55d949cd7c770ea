/** TxnOffsetCommit: offsets that count when the transaction commits. v3 flexible with membership, v5 implicit adding. */
import {
  groupId,
  groupInstanceId,
  producerEpoch,
  producerId,
  throttleTimeMs,
  topicErrors,
  topicName,
} from './common.ts'
import { defineApi, f, struct } from './language.ts'

const partition = struct('TxnOffsetCommitPartition', {
  partitionIndex: f.int32('0+', { doc: 'Partition.' }),
  committedOffset: f.int53('0+', { doc: 'Next offset to read.' }),
  committedLeaderEpoch: f.int32('2+', { default: -1, doc: 'Leader epoch of the last record read; -1 when unknown.' }),
  committedMetadata: f.string('0+', { nullable: '0+', doc: 'Free text of the client.' }),
})

export const txnOffsetCommit = defineApi({
  key: 28,
  name: 'TxnOffsetCommit',
  versions: '0-5',
  flexible: '3+',
  source: 'Kafka 4.2 TxnOffsetCommit; KIP-98, KIP-320, KIP-447, KIP-890',
  request: {
    transactionalId: f.string('0+', { doc: 'Transactional id.' }),
    groupId: groupId('0+'),
    producerId: producerId(),
    producerEpoch: producerEpoch(),
    generationId: f.int32('3+', { default: -1, doc: 'Generation of the consumer; -1: do not check.' }),
    memberId: f.string('3+', { default: '', doc: 'Member id of the consumer; empty: do not check.' }),
    groupInstanceId: groupInstanceId('3+'),
    topics: f.array(
      '0+',
      struct('TxnOffsetCommitTopic', {
        name: topicName('0+'),
        partitions: f.array('0+', partition, { doc: 'Offsets to store.' }),
      }),
      { doc: 'Topics with offsets to store.' },
    ),
  },
  response: {
    throttleTimeMs: throttleTimeMs('0+'),
    topics: f.array('0+', topicErrors('TxnOffsetCommitTopicResponse'), { doc: 'One answer for each topic.' }),
  },
})
