/** Valid requests of every API and version that the broker answers, about topics that are there. */
import { EncodeError } from '../../../packages/ottla/src/base/cursor.ts'
import { frameOf } from '../../../packages/ottla/src/broker/testing/raw-peer.ts'
import type { AnyApi } from '../../../packages/ottla/src/wire/api.ts'
import { alterConfigsApi } from '../../../packages/ottla/src/wire/gen/alter-configs.ts'
import { apiVersionsApi } from '../../../packages/ottla/src/wire/gen/api-versions.ts'
import { createPartitionsApi } from '../../../packages/ottla/src/wire/gen/create-partitions.ts'
import { createTopicsApi } from '../../../packages/ottla/src/wire/gen/create-topics.ts'
import { deleteRecordsApi } from '../../../packages/ottla/src/wire/gen/delete-records.ts'
import { deleteTopicsApi } from '../../../packages/ottla/src/wire/gen/delete-topics.ts'
import { describeClusterApi } from '../../../packages/ottla/src/wire/gen/describe-cluster.ts'
import { describeConfigsApi } from '../../../packages/ottla/src/wire/gen/describe-configs.ts'
import { describeLogDirsApi } from '../../../packages/ottla/src/wire/gen/describe-log-dirs.ts'
import { describeProducersApi } from '../../../packages/ottla/src/wire/gen/describe-producers.ts'
import { describeTopicPartitionsApi } from '../../../packages/ottla/src/wire/gen/describe-topic-partitions.ts'
import { fetchApi } from '../../../packages/ottla/src/wire/gen/fetch.ts'
import { incrementalAlterConfigsApi } from '../../../packages/ottla/src/wire/gen/incremental-alter-configs.ts'
import { initProducerIdApi } from '../../../packages/ottla/src/wire/gen/init-producer-id.ts'
import { listOffsetsApi } from '../../../packages/ottla/src/wire/gen/list-offsets.ts'
import { metadataApi } from '../../../packages/ottla/src/wire/gen/metadata.ts'
import { offsetForLeaderEpochApi } from '../../../packages/ottla/src/wire/gen/offset-for-leader-epoch.ts'
import { produceApi } from '../../../packages/ottla/src/wire/gen/produce.ts'
import { seedBatches } from './batches.ts'

const TOPIC_CONFIG = { resourceType: 2, resourceName: 'fuzz', configs: [{ name: 'cleanup.policy', value: 'delete' }] }
const BROKER_CONFIG = { resourceType: 4, resourceName: '', configs: [{ name: 'log.roll.ms', value: '5000' }] }
const TOPICS = ['fuzz', 'fuzz-compacted', 'fuzz-strict'] as const

export function requestSeeds(): Uint8Array[] {
  const bodies: readonly (readonly [AnyApi, object])[] = [
    ...seedBatches().map(
      (records, i) =>
        [
          produceApi,
          {
            acks: [-1, 1, 0][i % 3],
            timeoutMs: 100,
            topicData: [{ name: TOPICS[i % 3], partitionData: [{ index: 0, records }] }],
          },
        ] as const,
    ),
    [fetchApi, fetchBody(0)],
    [fetchApi, { ...fetchBody(3), minBytes: 1000, maxWaitMs: 50, isolationLevel: 1 }],
    [fetchApi, { ...fetchBody(0), sessionEpoch: 0 }],
    [
      fetchApi,
      { ...fetchBody(0), sessionId: 1, sessionEpoch: 1, forgottenTopicsData: [{ topic: 'fuzz', partitions: [0] }] },
    ],
    ...[-1, -2, -3, 1_700_000_000_000].map(
      timestamp =>
        [listOffsetsApi, { topics: [{ name: 'fuzz', partitions: [{ partitionIndex: 0, timestamp }] }] }] as const,
    ),
    [metadataApi, { topics: TOPICS.map(name => ({ name })), allowAutoTopicCreation: true }],
    [metadataApi, { topics: null, allowAutoTopicCreation: false }],
    [apiVersionsApi, { clientSoftwareName: 'fuzz', clientSoftwareVersion: '1.0' }],
    [
      createTopicsApi,
      {
        topics: [
          { name: 'made', numPartitions: 2, replicationFactor: 1, configs: [{ name: 'retention.ms', value: '5' }] },
        ],
      },
    ],
    [
      createTopicsApi,
      {
        topics: [
          {
            name: 'placed',
            numPartitions: -1,
            replicationFactor: -1,
            assignments: [{ partitionIndex: 0, brokerIds: [1] }],
          },
        ],
        validateOnly: true,
      },
    ],
    [deleteTopicsApi, { topicNames: ['made'], topics: [{ name: 'made' }], timeoutMs: 100 }],
    [deleteRecordsApi, { topics: [{ name: 'fuzz', partitions: [{ partitionIndex: 0, offset: 1 }] }], timeoutMs: 100 }],
    [initProducerIdApi, { transactionalId: null, transactionTimeoutMs: 1000 }],
    [offsetForLeaderEpochApi, { topics: [{ topic: 'fuzz', partitions: [{ partition: 0, leaderEpoch: 0 }] }] }],
    [
      describeConfigsApi,
      {
        resources: [
          { resourceType: 2, resourceName: 'fuzz' },
          { resourceType: 4, resourceName: '1' },
        ],
        includeSynonyms: true,
      },
    ],
    [describeClusterApi, {}],
    ...[TOPIC_CONFIG, BROKER_CONFIG].flatMap(({ configs, ...resource }) => [
      [alterConfigsApi, { resources: [{ ...resource, configs }] }] as const,
      ...[0, 1, 2, 3].map(configOperation => {
        const changes = configs.map(config => ({ ...config, configOperation }))
        return [incrementalAlterConfigsApi, { resources: [{ ...resource, configs: changes }] }] as const
      }),
    ]),
    [createPartitionsApi, { topics: [{ name: 'made', count: 3, assignments: [{ brokerIds: [1] }] }], timeoutMs: 100 }],
    [createPartitionsApi, { topics: [{ name: 'made', count: 5 }], timeoutMs: 100, validateOnly: true }],
    [describeLogDirsApi, { topics: null }],
    [describeLogDirsApi, { topics: [{ topic: 'fuzz', partitions: [0] }] }],
    [describeProducersApi, { topics: [{ name: 'fuzz', partitionIndexes: [0] }] }],
    [
      describeTopicPartitionsApi,
      {
        topics: TOPICS.map(name => ({ name })),
        responsePartitionLimit: 1,
        cursor: { topicName: 'fuzz', partitionIndex: 0 },
      },
    ],
  ]
  return bodies.flatMap(([api, body]) => versionsOf(api, body))
}

function fetchBody(fetchOffset: number): object {
  const partitions = [{ partition: 0, fetchOffset, partitionMaxBytes: 1_000_000 }]
  return { maxWaitMs: 0, minBytes: 0, topics: TOPICS.map(topic => ({ topic, partitions })) }
}

/** The request in every version that can carry it. */
function versionsOf(api: AnyApi, body: object): Uint8Array[] {
  const frames: Uint8Array[] = []
  for (let version = api.min; version <= api.max; version++) {
    try {
      frames.push(frameOf(api, { version, body }))
    } catch (error) {
      if (!(error instanceof EncodeError)) throw error
    }
  }
  return frames
}
