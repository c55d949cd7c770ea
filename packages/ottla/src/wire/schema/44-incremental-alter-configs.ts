/** IncrementalAlterConfigs: change single configs. v1 flexible. */
import { errorCode, errorMessage, resourceType, throttleTimeMs } from './common.ts'
import { defineApi, f, struct } from './language.ts'

const config = struct('IncrementalAlterConfigsConfig', {
  name: f.string('0+', { doc: 'Key.' }),
  configOperation: f.int8('0+', { doc: 'Change: 0 set, 1 delete, 2 append to a list, 3 subtract from a list.' }),
  value: f.string('0+', { nullable: '0+', doc: 'Value; null for delete.' }),
})

const resource = struct('IncrementalAlterConfigsResource', {
  resourceType: resourceType(),
  resourceName: f.string('0+', { doc: 'Name of the resource; for a broker its id, empty for all brokers.' }),
  configs: f.array('0+', config, { doc: 'Changes.' }),
})

const result = struct('IncrementalAlterConfigsResult', {
  errorCode: errorCode('0+', 'the change'),
  errorMessage: errorMessage('0+'),
  resourceType: resourceType(),
  resourceName: f.string('0+', { doc: 'Name of the resource.' }),
})

export const incrementalAlterConfigs = defineApi({
  key: 44,
  name: 'IncrementalAlterConfigs',
  versions: '0-1',
  flexible: '1+',
  source: 'Kafka 4.2 IncrementalAlterConfigs; KIP-339',
  request: {
    resources: f.array('0+', resource, { doc: 'Resources to change.' }),
    validateOnly: f.bool('0+', { default: false, doc: 'Check everything, change nothing.' }),
  },
  response: {
    throttleTimeMs: throttleTimeMs('0+'),
    responses: f.array('0+', result, { doc: 'One answer for each resource.' }),
  },
})
