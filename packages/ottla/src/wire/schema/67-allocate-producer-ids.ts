/** AllocateProducerIds: a broker gets a block of producer ids from the controller. */
import { errorCode, throttleTimeMs } from './common.ts'
import { defineApi, f } from './language.ts'

export const allocateProducerIds = defineApi({
  key: 67,
  name: 'AllocateProducerIds',
  versions: '0',
  flexible: '0+',
  source: 'Kafka 4.2 AllocateProducerIds; KIP-730',
  request: {
    brokerId: f.int32('0+', { doc: 'Broker that asks.' }),
    brokerEpoch: f.int53('0+', { default: -1, doc: 'Its incarnation; -1 when unknown.' }),
  },
  response: {
    throttleTimeMs: throttleTimeMs('0+'),
    errorCode: errorCode('0+', 'the request'),
    producerIdStart: f.int64('0+', { doc: 'First id of the block.' }),
    producerIdLen: f.int32('0+', { doc: 'Count of ids in the block.' }),
  },
})
