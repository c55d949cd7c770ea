/** AlterConfigs: replace all configs of resources; what is not named goes back to its default. v2 flexible. */
import { errorCode, errorMessage, resourceType, throttleTimeMs } from './common.ts'
import { defineApi, f, struct } from './language.ts'

const config = struct('AlterConfigsConfig', {
  name: f.string('0+', { doc: 'Key.' }),
  value: f.string('0+', { nullable: '0+', doc: 'Value.' }),
})

const resource = struct('AlterConfigsResource', {
  resourceType: resourceType(),
  resourceName: f.string('0+', { doc: 'Name of the resource.' }),
  configs: f.array('0+', config, { doc: 'All its configs.' }),
})

const result = struct('AlterConfigsResult', {
  errorCode: errorCode('0+', 'the change'),
  errorMessage: errorMessage('0+'),
  resourceType: resourceType(),
  resourceName: f.string('0+', { doc: 'Name of the resource.' }),
})

export const alterConfigs = defineApi({
  key: 33,
  name: 'AlterConfigs',
  versions: '0-2',
  flexible: '2+',
  source: 'Kafka 4.2 AlterConfigs; KIP-133',
  request: {
    resources: f.array('0+', resource, { doc: 'Resources to change.' }),
    validateOnly: f.bool('0+', { default: false, doc: 'Check everything, change nothing.' }),
  },
  response: {
    throttleTimeMs: throttleTimeMs('0+'),
    responses: f.array('0+', result, { doc: 'One answer for each resource.' }),
  },
})
