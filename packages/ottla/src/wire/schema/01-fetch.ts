/**
 * Fetch: read record batches, long polling. v4 magic 2 and isolation, v7 sessions, v9 leader epoch, v10 zstd, v11 racks,
 * v12 flexible and divergence, v13 topic ids instead of names, v15 replica state, v16 leader hints, v18 high watermark.
 */
import { errorCode, leaderIdAndEpoch, nodeEndpoint, throttleTimeMs, topicId } from './common.ts'
import { defineApi, f, struct } from './language.ts'

const fetchPartition = struct('FetchPartition', {
  partition: f.int32('0+', { doc: 'Partition to read.' }),
  currentLeaderEpoch: f.int32('9+', { default: -1, doc: 'Leader epoch the reader believes in; -1: do not check.' }),
  fetchOffset: f.int53('0+', { doc: 'First offset wanted.' }),
  lastFetchedEpoch: f.int32('12+', {
    default: -1,
    doc: 'Epoch of the last record the reader has, to find where it diverged from the leader; -1: do not check.',
  }),
  logStartOffset: f.int53('5+', { default: -1, doc: 'First offset of the follower’s log; -1 from a consumer.' }),
  partitionMaxBytes: f.int32('0+', { doc: 'Most bytes wanted from this partition; the first batch comes whole.' }),
  replicaDirectoryId: f.uuid('17+', { tag: 0, default: 'zero', doc: 'Log directory of the follower’s replica.' }),
  // Exact, because the largest int64 is the default: a number could not tell it from others near it.
  highWatermark: f.int64('18+', {
    tag: 1,
    default: 2n ** 63n - 1n,
    doc: 'High watermark that a follower knows, so that the leader answers at once when it has moved; the largest: not told.',
  }),
})

const fetchTopic = struct('FetchTopic', {
  topic: f.string('0-12', { default: '', doc: 'Name of the topic.' }),
  topicId: topicId('13+'),
  partitions: f.array('0+', fetchPartition, { doc: 'Partitions to read.' }),
})

const forgottenTopic = struct('FetchForgottenTopic', {
  topic: f.string('7-12', { default: '', doc: 'Name of the topic.' }),
  topicId: topicId('13+'),
  partitions: f.array('7+', 'int32', { doc: 'Partitions to take out of the session.' }),
})

const replicaState = struct('FetchReplicaState', {
  replicaId: f.int32('15+', { default: -1, doc: 'Broker id of the follower; -1 from a consumer.' }),
  replicaEpoch: f.int53('15+', { default: -1, doc: 'Incarnation of the follower; -1 when unknown.' }),
})

const abortedTransaction = struct('FetchAbortedTransaction', {
  producerId: f.int64('4+', { doc: 'Producer whose transaction was aborted.' }),
  firstOffset: f.int53('4+', { doc: 'First offset of that transaction.' }),
})

const epochEndOffset = struct('FetchDivergence', {
  epoch: f.int32('12+', { default: -1, doc: 'Largest epoch of the leader not above the asked one.' }),
  endOffset: f.int53('12+', { default: -1, doc: 'End offset (exclusive) of that epoch.' }),
})

const snapshotId = struct('FetchSnapshotId', {
  endOffset: f.int53('0+', { default: -1, doc: 'End offset of the snapshot.' }),
  epoch: f.int32('0+', { default: -1, doc: 'Epoch of the snapshot.' }),
})

