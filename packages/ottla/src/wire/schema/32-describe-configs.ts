/** DescribeConfigs: configs in force. v1 sources and synonyms, v3 types and documentation, v4 flexible. */
import { errorCode, errorMessage, resourceType, throttleTimeMs } from './common.ts'
import { defineApi, f, struct } from './language.ts'

const resource = struct('DescribeConfigsResource', {
  resourceType: resourceType(),
  resourceName: f.string('0+', { doc: 'Name of the resource; a broker’s id.' }),
  configurationKeys: f.array('0+', 'string', { nullable: '0+', default: null, doc: 'Keys wanted; null for all.' }),
})

const source = (versions: string) =>
  f.int8(versions, {
    default: -1,
    doc: 'Where the value comes from: 1 topic, 2 and 3 dynamic broker settings, 4 broker file, 5 default, 6 logger.',
  })

const synonym = struct('DescribeConfigsSynonym', {
  name: f.string('1+', { doc: 'Key.' }),
  value: f.string('1+', { nullable: '1+', doc: 'Value; null when it must not be shown.' }),
  source: source('1+'),
})

const config = struct('DescribeConfigsConfig', {
  name: f.string('0+', { doc: 'Key.' }),
  value: f.string('0+', { nullable: '0+', doc: 'Value; null when it must not be shown.' }),
  readOnly: f.bool('0+', { doc: 'Whether it cannot be changed while the broker runs.' }),
  configSource: source('1+'),
  isSensitive: f.bool('0+', { doc: 'Whether the value is a secret.' }),
  synonyms: f.array('1+', synonym, { default: [], doc: 'Where the value could come from, the strongest first.' }),
  configType: f.int8('3+', {
    default: 0,
    doc: 'Kind: 0 unknown, 1 boolean, 2 string, 3 int, 4 short, 5 long, 6 double, 7 list, 8 class, 9 password.',
  }),
  documentation: f.string('3+', { nullable: '3+', default: null, doc: 'What the key does, when asked for.' }),
})

const result = struct('DescribeConfigsResult', {
  errorCode: errorCode('0+', 'the lookup'),
  errorMessage: errorMessage('0+'),
  resourceType: resourceType(),
  resourceName: f.string('0+', { doc: 'Name of the resource.' }),
  configs: f.array('0+', config, { doc: 'Its configs.' }),
})

export const describeConfigs = defineApi({
  key: 32,
  name: 'DescribeConfigs',
  versions: '1-4',
  flexible: '4+',
  source: 'Kafka 4.2 DescribeConfigs; KIP-133, KIP-226, KIP-569',
  request: {
    resources: f.array('0+', resource, { doc: 'Resources to look up.' }),
    includeSynonyms: f.bool('1+', { default: false, doc: 'Whether to list the other places a value could come from.' }),
    includeDocumentation: f.bool('3+', { default: false, doc: 'Whether to fill in what each key does.' }),
  },
  response: {
    throttleTimeMs: throttleTimeMs('0+'),
    results: f.array('0+', result, { doc: 'One answer for each resource.' }),
  },
})
