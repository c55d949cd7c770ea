/**
 * Agent for @platformatic/kafka. Its message stream always joins a group, so reading goes through the public
 * `Consumer.fetch`, which needs none.
 */
import { pathToFileURL } from 'node:url'
import {
  brokerAddress,
  decode,
  encode,
  type OffsetArgs,
  type ReadArgs,
  requireInstalled,
  serve,
  type WireReadRecord,
  type WriteArgs,
} from './agent-loop.ts'

interface LibraryRecord {
  readonly timestampDelta: bigint
  readonly offsetDelta: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: [Buffer, Buffer | null][]
}

interface RecordsBatch {
  readonly firstOffset: bigint
  readonly firstTimestamp: bigint
  readonly attributes: number
  readonly records: LibraryRecord[]
}

interface Metadata {
  readonly topics: Map<string, { id: string; partitions: { leader: number }[] }>
}

interface Consumer {
  readonly topics: { track(topic: string): void }
  metadata(request: object): Promise<Metadata>
  fetch(
    request: object,
  ): Promise<{ responses: { partitions: { partitionIndex: number; records?: RecordsBatch[] | null }[] }[] }>
  close(force: boolean): Promise<void>
}

interface Producer {
  send(request: object): Promise<unknown>
  close(): Promise<void>
}

interface Admin {
  listTopics(request: object): Promise<string[]>
  createTopics(request: object): Promise<unknown>
  deleteTopics(request: object): Promise<unknown>
  metadata(request: object): Promise<Metadata>
  listOffsets(request: object): Promise<{ partitions: { offset: bigint }[] }[]>
  createPartitions(request: object): Promise<void>
  describeConfigs(request: object): Promise<{ configs: { name: string; value: string }[] }[]>
  incrementalAlterConfigs(request: object): Promise<void>
  describeLogDirs(request: object): Promise<{ results: { topics: { partitions: { partitionSize: bigint }[] }[] }[] }[]>
  deleteRecords(request: object): Promise<{ partitions: { lowWatermark: bigint }[] }[]>
  close(): Promise<void>
}

interface Library {
  Admin: new (options: object) => Admin
  Producer: new (options: object) => Producer
  Consumer: new (options: object) => Consumer
}

const library = (await import(pathToFileURL(requireInstalled.resolve('@platformatic/kafka')).href)) as Library
const base = { clientId: 'platformatic', bootstrapBrokers: [brokerAddress], strict: true }
const admin = new library.Admin(base)

async function write({ topic, partition, codec, acks, idempotent, records }: WriteArgs): Promise<void> {
  const producer = new library.Producer({ ...base, autocreateTopics: true })
  try {
    const messages = records.map(record => ({
      topic,
      partition,
      ...(record.key === null ? {} : { key: decode(record.key) }),
      value: decode(record.value),
      headers: new Map(record.headers.map(([name, value]) => [Buffer.from(name), decode(value)])),
      timestamp: BigInt(record.timestampMs),
    }))
    await producer.send({ messages, compression: codec, acks, idempotent })
  } finally {
    await producer.close()
  }
}

async function offset({ topic, partition, question }: OffsetArgs): Promise<number | null> {
  const special: Record<string, number> = { latest: -1, earliest: -2, 'maximum timestamp': -3 }
  const timestamp = BigInt(special[question.at] ?? question.timestampMs!)
  const [found] = await admin.listOffsets({
    topics: [{ name: topic, partitions: [{ partitionIndex: partition, timestamp }] }],
  })
  const answer = Number(found!.partitions[0]!.offset)
  return answer === -1 ? null : answer
}

function recordOf(batch: RecordsBatch, record: LibraryRecord, partition: number): WireReadRecord {
  return {
    key: encode(record.key),
    value: encode(record.value),
    headers: record.headers.map(([name, value]) => [name.toString(), encode(value)] as const),
    timestampMs: Number(batch.firstTimestamp + record.timestampDelta),
    partition,
    offset: Number(batch.firstOffset) + record.offsetDelta,
  }
}

