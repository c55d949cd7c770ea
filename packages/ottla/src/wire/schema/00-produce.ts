/** Produce: append record batches. v7 zstd, v9 flexible, v10 leader hints, v12 implicit transactions, v13 topic ids. */
import { errorCode, errorMessage, leaderIdAndEpoch, nodeEndpoint, throttleTimeMs, topicId } from './common.ts'
import { defineApi, f, struct } from './language.ts'

const partitionData = struct('ProducePartition', {
  index: f.int32('0+', { doc: 'Partition to append to.' }),
  records: f.records('0+', { nullable: '0+', doc: 'Exactly one record batch of magic 2.' }),
})

const topicData = struct('ProduceTopic', {
  name: f.string('0-12', { default: '', doc: 'Name of the topic.' }),
  topicId: topicId('13+'),
  partitionData: f.array('0+', partitionData, { doc: 'Partitions to append to.' }),
})

const recordError = struct('ProduceRecordError', {
  batchIndex: f.int32('8+', { doc: 'Index, within the batch, of a record that made the batch be refused.' }),
  batchIndexErrorMessage: f.string('8+', { nullable: '8+', default: null, doc: 'What is wrong with that record.' }),
})

const partitionResponse = struct('ProducePartitionResponse', {
  index: f.int32('0+', { doc: 'Partition.' }),
  errorCode: errorCode('0+', 'the append'),
  baseOffset: f.int53('0+', { doc: 'Offset given to the first record; -1 on error.' }),
  logAppendTimeMs: f.int53('2+', {
    default: -1,
    doc: 'Timestamp that the broker gave the batch, in milliseconds since 1970; -1 where the topic keeps create times.',
  }),
  logStartOffset: f.int53('5+', { default: -1, doc: 'First offset still in the log; -1 when unknown.' }),
  recordErrors: f.array('8+', recordError, { default: [], doc: 'Records that made the whole batch be refused.' }),
  errorMessage: errorMessage('8+'),
  currentLeader: f.struct('10+', leaderIdAndEpoch('ProduceLeader'), {
    tag: 0,
    default: 'fields',
    doc: 'Who leads the partition, with NOT_LEADER_OR_FOLLOWER and FENCED_LEADER_EPOCH.',
  }),
})

const topicResponse = struct('ProduceTopicResponse', {
  name: f.string('0-12', { default: '', doc: 'Name of the topic.' }),
  topicId: topicId('13+'),
  partitionResponses: f.array('0+', partitionResponse, { doc: 'One answer for each partition asked for.' }),
})

export const produce = defineApi({
  key: 0,
  name: 'Produce',
  versions: '3-13',
  advertise: '0-13',
  flexible: '9+',
  source: 'Kafka 4.2 Produce; KIP-98, KIP-467, KIP-890, KIP-951, KIP-516',
  request: {
    transactionalId: f.string('3+', {
      nullable: '3+',
      default: null,
      doc: 'Id of the transactional producer; null when it is not transactional.',
    }),
    acks: f.int16('0+', { doc: '0: no reply, 1: the leader has it, -1: every in-sync replica has it.' }),
    timeoutMs: f.int32('0+', { doc: 'How long the broker may wait for acks. Milliseconds.' }),
    topicData: f.array('0+', topicData, { doc: 'Topics to append to.' }),
  },
  response: {
    responses: f.array('0+', topicResponse, { doc: 'One answer for each topic asked for.' }),
    throttleTimeMs: throttleTimeMs('1+'),
    nodeEndpoints: f.array('10+', nodeEndpoint('ProduceEndpoint'), {
      tag: 0,
      default: [],
      doc: 'Addresses of the leaders named in the answers.',
    }),
  },
})
