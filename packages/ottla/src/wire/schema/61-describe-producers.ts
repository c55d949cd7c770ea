/** DescribeProducers: producers that a partition remembers. */
import { errorCode, errorMessage, producerId, throttleTimeMs, topicName, topicPartitions } from './common.ts'
import { defineApi, f, struct } from './language.ts'

const producer = struct('ActiveProducer', {
  producerId: producerId(),
  producerEpoch: f.int32('0+', { doc: 'Epoch of that id.' }),
  lastSequence: f.int32('0+', { default: -1, doc: 'Sequence of its last record; -1 when unknown.' }),
  lastTimestamp: f.int53('0+', { default: -1, doc: 'Timestamp of its last batch; -1 when unknown.' }),
  coordinatorEpoch: f.int32('0+', { doc: 'Epoch of the coordinator that wrote its last marker; -1 when none did.' }),
  currentTxnStartOffset: f.int53('0+', {
    default: -1,
    doc: 'First offset of its open transaction; -1 when none is open.',
  }),
})

const partition = struct('DescribedProducersPartition', {
  partitionIndex: f.int32('0+', { doc: 'Partition.' }),
  errorCode: errorCode('0+', 'the lookup'),
  errorMessage: errorMessage('0+'),
  activeProducers: f.array('0+', producer, { doc: 'Its producers.' }),
})

const topic = struct('DescribedProducersTopic', {
  name: topicName('0+'),
  partitions: f.array('0+', partition, { doc: 'One answer for each partition.' }),
})

export const describeProducers = defineApi({
  key: 61,
  name: 'DescribeProducers',
  versions: '0',
  flexible: '0+',
  source: 'Kafka 4.2 DescribeProducers; KIP-664',
  request: {
    topics: f.array('0+', topicPartitions('DescribeProducersTopic', 'name', 'partitionIndexes'), {
      doc: 'Partitions wanted.',
    }),
  },
  response: {
    throttleTimeMs: throttleTimeMs('0+'),
    topics: f.array('0+', topic, { doc: 'One answer for each topic.' }),
  },
})
