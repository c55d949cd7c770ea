/** SyncGroup: hand out the assignment of a classic generation. v3 static members, v4 flexible, v5 protocol checks. */
import { errorCode, groupId, groupInstanceId, throttleTimeMs } from './common.ts'
import { defineApi, f, struct } from './language.ts'

const assignment = struct('SyncGroupAssignment', {
  memberId: f.string('0+', { doc: 'Id of the member.' }),
  assignment: f.bytes('0+', { doc: 'What it is assigned, in the protocol’s own form.' }),
})

export const syncGroup = defineApi({
  key: 14,
  name: 'SyncGroup',
  versions: '0-5',
  flexible: '4+',
  source: 'Kafka 4.2 SyncGroup; KIP-345, KIP-559',
  request: {
    groupId: groupId('0+'),
    generationId: f.int32('0+', { doc: 'Generation the member is in.' }),
    memberId: f.string('0+', { doc: 'Id of the member.' }),
    groupInstanceId: groupInstanceId('3+'),
    protocolType: f.string('5+', {
      nullable: '5+',
      default: null,
      doc: 'Kind of group, to be checked; null: do not check.',
    }),
    protocolName: f.string('5+', {
      nullable: '5+',
      default: null,
      doc: 'Protocol, to be checked; null: do not check.',
    }),
    assignments: f.array('0+', assignment, {
      default: [],
      doc: 'Assignments of all members, from the leader; empty from others.',
    }),
  },
  response: {
    throttleTimeMs: throttleTimeMs('1+'),
    errorCode: errorCode('0+', 'the request'),
    protocolType: f.string('5+', { nullable: '5+', default: null, doc: 'Kind of group; null on error.' }),
    protocolName: f.string('5+', { nullable: '5+', default: null, doc: 'Protocol chosen; null on error.' }),
    assignment: f.bytes('0+', { doc: 'What the member is assigned; empty on error.' }),
  },
})
