/**
 * What classic consumers put into the bytes of JoinGroup and SyncGroup: their subscriptions and assignments. A version
 * above the newest reads as the newest, because later versions only append.
 * Source: Kafka 4.2 ConsumerProtocolSubscription, ConsumerProtocolAssignment; KIP-429, KIP-792, KIP-881.
 */
import { topicPartitions } from '../common.ts'
import { defineRecord, f } from '../language.ts'

export const consumerProtocolSubscription = defineRecord({
  name: 'ConsumerProtocolSubscription',
  versions: '0-3',
  flexible: 'none',
  newer: 'as-newest',
  source: 'Kafka 4.2 ConsumerProtocolSubscription',
  fields: {
    topics: f.array('0+', 'string', { doc: 'Topics wanted.' }),
    userData: f.bytes('0+', { nullable: '0+', default: null, doc: 'What the assignor of the client added.' }),
    ownedPartitions: f.array('1+', topicPartitions('ConsumerProtocolOwnedTopic', 'topic', 'partitions'), {
      default: [],
      doc: 'Partitions owned now, for cooperative rebalancing.',
    }),
    generationId: f.int32('2+', { default: -1, doc: 'Generation in which they were assigned; -1 when unknown.' }),
    rackId: f.string('3+', { nullable: '3+', default: null, doc: 'Rack of the consumer.' }),
  },
})

export const consumerProtocolAssignment = defineRecord({
  name: 'ConsumerProtocolAssignment',
  versions: '0-3',
  flexible: 'none',
  newer: 'as-newest',
  source: 'Kafka 4.2 ConsumerProtocolAssignment',
  fields: {
    assignedPartitions: f.array('0+', topicPartitions('ConsumerProtocolAssignedTopic', 'topic', 'partitions'), {
      doc: 'Partitions assigned.',
    }),
    userData: f.bytes('0+', { nullable: '0+', default: null, doc: 'What the assignor added.' }),
  },
})
