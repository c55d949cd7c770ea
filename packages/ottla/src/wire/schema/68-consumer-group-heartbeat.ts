/** ConsumerGroupHeartbeat: join, stay in and leave a group of the consumer protocol. v1 patterns. */
import { errorCode, errorMessage, groupId, throttleTimeMs, topicId } from './common.ts'
import { defineApi, f, struct } from './language.ts'

const topicPartitions = (name: string) =>
  struct(name, {
    topicId: topicId('0+'),
    partitions: f.array('0+', 'int32', { doc: 'Partitions of the topic.' }),
  })

const orNull = (doc: string) => f.string('0+', { nullable: '0+', default: null, doc })

const assignment = struct('ConsumerGroupHeartbeatAssignment', {
  topicPartitions: f.array('0+', topicPartitions('ConsumerGroupHeartbeatAssignedTopic'), {
    doc: 'What the member may own now.',
  }),
})

export const consumerGroupHeartbeat = defineApi({
  key: 68,
  name: 'ConsumerGroupHeartbeat',
  versions: '0-1',
  flexible: '0+',
  source: 'Kafka 4.2 ConsumerGroupHeartbeat; KIP-848, KIP-1082',
  request: {
    groupId: groupId('0+'),
    memberId: f.string('0+', { doc: 'Id of the member, made by the client from version 1 on; empty at first before.' }),
    memberEpoch: f.int32('0+', {
      doc: 'Epoch of the member; 0 to join, -1 to leave, -2 to leave as a static member for a while.',
    }),
    instanceId: orNull('Id that a static member keeps over restarts; null when there is none or it did not change.'),
    rackId: orNull('Rack of the member; null when there is none or it did not change.'),
    rebalanceTimeoutMs: f.int32('0+', {
      default: -1,
      doc: 'How long the member may take to give up partitions; -1 when it did not change. Milliseconds.',
    }),
    subscribedTopicNames: f.array('0+', 'string', {
      nullable: '0+',
      default: null,
      doc: 'Topics wanted; null when they did not change.',
    }),
    subscribedTopicRegex: f.string('1+', {
      nullable: '1+',
      default: null,
      doc: 'RE2 pattern of topics wanted; null when it did not change.',
    }),
    serverAssignor: orNull('Assignor wanted; null when it does not matter or did not change.'),
    topicPartitions: f.array('0+', topicPartitions('ConsumerGroupHeartbeatOwnedTopic'), {
      nullable: '0+',
      default: null,
      doc: 'What the member owns; null when it did not change.',
    }),
  },
  response: {
    throttleTimeMs: throttleTimeMs('0+'),
    errorCode: errorCode('0+', 'the heartbeat'),
    errorMessage: errorMessage('0+'),
    memberId: orNull('Id given to the member, when it had none.'),
    memberEpoch: f.int32('0+', { doc: 'Epoch of the member.' }),
    heartbeatIntervalMs: f.int32('0+', { doc: 'When the next heartbeat is due. Milliseconds.' }),
    assignment: f.struct('0+', assignment, {
      nullable: '0+',
      default: null,
      doc: 'Assignment; null when it did not change.',
    }),
  },
})
