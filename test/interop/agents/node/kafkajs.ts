/**
 * Agent for KafkaJS. Its public consumer always joins a group, so reading goes through the two classes that the
 * consumer itself is built on: `Cluster` (connections, leaders, offsets) and `Broker.fetch`.
 */
import {
  brokerAddress,
  decode,
  encode,
  type ReadArgs,
  requireInstalled,
  serve,
  type WireReadRecord,
  type WireRecord,
} from './agent-loop.ts'

interface KafkaMessage {
  readonly offset: string
  readonly timestamp: string
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: Record<string, Buffer | null | (Buffer | null)[]>
  readonly isControlRecord: boolean
}

interface Broker {
  fetch(request: object): Promise<{ responses: { partitions: { partition: number; messages: KafkaMessage[] }[] }[] }>
}

interface Cluster {
  connect(): Promise<void>
  disconnect(): Promise<void>
  addTargetTopic(topic: string): Promise<void>
  refreshMetadata(): Promise<void>
  findLeaderForPartitions(topic: string, partitions: number[]): Record<string, number[]>
  findBroker(request: { nodeId: string }): Promise<Broker>
  fetchTopicsOffset(topics: object[]): Promise<{ partitions: { partition: number; offset: string }[] }[]>
}

interface PartitionOffsets {
  readonly partition: number
  readonly offset: string
  readonly low?: string
  readonly high?: string
}

interface Admin {
  connect(): Promise<void>
  disconnect(): Promise<void>
  listTopics(): Promise<string[]>
  createTopics(request: object): Promise<boolean>
  deleteTopics(request: object): Promise<void>
  fetchTopicMetadata(request: object): Promise<{ topics: { partitions: unknown[] }[] }>
  fetchTopicOffsets(topic: string): Promise<PartitionOffsets[]>
  fetchTopicOffsetsByTimestamp(topic: string, timestamp: number): Promise<PartitionOffsets[]>
  deleteTopicRecords(request: object): Promise<void>
  createPartitions(request: object): Promise<void>
  describeConfigs(request: object): Promise<{ resources: { configEntries: ConfigEntry[] }[] }>
  alterConfigs(request: object): Promise<void>
}

interface ConfigEntry {
  readonly configName: string
  readonly configValue: string
  readonly configSource: number
}

interface Producer {
  connect(): Promise<void>
  disconnect(): Promise<void>
  send(request: object): Promise<unknown>
}

interface Library {
  Kafka: new (config: object) => { producer(config: object): Producer; admin(): Admin; logger(): unknown }
  CompressionTypes: { None: number; GZIP: number }
  logLevel: { WARN: number }
}

process.env.KAFKAJS_NO_PARTITIONER_WARNING = '1'
const library = requireInstalled('kafkajs') as Library
const ClusterClass = requireInstalled('kafkajs/src/cluster') as new (config: object) => Cluster
const socketFactory = (requireInstalled('kafkajs/src/network/socketFactory') as () => unknown)()
const logCreator = () => (entry: unknown) => console.error(JSON.stringify(entry))

const kafka = new library.Kafka({
  clientId: 'kafkajs',
  brokers: [brokerAddress],
  logLevel: library.logLevel.WARN,
  logCreator,
})
const admin = kafka.admin()
await admin.connect()

async function write(request: object, idempotent: boolean): Promise<void> {
  // With more than one request in flight an idempotent KafkaJS producer may reorder; one is what its guide asks for.
  const producer = kafka.producer({ idempotent, maxInFlightRequests: 1, allowAutoTopicCreation: true })
  await producer.connect()
  try {
    await producer.send(request)
  } finally {
    await producer.disconnect()
  }
}

function messageOf(record: WireRecord, partition: number): object {
  const headers: Record<string, (Buffer | null)[]> = {}
  for (const [name, value] of record.headers) headers[name] = [...(headers[name] ?? []), decode(value)]
  const content = { key: decode(record.key), value: decode(record.value) }
  return { partition, ...content, headers, timestamp: String(record.timestampMs) }
}

function recordOf(message: KafkaMessage, partition: number): WireReadRecord {
  const headers = Object.entries(message.headers).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map(one => [name, encode(one)] as const),
  )
  const place = { partition, offset: Number(message.offset), timestampMs: Number(message.timestamp) }
  return { key: encode(message.key), value: encode(message.value), headers, ...place }
}

/** First offset to read, by partition. */
async function startsOf(cluster: Cluster, { topic, partitions, start }: ReadArgs): Promise<Map<number, number>> {
  const which = partitions.map(partition => ({ partition }))
  if (start.at === 'offset') return new Map(partitions.map(partition => [partition, start.offset!]))
  const place =
    start.at === 'timestamp' ? { fromTimestamp: start.timestampMs! } : { fromBeginning: start.at === 'earliest' }
  const [found] = await cluster.fetchTopicsOffset([{ topic, partitions: which, ...place }])
  return new Map(found!.partitions.map(each => [each.partition, Number(each.offset)]))
}

