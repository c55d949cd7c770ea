/**
 * Agent for KafkaJS. Its public consumer always joins a group, so reading goes through the two classes that the
 * consumer itself is built on: `Cluster` (connections, leaders, offsets) and `Broker.fetch`.
 */
import { brokerAddress, decode, encode, type ReadArgs, requireInstalled, serve, type WireRecord } from './agent-loop.ts'

interface KafkaMessage {
  readonly offset: string
  readonly timestamp: string
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: Record<string, Buffer | null | (Buffer | null)[]>
  readonly isControlRecord: boolean
}

interface Broker {
  fetch(request: object): Promise<{ responses: { partitions: { messages: KafkaMessage[] }[] }[] }>
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

function recordOf(message: KafkaMessage): WireRecord & { offset: number } {
  const headers = Object.entries(message.headers).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map(one => [name, encode(one)] as const),
  )
  const place = { offset: Number(message.offset), timestampMs: Number(message.timestamp) }
  return { key: encode(message.key), value: encode(message.value), headers, ...place }
}

async function startOf(cluster: Cluster, { topic, partition, start }: ReadArgs): Promise<number> {
  if (start.at === 'offset') return start.offset!
  if (start.at === 'timestamp') return offsetsAt(topic, partition, start.timestampMs!)
  const partitions = [{ partition }]
  const [found] = await cluster.fetchTopicsOffset([{ topic, partitions, fromBeginning: start.at === 'earliest' }])
  return Number(found!.partitions[0]!.offset)
}

async function offsetsAt(topic: string, partition: number, timestampMs: number): Promise<number> {
  const offsets = await admin.fetchTopicOffsetsByTimestamp(topic, timestampMs)
  return Number(offsets.find(entry => entry.partition === partition)!.offset)
}

async function read(args: ReadArgs): Promise<(WireRecord & { offset: number })[]> {
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
    const [nodeId] = Object.keys(cluster.findLeaderForPartitions(args.topic, [args.partition]))
    const broker = await cluster.findBroker({ nodeId: nodeId! })
    return await fetchFrom(broker, await startOf(cluster, args), args)
  } finally {
    await cluster.disconnect()
  }
}

async function fetchFrom(broker: Broker, start: number, args: ReadArgs): Promise<(WireRecord & { offset: number })[]> {
  const records: (WireRecord & { offset: number })[] = []
  const deadline = Date.now() + args.timeoutMs
  let next = start
  while (records.length < args.count && Date.now() < deadline) {
    const partitions = [{ partition: args.partition, fetchOffset: String(next), maxBytes: 1_048_576 }]
    const topics = [{ topic: args.topic, partitions }]
    const limits = { maxWaitTime: 500, minBytes: 1, maxBytes: 10_485_760, isolationLevel: args.committedOnly ? 1 : 0 }
    const reply = await broker.fetch({ ...limits, topics })
    for (const message of reply.responses.flatMap(response => response.partitions.flatMap(each => each.messages))) {
      if (Number(message.offset) < next) continue
      next = Number(message.offset) + 1
      if (!message.isControlRecord && records.length < args.count) records.push(recordOf(message))
    }
  }
  return records
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
    const found = await offsetsAt(topic, partition, question.timestampMs!)
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
