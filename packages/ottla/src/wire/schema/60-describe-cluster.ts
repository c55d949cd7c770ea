/** DescribeCluster: cluster id, brokers and controller. v1 brokers or controllers, v2 fenced brokers. */
import { authorizedOperations, errorCode, errorMessage, throttleTimeMs } from './common.ts'
import { defineApi, f, struct } from './language.ts'

const broker = struct('DescribeClusterBroker', {
  brokerId: f.int32('0+', { doc: 'Broker id.' }),
  host: f.string('0+', { doc: 'Advertised host name.' }),
  port: f.int32('0+', { doc: 'Advertised port.' }),
  rack: f.string('0+', { nullable: '0+', default: null, doc: 'Rack of the broker; null when it has none.' }),
  isFenced: f.bool('2+', { default: false, doc: 'Whether the broker is registered but not serving.' }),
})

export const describeCluster = defineApi({
  key: 60,
  name: 'DescribeCluster',
  versions: '0-2',
  flexible: '0+',
  source: 'Kafka 4.2 DescribeCluster; KIP-700, KIP-919, KIP-1073',
  request: {
    includeClusterAuthorizedOperations: f.bool('0+', {
      default: false,
      doc: 'Whether to fill in the cluster’s operations.',
    }),
    endpointType: f.int8('1+', { default: 1, doc: '1: brokers, 2: controllers.' }),
    includeFencedBrokers: f.bool('2+', { default: false, doc: 'Whether to list brokers that are not serving.' }),
  },
  response: {
    throttleTimeMs: throttleTimeMs('0+'),
    errorCode: errorCode('0+', 'the request'),
    errorMessage: errorMessage('0+'),
    endpointType: f.int8('1+', { default: 1, doc: 'What the list holds; 1: brokers, 2: controllers.' }),
    clusterId: f.string('0+', { doc: 'Id of the cluster.' }),
    controllerId: f.int32('0+', { default: -1, doc: 'Broker to send administration to; -1 when unknown.' }),
    brokers: f.array('0+', broker, { doc: 'Brokers, or controllers.' }),
    clusterAuthorizedOperations: authorizedOperations('0+', 'the cluster'),
  },
})