async function offsetAt(topic: string, partition: number, timestampMs: number): Promise<number> {
  const offsets = await admin.fetchTopicOffsetsByTimestamp(topic, timestampMs)
  return Number(offsets.find(entry => entry.partition === partition)!.offset)
}

async function read(args: ReadArgs): Promise<WireReadRecord[]> {
  const cluster = new ClusterClass({
    logger: kafka.logger(),
    socketFactory,
    brokers: () => [brokerAddress],
    metadataMaxAge: 300_000,
    connectionTimeout: 1_000,
    enforceRequestTimeout: true,
    allowAutoTopicCreation: false,
    isolationLevel: args.committedOnly ? 1 : 0,
    retry: {},
  })
  await cluster.connect()
  try {
    await cluster.addTargetTopic(args.topic)
    // One broker leads everything here.
    const [nodeId] = Object.keys(cluster.findLeaderForPartitions(args.topic, [...args.partitions]))
    const broker = await cluster.findBroker({ nodeId: nodeId! })
    return await fetchFrom(broker, await startsOf(cluster, args), args)
  } finally {
    await cluster.disconnect()
  }
}

async function fetchFrom(broker: Broker, next: Map<number, number>, args: ReadArgs): Promise<WireReadRecord[]> {
  const records: WireReadRecord[] = []
  const deadline = Date.now() + args.timeoutMs
  const limits = { maxWaitTime: 500, minBytes: 1, maxBytes: 10_485_760, isolationLevel: args.committedOnly ? 1 : 0 }
  while (records.length < args.count && Date.now() < deadline) {
    const partitions = [...next].map(([partition, offset]) => ({
      partition,
      fetchOffset: String(offset),
      maxBytes: 1_048_576,
    }))
    const reply = await broker.fetch({ ...limits, topics: [{ topic: args.topic, partitions }] })
    for (const { partition, messages } of reply.responses.flatMap(response => response.partitions)) {
      for (const message of messages.filter(each => Number(each.offset) >= next.get(partition)!)) {
        next.set(partition, Number(message.offset) + 1)
        if (!message.isControlRecord && records.length < args.count) records.push(recordOf(message, partition))
      }
    }
  }
  return records
}

const TOPIC = { type: 2 }
const OF_THE_TOPIC = 1

async function configsOf(topic: string): Promise<ConfigEntry[]> {
  const { resources } = await admin.describeConfigs({ resources: [{ ...TOPIC, name: topic }], includeSynonyms: false })
  return resources[0]!.configEntries
}

await serve({
  async createTopic({ topic, partitions, configs }) {
    const configEntries = Object.entries(configs).map(([name, value]) => ({ name, value }))
    const made = await admin.createTopics({ topics: [{ topic, numPartitions: partitions, configEntries }] })
    if (!made) throw new Error('createTopics said false: the topic exists')
  },
  listTopics: () => admin.listTopics(),
  async describeTopic({ topic }) {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
    return topics[0]!.partitions.length
  },
  deleteTopic: ({ topic }) => admin.deleteTopics({ topics: [topic] }),
  async growTopic({ topic, count }) {
    await admin.createPartitions({ topicPartitions: [{ topic, count }] })
  },
  async topicConfigs({ topic }) {
    return Object.fromEntries((await configsOf(topic)).map(each => [each.configName, each.configValue]))
  },
  async alterTopicConfigs({ topic, set, remove }) {
    // It only has the request that replaces all, so that what shall stay has to be said again.
    const own = (await configsOf(topic)).filter(each => each.configSource === OF_THE_TOPIC)
    const configs = new Map([...own.map(each => [each.configName, each.configValue] as const), ...Object.entries(set)])
    for (const name of remove) configs.delete(name)
    const configEntries = [...configs].map(([name, value]) => ({ name, value }))
    await admin.alterConfigs({ validateOnly: false, resources: [{ ...TOPIC, name: topic, configEntries }] })
  },
  topicBytes: async () => {
    throw new Error('KafkaJS has no DescribeLogDirs')
  },
  async write({ topic, partition, codec, acks, idempotent, records }) {
    const compression = codec === 'gzip' ? library.CompressionTypes.GZIP : library.CompressionTypes.None
    const messages = records.map(record => messageOf(record, partition))
    await write({ topic, acks, compression, messages }, idempotent)
  },
  read,
  async offset({ topic, partition, question }) {
    const { low, high } = (await admin.fetchTopicOffsets(topic)).find(entry => entry.partition === partition)!
    if (question.at !== 'timestamp') return Number(question.at === 'earliest' ? low : high)
    // KafkaJS turns "no record that late" into the end offset.
    const found = await offsetAt(topic, partition, question.timestampMs!)
    return found === Number(high) ? null : found
  },
  async deleteRecords({ topic, partition, before }) {
    // KafkaJS looks for the leader among topics that it has been asked about before.
    await admin.fetchTopicOffsets(topic)
    await admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: String(before) }] })
    const offsets = (await admin.fetchTopicOffsets(topic)).find(entry => entry.partition === partition)!
    return Number(offsets.low)
  },
  close: () => admin.disconnect(),
})
