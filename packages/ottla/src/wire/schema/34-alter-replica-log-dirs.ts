/** AlterReplicaLogDirs: partitions that are to lie in another log directory of the broker that is asked. v2 flexible. */
import { errorCode, partitionIndexes, throttleTimeMs, topicName } from './common.ts'
import { defineApi, f, struct } from './language.ts'

const topic = struct('AlterReplicaLogDirTopic', {
  name: topicName('0+'),
  partitions: partitionIndexes('0+', 'Partitions that are to lie in the directory.'),
})

const dir = struct('AlterReplicaLogDir', {
  path: f.string('0+', { doc: 'Absolute path of the directory, as DescribeLogDirs tells it.' }),
  topics: f.array('0+', topic, { doc: 'What is to lie in it.' }),
})

const partitionResult = struct('AlterReplicaLogDirPartitionResult', {
  partitionIndex: f.int32('0+', { doc: 'Partition.' }),
  errorCode: errorCode('0+', 'the move'),
})

const topicResult = struct('AlterReplicaLogDirTopicResult', {
  topicName: topicName('0+'),
  partitions: f.array('0+', partitionResult, { doc: 'One answer for each partition asked for.' }),
})

export const alterReplicaLogDirs = defineApi({
  key: 34,
  name: 'AlterReplicaLogDirs',
  versions: '1-2',
  flexible: '2+',
  source: 'Kafka 4.2 AlterReplicaLogDirs; KIP-113',
  request: {
    dirs: f.array('0+', dir, { doc: 'Directories with what is to lie in each.' }),
  },
  response: {
    throttleTimeMs: throttleTimeMs('0+'),
    results: f.array('0+', topicResult, { doc: 'One answer for each topic asked for.' }),
  },
})