async function read(args: ReadArgs): Promise<WireReadRecord[]> {
  const { topic, partitions, start } = args
  const consumer = new library.Consumer({ ...base, groupId: 'never-joined' })
  try {
    consumer.topics.track(topic)
    const found = (await consumer.metadata({ topics: [topic] })).topics.get(topic)!
    const question = { at: start.at, timestampMs: start.timestampMs ?? 0 }
    const next = new Map<number, number>()
    for (const partition of partitions) {
      const first = start.at === 'offset' ? start.offset! : await offset({ topic, partition, question })
      next.set(partition, first ?? 0)
    }
    // One broker leads everything here.
    const place = { topicId: found.id, node: found.partitions[partitions[0]!]!.leader }
    return await fetchFrom(consumer, place, next, args)
  } finally {
    await consumer.close(true)
  }
}

async function fetchFrom(
  consumer: Consumer,
  { topicId, node }: { topicId: string; node: number },
  next: Map<number, number>,
  args: ReadArgs,
): Promise<WireReadRecord[]> {
  const records: WireReadRecord[] = []
  const deadline = Date.now() + args.timeoutMs
  const limits = { minBytes: 1, maxBytes: 10_485_760, maxWaitTime: 500, isolationLevel: args.committedOnly ? 1 : 0 }
  while (records.length < args.count && Date.now() < deadline) {
    const partitions = [...next].map(([partition, first]) => ({
      partition,
      fetchOffset: BigInt(first),
      partitionMaxBytes: 1_048_576,
      currentLeaderEpoch: -1,
      lastFetchedEpoch: -1,
    }))
    const reply = await consumer.fetch({ node, ...limits, topics: [{ topicId, partitions }] })
    for (const { partitionIndex, records: batches } of reply.responses.flatMap(response => response.partitions)) {
      const found = (batches ?? []).flatMap(batch => batch.records.map(each => recordOf(batch, each, partitionIndex)))
      for (const record of found.filter(each => each.offset >= next.get(partitionIndex)!)) {
        next.set(partitionIndex, record.offset + 1)
        if (records.length < args.count) records.push(record)
      }
    }
  }
  return records
}

const topicResource = (topic: string) => ({ resourceType: 2, resourceName: topic })
const [SET, DELETE] = [0, 1]

await serve({
  async createTopic({ topic, partitions, configs }) {
    const entries = Object.entries(configs).map(([name, value]) => ({ name, value }))
    await admin.createTopics({ topics: [topic], partitions, replicas: 1, configs: entries })
  },
  listTopics: () => admin.listTopics({}),
  describeTopic: async ({ topic }) =>
    (await admin.metadata({ topics: [topic], forceUpdate: true })).topics.get(topic)!.partitions.length,
  async deleteTopic({ topic }) {
    await admin.deleteTopics({ topics: [topic] })
  },
  growTopic: ({ topic, count }) => admin.createPartitions({ topics: [{ name: topic, count }] }),
  async topicConfigs({ topic }) {
    const [found] = await admin.describeConfigs({ resources: [{ ...topicResource(topic), configurationKeys: [] }] })
    return Object.fromEntries(found!.configs.map(each => [each.name, each.value]))
  },
  async alterTopicConfigs({ topic, set, remove }) {
    const configs = [
      ...Object.entries(set).map(([name, value]) => ({ name, configOperation: SET, value })),
      ...remove.map(name => ({ name, configOperation: DELETE })),
    ]
    await admin.incrementalAlterConfigs({ resources: [{ ...topicResource(topic), configs }] })
  },
  async topicBytes({ topic }) {
    const { topics } = await admin.metadata({ topics: [topic], forceUpdate: true })
    const partitions = topics.get(topic)!.partitions.map((_, index) => index)
    const brokers = await admin.describeLogDirs({ topics: [{ name: topic, partitions }] })
    const held = brokers.flatMap(broker => broker.results).flatMap(each => each.topics.flatMap(one => one.partitions))
    return held.reduce((sum, each) => sum + Number(each.partitionSize), 0)
  },
  write,
  read,
  offset,
  async deleteRecords({ topic, partition, before }) {
    const [found] = await admin.deleteRecords({
      topics: [{ name: topic, partitions: [{ partition, offset: BigInt(before) }] }],
    })
    return Number(found!.partitions[0]!.lowWatermark)
  },
  close: () => admin.close(),
})
