/** DescribeLogDirs: what a broker's directories hold. v2 flexible, v4 sizes of the volume. */
import { errorCode, throttleTimeMs, topicName, topicPartitions } from './common.ts'
import { defineApi, f, struct } from './language.ts'

const partition = struct('LogDirPartition', {
  partitionIndex: f.int32('0+', { doc: 'Partition.' }),
  partitionSize: f.int53('0+', { doc: 'Size of its log. Bytes.' }),
  offsetLag: f.int53('0+', {
    doc: 'How far the log is behind: the high watermark, or the current replica for a future one.',
  }),
  isFutureKey: f.bool('0+', { doc: 'Whether it is a replica that moves here from another directory.' }),
})

const topic = struct('LogDirTopic', {
  name: topicName('0+'),
  partitions: f.array('0+', partition, { doc: 'Its partitions in this directory.' }),
})

const result = struct('LogDirResult', {
  errorCode: errorCode('0+', 'the directory'),
  logDir: f.string('0+', { doc: 'Absolute path.' }),
  topics: f.array('0+', topic, { doc: 'Topics in it.' }),
  totalBytes: f.int53('4+', { default: -1, doc: 'Size of the volume; -1 when unknown.' }),
  usableBytes: f.int53('4+', { default: -1, doc: 'Room left on the volume; -1 when unknown.' }),
})

export const describeLogDirs = defineApi({
  key: 35,
  name: 'DescribeLogDirs',
  versions: '1-4',
  flexible: '2+',
  source: 'Kafka 4.2 DescribeLogDirs; KIP-113, KIP-827',
  request: {
    topics: f.array('0+', topicPartitions('DescribeLogDirsTopic', 'topic', 'partitions'), {
      nullable: '0+',
      default: null,
      doc: 'Partitions wanted; null for all.',
    }),
  },
  response: {
    throttleTimeMs: throttleTimeMs('0+'),
    errorCode: errorCode('3+', 'the whole request'),
    results: f.array('0+', result, { doc: 'One answer for each directory.' }),
  },
})
