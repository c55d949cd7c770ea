/**
 * The corpus's names of records and of their fields, where they are not ours with another first letter. corpus-names.json
 * has the API messages only.
 */

interface RecordNames {
  readonly corpus: string
  /** Dotted path in the corpus to our field. */
  readonly fields: Readonly<Record<string, string>>
}

/** By our name of the record. */
export const recordNames: ReadonlyMap<string, RecordNames> = new Map([
  ['OffsetCommitKey', { corpus: 'OffsetCommitKey', fields: {} }],
  ['OffsetCommitValue', { corpus: 'OffsetCommitValue', fields: { TopicID: 'topicId' } }],
  ['GroupMetadataKey', { corpus: 'GroupMetadataKey', fields: {} }],
  [
    'GroupMetadataValue',
    {
      corpus: 'GroupMetadataValue',
      fields: {
        'Members.MemberID': 'memberId',
        'Members.InstanceID': 'groupInstanceId',
        'Members.ClientID': 'clientId',
        'Members.RebalanceTimeoutMillis': 'rebalanceTimeout',
        'Members.SessionTimeoutMillis': 'sessionTimeout',
      },
    },
  ],
  ['TransactionLogKey', { corpus: 'TxnMetadataKey', fields: { TransactionalID: 'transactionalId' } }],
  [
    'TransactionLogValue',
    {
      corpus: 'TxnMetadataValue',
      fields: {
        ProducerID: 'producerId',
        PreviousProducerID: 'previousProducerId',
        NextProducerID: 'nextProducerId',
        TimeoutMillis: 'transactionTimeoutMs',
        State: 'transactionStatus',
        Topics: 'transactionPartitions',
        'Topics.Partitions': 'partitionIds',
        LastUpdateTimestamp: 'transactionLastUpdateTimestampMs',
        StartTimestamp: 'transactionStartTimestampMs',
      },
    },
  ],
  [
    'ConsumerProtocolSubscription',
    { corpus: 'ConsumerMemberMetadata', fields: { Generation: 'generationId', Rack: 'rackId' } },
  ],
  ['ConsumerProtocolAssignment', { corpus: 'ConsumerMemberAssignment', fields: { Topics: 'assignedPartitions' } }],
  ['EndTxnMarker', { corpus: 'EndTxnMarker', fields: {} }],
  [
    'LeaderChangeMessage',
    {
      corpus: 'LeaderChangeMessage',
      fields: {
        LeaderID: 'leaderId',
        'Voters.VoterID': 'voterId',
        'Voters.VoterDirectoryID': 'voterDirectoryId',
        'GrantingVoters.VoterID': 'voterId',
        'GrantingVoters.VoterDirectoryID': 'voterDirectoryId',
      },
    },
  ],
])

/** Our name of the corpus's field `path` of the record that the corpus calls `record`. */
export function recordFieldName(record: string, path: string): string {
  const own = [...recordNames.values()].find(names => names.corpus === record)?.fields[path]
  if (own !== undefined) return own
  const last = path.slice(path.lastIndexOf('.') + 1)
  return `${last[0]!.toLowerCase()}${last.slice(1)}`
}
