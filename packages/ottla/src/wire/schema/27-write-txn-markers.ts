/** WriteTxnMarkers: a coordinator tells leaders how transactions ended. v1 flexible, v2 transaction version. */
import { producerEpoch, producerId, topicErrors, topicPartitions } from './common.ts'
import { defineApi, f, struct } from './language.ts'

const marker = struct('TxnMarker', {
  producerId: producerId(),
  producerEpoch: producerEpoch(),
  transactionResult: f.bool('0+', { doc: 'True for commit, false for abort.' }),
  topics: f.array('0+', topicPartitions('TxnMarkerTopic', 'name', 'partitionIndexes'), {
    doc: 'Where to write the marker.',
  }),
  coordinatorEpoch: f.int32('0+', { doc: 'Epoch of the coordinator, so that an old one is refused.' }),
  transactionVersion: f.int8('2+', { default: 0, doc: 'Rules the transaction runs by: 2 checks epochs strictly.' }),
})

const markerResult = struct('TxnMarkerResult', {
  producerId: producerId(),
  topics: f.array('0+', topicErrors('TxnMarkerTopicResult'), { doc: 'One answer for each topic.' }),
})

export const writeTxnMarkers = defineApi({
  key: 27,
  name: 'WriteTxnMarkers',
  versions: '1-2',
  flexible: '1+',
  source: 'Kafka 4.2 WriteTxnMarkers; KIP-98, KIP-1228',
  request: {
    markers: f.array('0+', marker, { doc: 'Markers to write.' }),
  },
  response: {
    markers: f.array('0+', markerResult, { doc: 'One answer for each marker.' }),
  },
})
