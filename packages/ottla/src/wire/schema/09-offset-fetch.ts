/**
 * OffsetFetch: how far groups have come. v2 null for all topics, v6 flexible, v7 stable offsets only, v8 many groups,
 * v9 member epochs, v10 topic ids.
 */
import { errorCode, groupId, throttleTimeMs, topicId, topicName } from './common.ts'
import { defineApi, f, struct } from './language.ts'

const topic = struct('OffsetFetchTopic', {
  name: topicName('0-7'),
  partitionIndexes: f.array('0-7', 'int32', { doc: 'Partitions wanted.' }),
})

const groupTopic = struct('OffsetFetchGroupTopic', {
  name: f.string('8-9', { default: '', doc: 'Name of the topic.' }),
  topicId: topicId('10+'),
  partitionIndexes: f.array('8+', 'int32', { doc: 'Partitions wanted.' }),
})

const group = struct('OffsetFetchGroup', {
  groupId: groupId('8+'),
  memberId: f.string('9+', {
    nullable: '9+',
    default: null,
    doc: 'Id of the member that asks; null from who is none.',
  }),
  memberEpoch: f.int32('9+', { default: -1, doc: 'Epoch of that member; -1 from who is none.' }),
  topics: f.array('8+', groupTopic, { nullable: '8+', default: null, doc: 'Topics wanted; null for all.' }),
})

const offset = (name: string, epochVersions: string) =>
  struct(name, {
    partitionIndex: f.int32('0+', { doc: 'Partition.' }),
    committedOffset: f.int53('0+', { doc: 'Next offset to read; -1 when none is stored.' }),
    committedLeaderEpoch: f.int32(epochVersions, {
      default: -1,
      doc: 'Leader epoch of the last record read; -1 when unknown.',
    }),
    metadata: f.string('0+', { nullable: '0+', doc: 'Free text of the client.' }),
    errorCode: errorCode('0+', 'the lookup of the partition'),
  })

const topicResponse = struct('OffsetFetchTopicResponse', {
  name: topicName('0-7'),
  partitions: f.array('0-7', offset('OffsetFetchPartitionResponse', '5-7'), { doc: 'One answer for each partition.' }),
})

const groupTopicResponse = struct('OffsetFetchGroupTopicResponse', {
  name: f.string('8-9', { default: '', doc: 'Name of the topic.' }),
  topicId: topicId('10+'),
  partitions: f.array('8+', offset('OffsetFetchGroupPartitionResponse', '8+'), {
    doc: 'One answer for each partition.',
  }),
})

const groupResponse = struct('OffsetFetchGroupResponse', {
  groupId: groupId('8+'),
  topics: f.array('8+', groupTopicResponse, { doc: 'One answer for each topic.' }),
  errorCode: errorCode('8+', 'the lookup of the group'),
})

export const offsetFetch = defineApi({
  key: 9,
  name: 'OffsetFetch',
  versions: '1-10',
  flexible: '6+',
  source: 'Kafka 4.2 OffsetFetch; KIP-88, KIP-320, KIP-447, KIP-709, KIP-848, KIP-516',
  request: {
    groupId: f.string('0-7', { default: '', doc: 'Id of the group.' }),
    topics: f.array('0-7', topic, { nullable: '2-7', default: [], doc: 'Topics wanted; null for all.' }),
    groups: f.array('8+', group, { default: [], doc: 'Groups wanted, each with its topics.' }),
    requireStable: f.bool('7+', {
      default: false,
      doc: 'Whether to refuse offsets that an open transaction may change.',
    }),
  },
  response: {
    throttleTimeMs: throttleTimeMs('3+'),
    topics: f.array('0-7', topicResponse, { default: [], doc: 'One answer for each topic.' }),
    errorCode: errorCode('2-7', 'the lookup of the group'),
    groups: f.array('8+', groupResponse, { default: [], doc: 'One answer for each group.' }),
  },
})
