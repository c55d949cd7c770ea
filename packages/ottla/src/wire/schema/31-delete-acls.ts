/** DeleteAcls: delete what matches filters. v1 pattern types, v2 flexible. */
import { aclEntry, aclFilter, aclPatternType, aclResourceType } from './acl-fields.ts'
import { errorCode, errorMessage, throttleTimeMs } from './common.ts'
import { defineApi, f, struct } from './language.ts'

const matchingAcl = struct('DeleteAclsMatch', {
  errorCode: errorCode('0+', 'the deletion'),
  errorMessage: errorMessage('0+'),
  resourceType: aclResourceType,
  resourceName: f.string('0+', { doc: 'Name of the resource.' }),
  patternType: aclPatternType,
  ...aclEntry,
})

const filterResult = struct('DeleteAclsFilterResult', {
  errorCode: errorCode('0+', 'the filter'),
  errorMessage: errorMessage('0+'),
  matchingAcls: f.array('0+', matchingAcl, { doc: 'ACLs that matched.' }),
})

export const deleteAcls = defineApi({
  key: 31,
  name: 'DeleteAcls',
  versions: '1-3',
  flexible: '2+',
  source: 'Kafka 4.2 DeleteAcls; KIP-140, KIP-290, KIP-373',
  request: {
    filters: f.array('0+', struct('DeleteAclsFilter', aclFilter), { doc: 'What to delete.' }),
  },
  response: {
    throttleTimeMs: throttleTimeMs('0+'),
    filterResults: f.array('0+', filterResult, { doc: 'One answer for each filter, in the order asked for.' }),
  },
})
