/** ListGroups: groups that this broker coordinates. v3 flexible, v4 states, v5 types. */
import { errorCode, groupId, throttleTimeMs } from './common.ts'
import { defineApi, f, struct } from './language.ts'

const group = struct('ListedGroup', {
  groupId: groupId('0+'),
  protocolType: f.string('0+', { doc: 'Kind of group.' }),
  groupState: f.string('4+', { default: '', doc: 'Name of its state.' }),
  groupType: f.string('5+', { default: '', doc: 'Name of its type: classic, consumer, share or streams.' }),
})

export const listGroups = defineApi({
  key: 16,
  name: 'ListGroups',
  versions: '0-5',
  flexible: '3+',
  source: 'Kafka 4.2 ListGroups; KIP-518, KIP-848',
  request: {
    statesFilter: f.array('4+', 'string', { default: [], doc: 'States wanted; empty for all.' }),
    typesFilter: f.array('5+', 'string', { default: [], doc: 'Types wanted; empty for all.' }),
  },
  response: {
    throttleTimeMs: throttleTimeMs('1+'),
    errorCode: errorCode('0+', 'the request'),
    groups: f.array('0+', group, { doc: 'Groups that fit.' }),
  },
})
