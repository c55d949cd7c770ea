/** LeaveGroup: members leave a classic group. v3 many at once, v4 flexible, v5 reasons. */
import { errorCode, groupId, groupInstanceId, throttleTimeMs } from './common.ts'
import { defineApi, f, struct } from './language.ts'

const member = struct('LeaveGroupMember', {
  memberId: f.string('3+', { doc: 'Id of the member; empty when named by its instance id alone.' }),
  groupInstanceId: groupInstanceId('3+'),
  reason: f.string('5+', { nullable: '5+', default: null, doc: 'Why it leaves, for people.' }),
})

const memberResponse = struct('LeaveGroupMemberResponse', {
  memberId: f.string('3+', { doc: 'Id of the member.' }),
  groupInstanceId: groupInstanceId('3+'),
  errorCode: errorCode('3+', 'the leave of this member'),
})

export const leaveGroup = defineApi({
  key: 13,
  name: 'LeaveGroup',
  versions: '0-5',
  flexible: '4+',
  source: 'Kafka 4.2 LeaveGroup; KIP-345, KIP-800',
  request: {
    groupId: groupId('0+'),
    memberId: f.string('0-2', { default: '', doc: 'Id of the member.' }),
    members: f.array('3+', member, { default: [], doc: 'Members that leave.' }),
  },
  response: {
    throttleTimeMs: throttleTimeMs('1+'),
    errorCode: errorCode('0+', 'the whole request'),
    members: f.array('3+', memberResponse, { default: [], doc: 'One answer for each member.' }),
  },
})
