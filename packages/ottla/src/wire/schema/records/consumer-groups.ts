/**
 * Records of __consumer_offsets that hold groups of the consumer protocol. The number in front of a key is its type; a
 * value of null deletes. Source: Kafka 4.2 coordinator records; KIP-848, KIP-1043, KIP-1101, KIP-1263.
 */
import { groupId } from '../common.ts'
import { defineRecord, f, struct } from '../language.ts'

const source = 'Kafka 4.2; KIP-848'
const memberId = (versions: string) => f.string(versions, { doc: 'Id of the member.' })
const orNull = (doc: string) => f.string('0+', { nullable: '0+', doc })

const topicPartitions = (name: string) =>
  struct(name, {
    topicId: f.uuid('0+', { doc: 'Id of the topic.' }),
    partitions: f.array('0+', 'int32', { doc: 'Partitions of the topic.' }),
  })

export const consumerGroupMetadataKey = defineRecord({
  name: 'ConsumerGroupMetadataKey',
  versions: '3',
  flexible: 'none',
  source,
  fields: { groupId: groupId('3+') },
})

export const consumerGroupMetadataValue = defineRecord({
  name: 'ConsumerGroupMetadataValue',
  versions: '0',
  flexible: '0+',
  source: 'Kafka 4.2; KIP-848, KIP-1101',
  fields: {
    epoch: f.int32('0+', { doc: 'Epoch of the group.' }),
    metadataHash: f.int64('0+', {
      tag: 0,
      default: 0n,
      doc: 'Hash of the subscribed topics, to notice that they changed.',
    }),
  },
})

export const consumerGroupMemberMetadataKey = defineRecord({
  name: 'ConsumerGroupMemberMetadataKey',
  versions: '5',
  flexible: 'none',
  source,
  fields: { groupId: groupId('5+'), memberId: memberId('5+') },
})

const classicProtocol = struct('ClassicMemberProtocol', {
  name: f.string('0+', { doc: 'Name of the protocol.' }),
  metadata: f.bytes('0+', { doc: 'What it must know of the member.' }),
})

const classicMember = struct('ClassicMemberMetadata', {
  supportedProtocols: f.array('0+', classicProtocol, { doc: 'Protocols that the member knows, the best first.' }),
})

export const consumerGroupMemberMetadataValue = defineRecord({
  name: 'ConsumerGroupMemberMetadataValue',
  versions: '0',
  flexible: '0+',
  source,
  fields: {
    instanceId: orNull('Id that a static member keeps over restarts.'),
    rackId: orNull('Rack of the member.'),
    clientId: f.string('0+', { doc: 'Client id it joined with.' }),
    clientHost: f.string('0+', { doc: 'Address it joined from.' }),
    subscribedTopicNames: f.array('0+', 'string', { doc: 'Topics it wants.' }),
    subscribedTopicRegex: orNull('RE2 pattern of topics it wants.'),
    rebalanceTimeoutMs: f.int32('0+', {
      default: -1,
      doc: 'How long it may take to give up partitions. Milliseconds.',
    }),
    serverAssignor: orNull('Assignor it wants; null when it does not matter.'),
    classicMemberMetadata: f.struct('0+', classicMember, {
      nullable: '0+',
      tag: 0,
      default: null,
      doc: 'What is known of a member that speaks the classic protocol; null for others.',
    }),
  },
})

export const consumerGroupTargetAssignmentMetadataKey = defineRecord({
  name: 'ConsumerGroupTargetAssignmentMetadataKey',
  versions: '6',
  flexible: 'none',
  source,
  fields: { groupId: groupId('6+') },
})

export const consumerGroupTargetAssignmentMetadataValue = defineRecord({
  name: 'ConsumerGroupTargetAssignmentMetadataValue',
  versions: '0',
  flexible: '0+',
  source: 'Kafka 4.2; KIP-848, KIP-1263',
  fields: {
    assignmentEpoch: f.int32('0+', { doc: 'Epoch of the target assignment.' }),
    assignmentTimestamp: f.int53('0+', {
      tag: 0,
      default: 0,
      doc: 'When it was made, in milliseconds since 1970; 0 when unknown.',
    }),
  },
})

export const consumerGroupTargetAssignmentMemberKey = defineRecord({
  name: 'ConsumerGroupTargetAssignmentMemberKey',
  versions: '7',
  flexible: 'none',
  source,
  fields: { groupId: groupId('7+'), memberId: memberId('7+') },
})

export const consumerGroupTargetAssignmentMemberValue = defineRecord({
  name: 'ConsumerGroupTargetAssignmentMemberValue',
  versions: '0',
  flexible: '0+',
  source,
  fields: {
    topicPartitions: f.array('0+', topicPartitions('TargetAssignmentTopic'), {
      doc: 'What the member shall own in the end.',
    }),
  },
})

export const consumerGroupCurrentMemberAssignmentKey = defineRecord({
  name: 'ConsumerGroupCurrentMemberAssignmentKey',
  versions: '8',
  flexible: 'none',
  source,
  fields: { groupId: groupId('8+'), memberId: memberId('8+') },
})

const currentTopic = topicPartitions('CurrentAssignmentTopic')

export const consumerGroupCurrentMemberAssignmentValue = defineRecord({
  name: 'ConsumerGroupCurrentMemberAssignmentValue',
  versions: '0',
  flexible: '0+',
  source,
  fields: {
    memberEpoch: f.int32('0+', { doc: 'Epoch that the member’s next heartbeat must have.' }),
    previousMemberEpoch: f.int32('0+', { doc: 'Epoch before it, accepted once more when a reply was lost.' }),
    state: f.int8('0+', { doc: 'State: 0 stable, 1 partitions to be revoked, 2 partitions to be released by others.' }),
    assignedPartitions: f.array('0+', currentTopic, { doc: 'What the member may own now.' }),
    partitionsPendingRevocation: f.array('0+', currentTopic, { doc: 'What it must give up.' }),
  },
})

export const consumerGroupRegularExpressionKey = defineRecord({
  name: 'ConsumerGroupRegularExpressionKey',
  versions: '16',
  flexible: 'none',
  source,
  fields: {
    groupId: groupId('16+'),
    regularExpression: f.string('16+', { doc: 'RE2 pattern that members subscribed to.' }),
  },
})

export const consumerGroupRegularExpressionValue = defineRecord({
  name: 'ConsumerGroupRegularExpressionValue',
  versions: '0',
  flexible: '0+',
  source,
  fields: {
    topics: f.array('0+', 'string', { doc: 'Topics that matched.' }),
    version: f.int53('0+', { doc: 'Version of the metadata they were matched in.' }),
    timestamp: f.int53('0+', { doc: 'When they were matched. Milliseconds since 1970.' }),
  },
})
