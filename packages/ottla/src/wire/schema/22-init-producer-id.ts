/** InitProducerId: an id and an epoch for an idempotent or transactional producer. v2 flexible, v3 epoch bumps. */
import { errorCode, throttleTimeMs } from './common.ts'
import { defineApi, f } from './language.ts'

export const initProducerId = defineApi({
  key: 22,
  name: 'InitProducerId',
  versions: '0-5',
  flexible: '2+',
  source: 'Kafka 4.2 InitProducerId; KIP-98, KIP-360, KIP-588, KIP-890',
  request: {
    transactionalId: f.string('0+', {
      nullable: '0+',
      doc: 'Id of the transactional producer; null for an idempotent one.',
    }),
    transactionTimeoutMs: f.int32('0+', {
      doc: 'How long a transaction may stay open. Milliseconds; ignored without an id.',
    }),
    producerId: f.int64('3+', { default: -1n, doc: 'Producer id held now, to bump its epoch; -1: none.' }),
    producerEpoch: f.int16('3+', { default: -1, doc: 'Epoch held now; -1: none.' }),
  },
  response: {
    throttleTimeMs: throttleTimeMs('0+'),
    errorCode: errorCode('0+', 'the request'),
    producerId: f.int64('0+', { default: -1n, doc: 'Producer id; -1 on error.' }),
    producerEpoch: f.int16('0+', { doc: 'Epoch of that id; -1 on error.' }),
  },
})
