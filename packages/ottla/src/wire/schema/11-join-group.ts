/** JoinGroup: enter a classic group. v4 member ids asked for first, v5 static members, v6 flexible, v9 skip assignment. */
import { errorCode, groupId, groupInstanceId, throttleTimeMs } from './common.ts'
import { defineApi, f, struct } from './language.ts'

const protocol = struct('JoinGroupProtocol', {
  name: f.string('0+', { doc: 'Name of an assignment protocol that the member knows.' }),
  metadata: f.bytes('0+', { doc: 'What the protocol must know of the member; for consumers their subscription.' }),
})

const member = struct('JoinGroupMember', {
  memberId: f.string('0+', { doc: 'Id of the member.' }),
  groupInstanceId: groupInstanceId('5+'),
  metadata: f.bytes('0+', { doc: 'What the chosen protocol must know of the member.' }),
})

export const joinGroup = defineApi({
  key: 11,
  name: 'JoinGroup',
  versions: '0-9',
  flexible: '6+',
  source: 'Kafka 4.2 JoinGroup; KIP-62, KIP-394, KIP-345, KIP-559, KIP-800, KIP-814',
  request: {
    groupId: groupId('0+'),
    sessionTimeoutMs: f.int32('0+', { doc: 'How long the member may be silent. Milliseconds.' }),
    rebalanceTimeoutMs: f.int32('1+', {
      default: -1,
      doc: 'How long the member may take to join again in a rebalance; -1: the session timeout. Milliseconds.',
    }),
    memberId: f.string('0+', { doc: 'Id given by the coordinator; empty at first.' }),
    groupInstanceId: groupInstanceId('5+'),
    protocolType: f.string('0+', { doc: 'Kind of group; `consumer` for consumers.' }),
    protocols: f.array('0+', protocol, { doc: 'Protocols that the member knows, the best first.' }),
    reason: f.string('8+', { nullable: '8+', default: null, doc: 'Why the member joins again, for people.' }),
  },
  response: {
    throttleTimeMs: throttleTimeMs('2+'),
    errorCode: errorCode('0+', 'the join'),
    generationId: f.int32('0+', { default: -1, doc: 'Generation that begins; -1 on error.' }),
    protocolType: f.string('7+', { nullable: '7+', default: null, doc: 'Kind of group; null on error.' }),
    protocolName: f.string('0+', { nullable: '7+', doc: 'Protocol chosen; null on error, empty before version 7.' }),
    leader: f.string('0+', { doc: 'Id of the member that assigns; empty on error.' }),
    skipAssignment: f.bool('9+', { default: false, doc: 'Whether the leader must leave the assignment as it is.' }),
    memberId: f.string('0+', { doc: 'Id of the member that asked.' }),
    members: f.array('0+', member, { default: [], doc: 'All members, for the leader; empty for others.' }),
  },
})
