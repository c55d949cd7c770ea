/** DeleteGroups: forget empty groups and their offsets. v2 flexible. */
import { errorCode, groupId, throttleTimeMs } from './common.ts'
import { defineApi, f, struct } from './language.ts'

const result = struct('DeleteGroupsResult', {
  groupId: groupId('0+'),
  errorCode: errorCode('0+', 'the deletion'),
})

export const deleteGroups = defineApi({
  key: 42,
  name: 'DeleteGroups',
  versions: '0-2',
  flexible: '2+',
  source: 'Kafka 4.2 DeleteGroups; KIP-229',
  request: {
    groupsNames: f.array('0+', 'string', { doc: 'Ids of the groups.' }),
  },
  response: {
    throttleTimeMs: throttleTimeMs('0+'),
    results: f.array('0+', result, { doc: 'One answer for each group.' }),
  },
})
