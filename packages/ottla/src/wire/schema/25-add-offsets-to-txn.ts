/** AddOffsetsToTxn: a group's offsets join a transaction. v3 flexible. */
import { errorCode, groupId, producerEpoch, producerId, throttleTimeMs } from './common.ts'
import { defineApi, f } from './language.ts'

export const addOffsetsToTxn = defineApi({
  key: 25,
  name: 'AddOffsetsToTxn',
  versions: '0-4',
  flexible: '3+',
  source: 'Kafka 4.2 AddOffsetsToTxn; KIP-98, KIP-588, KIP-890',
  request: {
    transactionalId: f.string('0+', { doc: 'Transactional id.' }),
    producerId: producerId(),
    producerEpoch: producerEpoch(),
    groupId: groupId('0+'),
  },
  response: {
    throttleTimeMs: throttleTimeMs('0+'),
    errorCode: errorCode('0+', 'the request'),
  },
})
