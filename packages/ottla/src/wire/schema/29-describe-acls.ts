/** DescribeAcls: ACLs that match a filter. v1 pattern types, v2 flexible. */
import { aclEntry, aclFilter, aclPatternType, aclResourceType } from './acl-fields.ts'
import { errorCode, errorMessage, throttleTimeMs } from './common.ts'
import { defineApi, f, struct } from './language.ts'

const resource = struct('DescribeAclsResource', {
  resourceType: aclResourceType,
  resourceName: f.string('0+', { doc: 'Name of the resource.' }),
  patternType: aclPatternType,
  acls: f.array('0+', struct('DescribeAclsEntry', aclEntry), { doc: 'Its ACLs.' }),
})

export const describeAcls = defineApi({
  key: 29,
  name: 'DescribeAcls',
  versions: '1-3',
  flexible: '2+',
  source: 'Kafka 4.2 DescribeAcls; KIP-140, KIP-290, KIP-373',
  request: aclFilter,
  response: {
    throttleTimeMs: throttleTimeMs('0+'),
    errorCode: errorCode('0+', 'the request'),
    errorMessage: errorMessage('0+'),
    resources: f.array('0+', resource, { doc: 'Resources with ACLs that match.' }),
  },
})
