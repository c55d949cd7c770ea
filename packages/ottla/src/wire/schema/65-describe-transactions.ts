/** DescribeTransactions: state of transactional ids. */
import { errorCode, producerEpoch, producerId, throttleTimeMs, topicPartitions } from './common.ts'
import { defineApi, f, struct } from './language.ts'

const state = struct('DescribedTransaction', {
  errorCode: errorCode('0+', 'the lookup'),
  transactionalId: f.string('0+', { doc: 'Transactional id.' }),
  transactionState: f.string('0+', { doc: 'Name of the state.' }),
  transactionTimeoutMs: f.int32('0+', { doc: 'How long a transaction may stay open. Milliseconds.' }),
  transactionStartTimeMs: f.int53('0+', {
    doc: 'When the open one began, in milliseconds since 1970; -1 when none is open.',
  }),
  producerId: producerId(),
  producerEpoch: producerEpoch(),
  topics: f.array('0+', topicPartitions('DescribedTransactionTopic', 'topic', 'partitions'), {
    doc: 'Partitions in the open one.',
  }),
})

export const describeTransactions = defineApi({
  key: 65,
  name: 'DescribeTransactions',
  versions: '0',
  flexible: '0+',
  source: 'Kafka 4.2 DescribeTransactions; KIP-664',
  request: {
    transactionalIds: f.array('0+', 'string', { doc: 'Transactional ids.' }),
  },
  response: {
    throttleTimeMs: throttleTimeMs('0+'),
    transactionStates: f.array('0+', state, { doc: 'One answer for each id.' }),
  },
})
