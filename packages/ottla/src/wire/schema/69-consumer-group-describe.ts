/** ConsumerGroupDescribe: state and members of groups of the consumer protocol. v1 member types. */
import { authorizedOperations, errorCode, errorMessage, groupId, throttleTimeMs, topicId, topicName } from './common.ts'
import { defineApi, f, struct } from './language.ts'

const topicPartitions = struct('ConsumerGroupDescribeTopic', {
  topicId: topicId('0+'),
  topicName: topicName('0+'),
  partitions: f.array('0+', 'int32', { doc: 'Partitions of the topic.' }),
})

const assignment = struct('ConsumerGroupDescribeAssignment', {
  topicPartitions: f.array('0+', topicPartitions, { doc: 'Partitions, by topic.' }),
})

const member = struct('ConsumerGroupDescribeMember', {
  memberId: f.string('0+', { doc: 'Id of the member.' }),
  instanceId: f.string('0+', { nullable: '0+', default: null, doc: 'Id that a static member keeps over restarts.' }),
  rackId: f.string('0+', { nullable: '0+', default: null, doc: 'Rack of the member.' }),
  memberEpoch: f.int32('0+', { doc: 'Epoch of the member.' }),
  clientId: f.string('0+', { doc: 'Client id it joined with.' }),
  clientHost: f.string('0+', { doc: 'Address it joined from.' }),
  subscribedTopicNames: f.array('0+', 'string', { doc: 'Topics it wants.' }),
  subscribedTopicRegex: f.string('0+', { nullable: '0+', default: null, doc: 'RE2 pattern of topics it wants.' }),
  assignment: f.struct('0+', assignment, { doc: 'What it may own now.' }),
  targetAssignment: f.struct('0+', assignment, { doc: 'What it shall own in the end.' }),
  memberType: f.int8('1+', { default: -1, doc: 'Protocol it speaks: 0 classic, 1 consumer, -1 unknown.' }),
})

const group = struct('ConsumerGroupDescribeGroup', {
  errorCode: errorCode('0+', 'the lookup of the group'),
  errorMessage: errorMessage('0+'),
  groupId: groupId('0+'),
  groupState: f.string('0+', { doc: 'Name of the state.' }),
  groupEpoch: f.int32('0+', { doc: 'Epoch of the group.' }),
  assignmentEpoch: f.int32('0+', { doc: 'Epoch of its target assignment.' }),
  assignorName: f.string('0+', { doc: 'Assignor that made it.' }),
  members: f.array('0+', member, { doc: 'Its members.' }),
  authorizedOperations: authorizedOperations('0+', 'the group'),
})

export const consumerGroupDescribe = defineApi({
  key: 69,
  name: 'ConsumerGroupDescribe',
  versions: '0-1',
  flexible: '0+',
  source: 'Kafka 4.2 ConsumerGroupDescribe; KIP-848, KIP-1099',
  request: {
    groupIds: f.array('0+', 'string', { doc: 'Ids of the groups.' }),
    includeAuthorizedOperations: f.bool('0+', { default: false, doc: 'Whether to fill in the groups’ operations.' }),
  },
  response: {
    throttleTimeMs: throttleTimeMs('0+'),
    groups: f.array('0+', group, { doc: 'One answer for each group.' }),
  },
})
