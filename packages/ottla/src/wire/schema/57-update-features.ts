/** UpdateFeatures: change the level at which the cluster runs its features. v1 types and validation, v2 one answer. */
import { errorCode, errorMessage, throttleTimeMs } from './common.ts'
import { defineApi, f, struct } from './language.ts'

const update = struct('FeatureUpdate', {
  feature: f.string('0+', { doc: 'Name of the feature.' }),
  maxVersionLevel: f.int16('0+', { doc: 'Level wanted; 0 switches the feature off.' }),
  allowDowngrade: f.bool('0', { default: false, doc: 'Whether the level may go down.' }),
  upgradeType: f.int8('1+', {
    default: 1,
    doc: 'Direction. 1: up only, 2: down if nothing is lost, 3: down in any case.',
  }),
})

const result = struct('FeatureUpdateResult', {
  feature: f.string('0-1', { doc: 'Name of the feature.' }),
  errorCode: errorCode('0-1', 'the change'),
  errorMessage: errorMessage('0-1'),
})

export const updateFeatures = defineApi({
  key: 57,
  name: 'UpdateFeatures',
  versions: '0-2',
  flexible: '0+',
  source: 'Kafka 4.2 UpdateFeatures; KIP-584, KIP-1022',
  request: {
    timeoutMs: f.int32('0+', { default: 60_000, doc: 'How long to wait for the change. Milliseconds.' }),
    featureUpdates: f.array('0+', update, { doc: 'Features to change.' }),
    validateOnly: f.bool('1+', { default: false, doc: 'Check everything, change nothing.' }),
  },
  response: {
    throttleTimeMs: throttleTimeMs('0+'),
    errorCode: errorCode('0+', 'the whole request'),
    errorMessage: errorMessage('0+'),
    results: f.array('0-1', result, { default: [], doc: 'One answer for each feature.' }),
  },
})
