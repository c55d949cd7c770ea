/**
 * Keys of control records, and the values that only the metadata quorum's logs have.
 * Source: Kafka 4.2 ControlRecordType, LeaderChangeMessage; KIP-98, KIP-595.
 */
import { defineRecord, f, struct } from '../language.ts'

export const controlRecordKey = defineRecord({
  name: 'ControlRecordKey',
  versions: '0',
  flexible: 'none',
  newer: 'as-newest',
  source: 'Kafka 4.2 ControlRecordType',
  fields: {
    type: f.int16('0+', {
      doc: 'Kind: 0 abort, 1 commit, 2 leader change, 3 and 4 snapshot header and footer, 5 KRaft version, 6 KRaft voters.',
    }),
  },
})

const voter = (name: string) =>
  struct(name, {
    voterId: f.int32('0+', { doc: 'Node id of the voter.' }),
    voterDirectoryId: f.uuid('1+', { default: 'zero', doc: 'Log directory of the voter.' }),
  })

export const leaderChangeMessage = defineRecord({
  name: 'LeaderChangeMessage',
  versions: '0-1',
  flexible: '0+',
  source: 'Kafka 4.2 LeaderChangeMessage; KIP-595, KIP-853',
  fields: {
    leaderId: f.int32('0+', { doc: 'Node id of the new leader.' }),
    voters: f.array('0+', voter('LeaderChangeVoter'), { doc: 'Voters of the quorum.' }),
    grantingVoters: f.array('0+', voter('LeaderChangeGrantingVoter'), { doc: 'Voters that elected the leader.' }),
  },
})
