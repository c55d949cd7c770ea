/** Topics for a load: made, asked how durable they are, deleted. Against any broker. */
import { createTopicsApi } from '../packages/ottla/src/wire/gen/create-topics.ts'
import { deleteTopicsApi } from '../packages/ottla/src/wire/gen/delete-topics.ts'
import { describeConfigsApi } from '../packages/ottla/src/wire/gen/describe-configs.ts'
import { listOffsetsApi } from '../packages/ottla/src/wire/gen/list-offsets.ts'
import { RawConnection } from './raw-connection.ts'

const CREATE_VERSION = 7
/** The newest that names topics, not ids. */
const DELETE_VERSION = 5
const DESCRIBE_VERSION = 4
const LIST_OFFSETS_VERSION = 7
const TOPIC_RESOURCE = 2
const LATEST = -1
/** A broker that lists 10,000 new partitions may take its time. */
const TIMEOUT_MS = 120_000
/** Between two questions whether a topic is served yet. */
const PATIENCE_MS = 20

export interface TopicOptions {
  readonly name: string
  readonly partitions: number
  readonly configs: Readonly<Record<string, string>>
}

/** Keeps a topic within a size as a whole, so that a long run fills neither the disk nor the page cache. */
export function boundedTo(bytes: number, partitions: number): Record<string, string> {
  const perPartition = Math.floor(bytes / partitions)
  return {
    'segment.bytes': String(Math.max(1 << 20, Math.floor(perPartition / 4))),
    'retention.bytes': String(perPartition),
    'file.delete.delay.ms': '0',
  }
}

/** Makes topics in one request, and returns once every partition of them answers. */
export async function createTopics(connection: RawConnection, topics: readonly TopicOptions[]): Promise<void> {
  const reply = await connection.ask(createTopicsApi, CREATE_VERSION, {
    topics: topics.map(({ name, partitions, configs }) => ({
      name,
      numPartitions: partitions,
      replicationFactor: 1,
      configs: Object.entries(configs).map(([name, value]) => ({ name, value })),
    })),
    timeoutMs: TIMEOUT_MS,
  })
  for (const { name, errorCode, errorMessage } of reply.topics) {
    if (errorCode !== 0) throw new Error(`topic ${name}: error ${errorCode} ${errorMessage ?? ''}`)
  }
  const deadline = performance.now() + TIMEOUT_MS
  while (!(await areServed(connection, topics))) {
    if (performance.now() > deadline) throw new Error(`${topics.length} new topics are not served`)
    await new Promise(resolve => setTimeout(resolve, PATIENCE_MS))
  }
}

async function areServed(connection: RawConnection, topics: readonly TopicOptions[]): Promise<boolean> {
  const reply = await connection.ask(listOffsetsApi, LIST_OFFSETS_VERSION, {
    replicaId: -1,
    topics: topics.map(({ name, partitions }) => ({
      name,
      partitions: Array.from({ length: partitions }, (_, partitionIndex) => ({ partitionIndex, timestamp: LATEST })),
    })),
  })
  return reply.topics.every(topic => topic.partitions.every(each => each.errorCode === 0))
}

export async function makeTopic(port: number, topic: TopicOptions): Promise<void> {
  await withConnection(port, connection => createTopics(connection, [topic]))
}

export async function deleteTopic(port: number, name: string): Promise<void> {
  const reply = await withConnection(port, connection =>
    connection.ask(deleteTopicsApi, DELETE_VERSION, { topicNames: [name], timeoutMs: TIMEOUT_MS }),
  )
  const errorCode = reply.responses[0]?.errorCode
  if (errorCode !== 0) throw new Error(`deletion of topic ${name}: error ${errorCode}`)
}

/** The value of a config key that the broker says is in effect for a topic; null for a key that it does not have. */
export async function configInEffect(port: number, topic: string, key: string): Promise<string | null> {
  const reply = await withConnection(port, connection =>
    connection.ask(describeConfigsApi, DESCRIBE_VERSION, {
      resources: [{ resourceType: TOPIC_RESOURCE, resourceName: topic, configurationKeys: [key] }],
    }),
  )
  const [result] = reply.results
  if (result?.errorCode !== 0) throw new Error(`configs of topic ${topic}: error ${result?.errorCode}`)
  return result.configs.find(config => config.name === key)?.value ?? null
}

/** First and end offset of a partition. */
export async function boundsOf(
  connection: RawConnection,
  topic: string,
  partition: number,
): Promise<{ start: number; end: number }> {
  const at = async (timestamp: number) => {
    const topics = [{ name: topic, partitions: [{ partitionIndex: partition, timestamp }] }]
    const reply = await connection.ask(listOffsetsApi, LIST_OFFSETS_VERSION, { replicaId: -1, topics })
    return reply.topics[0]!.partitions[0]!.offset
  }
  return { start: await at(-2), end: await at(LATEST) }
}

export async function withConnection<T>(port: number, use: (connection: RawConnection) => Promise<T>): Promise<T> {
  const connection = await RawConnection.open(port)
  try {
    return await use(connection)
  } finally {
    connection.close()
  }
}
