/** CreateAcls. v1 pattern types, v2 flexible. */
import { aclEntry, aclPatternType, aclResourceType } from './acl-fields.ts'
import { errorCode, errorMessage, throttleTimeMs } from './common.ts'
import { defineApi, f, struct } from './language.ts'

const creation = struct('AclCreation', {
  resourceType: aclResourceType,
  resourceName: f.string('0+', { doc: 'Name of the resource.' }),
  resourcePatternType: aclPatternType,
  ...aclEntry,
})

const result = struct('AclCreationResult', {
  errorCode: errorCode('0+', 'the creation'),
  errorMessage: errorMessage('0+'),
})

export const createAcls = defineApi({
  key: 30,
  name: 'CreateAcls',
  versions: '1-3',
  flexible: '2+',
  source: 'Kafka 4.2 CreateAcls; KIP-140, KIP-290, KIP-373',
  request: {
    creations: f.array('0+', creation, { doc: 'ACLs to create.' }),
  },
  response: {
    throttleTimeMs: throttleTimeMs('0+'),
    results: f.array('0+', result, { doc: 'One answer for each ACL, in the order asked for.' }),
  },
})
