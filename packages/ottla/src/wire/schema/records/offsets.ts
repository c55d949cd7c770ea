/**
 * Records of __consumer_offsets that hold committed offsets and classic groups. A key says by its leading number what it
 * is: 0 and 1 an offset (both read alike), 2 a group. A value of null deletes.
 * Source: Kafka 4.2 OffsetCommitKey, OffsetCommitValue, GroupMetadataKey, GroupMetadataValue.
 */
import { groupInstanceId, topicName } from '../common.ts'
import { defineRecord, f, struct } from '../language.ts'

export const offsetCommitKey = defineRecord({
  name: 'OffsetCommitKey',
  versions: '0-1',
  flexible: 'none',
  source: 'Kafka 4.2 OffsetCommitKey',
  fields: {
    group: f.string('0+', { doc: 'Id of the group.' }),
    topic: topicName('0+'),
    partition: f.int32('0+', { doc: 'Partition.' }),
  },
})

export const offsetCommitValue = defineRecord({
  name: 'OffsetCommitValue',
  versions: '0-4',
  flexible: '4+',
  source: 'Kafka 4.2 OffsetCommitValue; KIP-211, KIP-320, KIP-516',
  fields: {
    offset: f.int53('0+', { doc: 'Next offset to read.' }),
    leaderEpoch: f.int32('3+', { default: -1, doc: 'Leader epoch of the last record read; -1 when unknown.' }),
    metadata: f.string('0+', { doc: 'Free text of the client.' }),
    commitTimestamp: f.int53('0+', { doc: 'When it was committed. Milliseconds since 1970.' }),
    expireTimestamp: f.int53('1', { default: -1, doc: 'When it may be forgotten; -1: by the broker’s setting.' }),
    topicId: f.uuid('4+', { tag: 0, default: 'zero', doc: 'Id of the topic; all zero when unknown.' }),
  },
})

export const groupMetadataKey = defineRecord({
  name: 'GroupMetadataKey',
  versions: '2',
  flexible: 'none',
  source: 'Kafka 4.2 GroupMetadataKey',
  fields: {
    group: f.string('2+', { doc: 'Id of the group.' }),
  },
})

const member = struct('GroupMetadataMember', {
  memberId: f.string('0+', { doc: 'Id of the member.' }),
  groupInstanceId: groupInstanceId('3+'),
  clientId: f.string('0+', { doc: 'Client id it joined with.' }),
  clientHost: f.string('0+', { doc: 'Address it joined from.' }),
  rebalanceTimeout: f.int32('1+', { default: 0, doc: 'How long it may take to join again. Milliseconds.' }),
  sessionTimeout: f.int32('0+', { doc: 'How long it may be silent. Milliseconds.' }),
  subscription: f.bytes('0+', { doc: 'What the chosen protocol knows of it.' }),
  assignment: f.bytes('0+', { doc: 'What it is assigned.' }),
})

export const groupMetadataValue = defineRecord({
  name: 'GroupMetadataValue',
  versions: '0-4',
  flexible: '4+',
  source: 'Kafka 4.2 GroupMetadataValue; KIP-211, KIP-345',
  fields: {
    protocolType: f.string('0+', { doc: 'Kind of group; empty while it has had no member.' }),
    generation: f.int32('0+', { doc: 'Number of the generation.' }),
    protocol: f.string('0+', { nullable: '0+', doc: 'Protocol chosen; null while there is none.' }),
    leader: f.string('0+', { nullable: '0+', doc: 'Id of the leading member; null while there is none.' }),
    currentStateTimestamp: f.int53('2+', {
      default: -1,
      doc: 'When the group got its state, in milliseconds since 1970.',
    }),
    members: f.array('0+', member, { doc: 'Its members.' }),
  },
})
