/**
 * Records of __transaction_state, and the markers that end a transaction in a partition's own log.
 * Source: Kafka 4.2 TransactionLogKey, TransactionLogValue, EndTxnMarker; KIP-98, KIP-890.
 */
import { defineRecord, f, struct } from '../language.ts'

export const transactionLogKey = defineRecord({
  name: 'TransactionLogKey',
  versions: '0',
  flexible: 'none',
  source: 'Kafka 4.2 TransactionLogKey',
  fields: {
    transactionalId: f.string('0+', { doc: 'Transactional id.' }),
  },
})

const partitions = struct('TransactionLogPartitions', {
  topic: f.string('0+', { doc: 'Name of the topic.' }),
  partitionIds: f.array('0+', 'int32', { doc: 'Its partitions in the transaction.' }),
})

export const transactionLogValue = defineRecord({
  name: 'TransactionLogValue',
  versions: '0-1',
  flexible: '1+',
  source: 'Kafka 4.2 TransactionLogValue; KIP-890',
  fields: {
    producerId: f.int64('0+', { doc: 'Producer id in use.' }),
    previousProducerId: f.int64('1+', {
      tag: 0,
      default: -1n,
      doc: 'Producer id before the last one ran out of epochs; -1: none.',
    }),
    nextProducerId: f.int64('1+', {
      tag: 1,
      default: -1n,
      doc: 'Producer id for the next transaction, when it changes; -1: none.',
    }),
    producerEpoch: f.int16('0+', { doc: 'Epoch of the producer id.' }),
    nextProducerEpoch: f.int16('1+', { tag: 3, default: -1, doc: 'Epoch for the next transaction; -1: none.' }),
    transactionTimeoutMs: f.int32('0+', { doc: 'How long a transaction may stay open. Milliseconds.' }),
    transactionStatus: f.int8('0+', {
      doc: 'State: 0 empty, 1 ongoing, 2 and 3 preparing commit and abort, 4 and 5 those completed, 6 dead, 7 preparing a fence.',
    }),
    transactionPartitions: f.array('0+', partitions, {
      nullable: '0+',
      doc: 'Partitions in the transaction; null when it is empty.',
    }),
    transactionLastUpdateTimestampMs: f.int53('0+', { doc: 'When this was written. Milliseconds since 1970.' }),
    transactionStartTimestampMs: f.int53('0+', {
      doc: 'When the transaction began, in milliseconds since 1970; -1 when none is open.',
    }),
    clientTransactionVersion: f.int16('1+', { tag: 2, default: 0, doc: 'Rules the client’s transaction runs by.' }),
  },
})

export const endTxnMarker = defineRecord({
  name: 'EndTxnMarker',
  versions: '0',
  flexible: 'none',
  newer: 'as-newest',
  source: 'Kafka 4.2 EndTxnMarker; KIP-98',
  fields: {
    coordinatorEpoch: f.int32('0+', { doc: 'Epoch of the coordinator that decided.' }),
  },
})
