/** ListTransactions: transactional ids that this broker coordinates. v1 durations, v2 id patterns. */
import { errorCode, producerId, throttleTimeMs } from './common.ts'
import { defineApi, f, struct } from './language.ts'

const state = struct('ListedTransaction', {
  transactionalId: f.string('0+', { doc: 'Transactional id.' }),
  producerId: producerId(),
  transactionState: f.string('0+', { doc: 'Name of the state.' }),
})

export const listTransactions = defineApi({
  key: 66,
  name: 'ListTransactions',
  versions: '0-2',
  flexible: '0+',
  source: 'Kafka 4.2 ListTransactions; KIP-664, KIP-994, KIP-1152',
  request: {
    stateFilters: f.array('0+', 'string', { doc: 'States wanted; empty for all.' }),
    producerIdFilters: f.array('0+', 'int64', { doc: 'Producer ids wanted; empty for all.' }),
    durationFilter: f.int53('1+', {
      default: -1,
      doc: 'Only those open for longer than this; -1 for all. Milliseconds.',
    }),
    transactionalIdPattern: f.string('2+', {
      nullable: '2+',
      default: null,
      doc: 'RE2 pattern of ids wanted; null or empty for all.',
    }),
  },
  response: {
    throttleTimeMs: throttleTimeMs('0+'),
    errorCode: errorCode('0+', 'the request'),
    unknownStateFilters: f.array('0+', 'string', { default: [], doc: 'States asked for that do not exist.' }),
    transactionStates: f.array('0+', state, { doc: 'What matched.' }),
  },
})
