/** DescribeGroups: state and members of classic groups. v4 static members, v5 flexible, v6 an error for missing groups. */
import { authorizedOperations, errorCode, errorMessage, groupId, groupInstanceId, throttleTimeMs } from './common.ts'
import { defineApi, f, struct } from './language.ts'

const member = struct('DescribedGroupMember', {
  memberId: f.string('0+', { doc: 'Id of the member.' }),
  groupInstanceId: groupInstanceId('4+'),
  clientId: f.string('0+', { doc: 'Client id it joined with.' }),
  clientHost: f.string('0+', { doc: 'Address it joined from.' }),
  memberMetadata: f.bytes('0+', { doc: 'What the chosen protocol knows of it.' }),
  memberAssignment: f.bytes('0+', { doc: 'What it is assigned.' }),
})

const group = struct('DescribedGroup', {
  errorCode: errorCode('0+', 'the lookup of the group'),
  errorMessage: errorMessage('6+'),
  groupId: groupId('0+'),
  groupState: f.string('0+', { doc: 'Name of the state; empty on error.' }),
  protocolType: f.string('0+', { doc: 'Kind of group; empty on error.' }),
  protocolData: f.string('0+', { doc: 'Protocol chosen; empty when there is none.' }),
  members: f.array('0+', member, { doc: 'Its members.' }),
  authorizedOperations: authorizedOperations('3+', 'the group'),
})

export const describeGroups = defineApi({
  key: 15,
  name: 'DescribeGroups',
  versions: '0-6',
  flexible: '5+',
  source: 'Kafka 4.2 DescribeGroups; KIP-345, KIP-430, KIP-1043',
  request: {
    groups: f.array('0+', 'string', { doc: 'Ids of the groups.' }),
    includeAuthorizedOperations: f.bool('3+', { default: false, doc: 'Whether to fill in the groups’ operations.' }),
  },
  response: {
    throttleTimeMs: throttleTimeMs('1+'),
    groups: f.array('0+', group, { doc: 'One answer for each group.' }),
  },
})
