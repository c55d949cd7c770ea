/** AddPartitionsToTxn: partitions join a transaction. v3 flexible, v4 many transactions, from brokers, verify only. */
import { errorCode, producerEpoch, producerId, throttleTimeMs, topicName, topicPartitions } from './common.ts'
import { defineApi, f, struct } from './language.ts'

const topic = topicPartitions('AddPartitionsToTxnTopic', 'name', 'partitions')

const transaction = struct('AddPartitionsToTxnTransaction', {
  transactionalId: f.string('4+', { doc: 'Transactional id.' }),
  producerId: producerId(),
  producerEpoch: producerEpoch(),
  verifyOnly: f.bool('4+', { default: false, doc: 'Only ask whether the partitions are in the transaction.' }),
  topics: f.array('4+', topic, { doc: 'Partitions to add.' }),
})

const partitionResult = struct('AddPartitionsToTxnPartitionResult', {
  partitionIndex: f.int32('0+', { doc: 'Partition.' }),
  partitionErrorCode: errorCode('0+', 'the request for this partition'),
})

const topicResult = struct('AddPartitionsToTxnTopicResult', {
  name: topicName('0+'),
  resultsByPartition: f.array('0+', partitionResult, { doc: 'One answer for each partition.' }),
})

const transactionResult = struct('AddPartitionsToTxnResult', {
  transactionalId: f.string('4+', { doc: 'Transactional id.' }),
  topicResults: f.array('4+', topicResult, { doc: 'One answer for each topic.' }),
})

export const addPartitionsToTxn = defineApi({
  key: 24,
  name: 'AddPartitionsToTxn',
  versions: '0-5',
  flexible: '3+',
  source: 'Kafka 4.2 AddPartitionsToTxn; KIP-98, KIP-588, KIP-890',
  request: {
    transactions: f.array('4+', transaction, { default: [], doc: 'Transactions to add to.' }),
    v3AndBelowTransactionalId: f.string('0-3', { default: '', doc: 'Transactional id.' }),
    v3AndBelowProducerId: f.int64('0-3', { default: 0n, doc: 'Producer id.' }),
    v3AndBelowProducerEpoch: f.int16('0-3', { default: 0, doc: 'Epoch of that id.' }),
    v3AndBelowTopics: f.array('0-3', topic, { default: [], doc: 'Partitions to add.' }),
  },
  response: {
    throttleTimeMs: throttleTimeMs('0+'),
    errorCode: errorCode('4+', 'the whole request'),
    resultsByTransaction: f.array('4+', transactionResult, { default: [], doc: 'One answer for each transaction.' }),
    resultsByTopicV3AndBelow: f.array('0-3', topicResult, { default: [], doc: 'One answer for each topic.' }),
  },
})
