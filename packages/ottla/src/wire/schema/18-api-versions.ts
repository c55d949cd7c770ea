/**
 * ApiVersions: what the broker speaks; the first request of a connection. Its reply always has the plain header, and a
 * version too high is answered in version 0. v3 flexible with the client's name, features in tags; v4 features from 0.
 */
import { errorCode, throttleTimeMs } from './common.ts'
import { defineApi, f, struct } from './language.ts'

const range = struct('ApiVersionsRange', {
  apiKey: f.int16('0+', { doc: 'Key of the API.' }),
  minVersion: f.int16('0+', { doc: 'First version offered.' }),
  maxVersion: f.int16('0+', { doc: 'Last version offered.' }),
})

const supportedFeature = struct('ApiVersionsSupportedFeature', {
  name: f.string('3+', { doc: 'Name of the feature.' }),
  minVersion: f.int16('3+', {
    doc: 'Lowest level the broker can work at; before version 4 a feature with 0 is left out.',
  }),
  maxVersion: f.int16('3+', { doc: 'Highest level the broker can work at.' }),
})

const finalizedFeature = struct('ApiVersionsFinalizedFeature', {
  name: f.string('3+', { doc: 'Name of the feature.' }),
  maxVersionLevel: f.int16('3+', { doc: 'Level the cluster works at.' }),
  minVersionLevel: f.int16('3+', { doc: 'Lowest level a broker of the cluster must know.' }),
})

export const apiVersions = defineApi({
  key: 18,
  name: 'ApiVersions',
  versions: '0-4',
  flexible: '3+',
  source: 'Kafka 4.2 ApiVersions; KIP-35, KIP-511, KIP-584, KIP-1022',
  request: {
    clientSoftwareName: f.string('3+', { default: '', doc: 'Name of the client library.' }),
    clientSoftwareVersion: f.string('3+', { default: '', doc: 'Version of the client library.' }),
  },
  response: {
    errorCode: errorCode('0+', 'the request'),
    apiKeys: f.array('0+', range, { doc: 'APIs offered.' }),
    throttleTimeMs: throttleTimeMs('1+'),
    supportedFeatures: f.array('3+', supportedFeature, { tag: 0, default: [], doc: 'Features this broker can do.' }),
    finalizedFeaturesEpoch: f.int53('3+', {
      tag: 1,
      default: -1,
      doc: 'Grows with each change of the next list; -1: unknown.',
    }),
    finalizedFeatures: f.array('3+', finalizedFeature, {
      tag: 2,
      default: [],
      doc: 'Features the cluster has switched on.',
    }),
    zkMigrationReady: f.bool('3+', {
      tag: 3,
      default: false,
      doc: 'Whether brokers may be moved from ZooKeeper; controllers only.',
    }),
  },
})
