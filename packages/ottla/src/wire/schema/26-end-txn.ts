/** EndTxn: commit or abort. v3 flexible, v5 the reply bumps the producer's epoch. */
import { errorCode, producerEpoch, producerId, throttleTimeMs } from './common.ts'
import { defineApi, f } from './language.ts'

export const endTxn = defineApi({
  key: 26,
  name: 'EndTxn',
  versions: '0-5',
  flexible: '3+',
  source: 'Kafka 4.2 EndTxn; KIP-98, KIP-588, KIP-890',
  request: {
    transactionalId: f.string('0+', { doc: 'Transactional id.' }),
    producerId: producerId(),
    producerEpoch: producerEpoch(),
    committed: f.bool('0+', { doc: 'True to commit, false to abort.' }),
  },
  response: {
    throttleTimeMs: throttleTimeMs('0+'),
    errorCode: errorCode('0+', 'the request'),
    producerId: f.int64('5+', { default: -1n, doc: 'Producer id for the next transaction; -1 on error.' }),
    producerEpoch: f.int16('5+', { default: -1, doc: 'Epoch for the next transaction; -1 on error.' }),
  },
})