const partitionData = struct('FetchPartitionData', {
  partitionIndex: f.int32('0+', { doc: 'Partition.' }),
  errorCode: errorCode('0+', 'the read'),
  highWatermark: f.int53('0+', { doc: 'First offset not yet on every in-sync replica; -1 on error.' }),
  lastStableOffset: f.int53('4+', {
    default: -1,
    doc: 'First offset of the earliest open transaction, or the high watermark.',
  }),
  logStartOffset: f.int53('5+', { default: -1, doc: 'First offset still in the log.' }),
  divergingEpoch: f.struct('12+', epochEndOffset, {
    tag: 0,
    default: 'fields',
    doc: 'Where the reader must cut its log.',
  }),
  currentLeader: f.struct('12+', leaderIdAndEpoch('FetchLeader'), {
    tag: 1,
    default: 'fields',
    doc: 'Who leads the partition, with NOT_LEADER_OR_FOLLOWER and FENCED_LEADER_EPOCH.',
  }),
  snapshotId: f.struct('12+', snapshotId, {
    tag: 2,
    default: 'fields',
    doc: 'Snapshot to fetch instead; metadata quorum only.',
  }),
  abortedTransactions: f.array('4+', abortedTransaction, {
    nullable: '4+',
    default: null,
    doc: 'Aborted transactions that overlap the records; null where the reader did not ask for committed ones only.',
  }),
  preferredReadReplica: f.int32('11+', { default: -1, doc: 'Broker to read from instead; -1: stay here.' }),
  records: f.records('0+', {
    nullable: '0+',
    doc: 'Whole batches; the last may be cut short, the first may begin before fetchOffset.',
  }),
})

const topicResponse = struct('FetchTopicResponse', {
  topic: f.string('0-12', { default: '', doc: 'Name of the topic.' }),
  topicId: topicId('13+'),
  partitions: f.array('0+', partitionData, { doc: 'Partitions that have something to tell.' }),
})

export const fetch = defineApi({
  key: 1,
  name: 'Fetch',
  versions: '4-18',
  flexible: '12+',
  source: 'Kafka 4.2 Fetch; KIP-98, KIP-227, KIP-320, KIP-392, KIP-516, KIP-595, KIP-903, KIP-951, KIP-1166',
  request: {
    clusterId: f.string('12+', {
      nullable: '12+',
      tag: 0,
      default: null,
      doc: 'Cluster the reader believes it talks to; metadata quorum only.',
    }),
    replicaId: f.int32('0-14', { default: -1, doc: 'Broker id of a follower; -1 from a consumer.' }),
    replicaState: f.struct('15+', replicaState, {
      tag: 1,
      default: 'fields',
      doc: 'The follower, instead of replicaId.',
    }),
    maxWaitMs: f.int32('0+', { doc: 'How long to wait for minBytes. Milliseconds.' }),
    minBytes: f.int32('0+', { doc: 'Bytes that must be there before an answer within maxWaitMs.' }),
    maxBytes: f.int32('3+', { default: 0x7fff_ffff, doc: 'Most bytes in the answer; the first batch comes whole.' }),
    isolationLevel: f.int8('4+', { default: 0, doc: '0: all records, 1: committed ones only.' }),
    sessionId: f.int32('7+', { default: 0, doc: 'Fetch session; 0: none yet.' }),
    sessionEpoch: f.int32('7+', {
      default: -1,
      doc: 'Number of the request within the session; 0 begins one, -1 ends it.',
    }),
    topics: f.array('0+', fetchTopic, { doc: 'Topics to read; within a session, only what changed.' }),
    forgottenTopicsData: f.array('7+', forgottenTopic, { default: [], doc: 'Partitions to take out of the session.' }),
    rackId: f.string('11+', { default: '', doc: 'Rack of the reader; empty when it has none.' }),
  },
  response: {
    throttleTimeMs: throttleTimeMs('1+'),
    errorCode: errorCode('7+', 'the whole fetch'),
    sessionId: f.int32('7+', { default: 0, doc: 'Session this answer belongs to; 0: none.' }),
    responses: f.array('0+', topicResponse, { doc: 'Topics that have something to tell.' }),
    nodeEndpoints: f.array('16+', nodeEndpoint('FetchEndpoint'), {
      tag: 0,
      default: [],
      doc: 'Addresses of the leaders named in the answers.',
    }),
  },
})
