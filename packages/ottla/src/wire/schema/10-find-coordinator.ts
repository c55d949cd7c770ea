/** FindCoordinator: which broker coordinates a group or a transactional id. v3 flexible, v4 many keys, v6 share groups. */
import { errorCode, errorMessage, throttleTimeMs } from './common.ts'
import { defineApi, f, struct } from './language.ts'

const coordinator = struct('Coordinator', {
  key: f.string('4+', { doc: 'The key asked for.' }),
  nodeId: f.int32('4+', { doc: 'Broker id; -1 on error.' }),
  host: f.string('4+', { doc: 'Advertised host name.' }),
  port: f.int32('4+', { doc: 'Advertised port.' }),
  errorCode: errorCode('4+', 'the lookup'),
  errorMessage: errorMessage('4+'),
})

export const findCoordinator = defineApi({
  key: 10,
  name: 'FindCoordinator',
  versions: '0-6',
  flexible: '3+',
  source: 'Kafka 4.2 FindCoordinator; KIP-98, KIP-699, KIP-890, KIP-932',
  request: {
    key: f.string('0-3', { default: '', doc: 'Group id or transactional id.' }),
    keyType: f.int8('1+', {
      default: 0,
      doc: 'What the keys are. 0: groups, 1: transactional ids, 2: share partitions.',
    }),
    coordinatorKeys: f.array('4+', 'string', { default: [], doc: 'Keys to look up, all of the one type.' }),
  },
  response: {
    throttleTimeMs: throttleTimeMs('1+'),
    errorCode: errorCode('0-3', 'the lookup'),
    errorMessage: errorMessage('1-3'),
    nodeId: f.int32('0-3', { default: -1, doc: 'Broker id; -1 on error.' }),
    host: f.string('0-3', { default: '', doc: 'Advertised host name.' }),
    port: f.int32('0-3', { default: -1, doc: 'Advertised port.' }),
    coordinators: f.array('4+', coordinator, { default: [], doc: 'One answer for each key.' }),
  },
})
