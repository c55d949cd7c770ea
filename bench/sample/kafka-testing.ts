/**
 * What the KafkaJS sample uses of `ottla/testing`, with Apache Kafka behind it: a broker of its own for each call, started
 * in a new folder, and helpers made of KafkaJS, as people write them by hand. Only so that the sample runs unchanged.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startKafka } from '../../test/interop/brokers/kafka.ts'

/** Kafka's default waits three seconds for the members of a new group; a test would not. */
const CONFIGS = { 'group.initial.rebalance.delay.ms': '0' }
const POLL_MS = 20

// biome-ignore lint/suspicious/noExplicitAny: the client is the one that the sample installed, not a dependency here
const kafkajs = createRequire(join(process.cwd(), 'package.json'))('kafkajs') as any

interface Options {
  readonly topics: Readonly<Record<string, number>>
}

interface SampleRecord {
  readonly key: string
  readonly value: string
  readonly headers?: Readonly<Record<string, string>>
}

export async function startBroker({ topics }: Options) {
  const folder = await mkdtemp(join(tmpdir(), 'ottla-sample-'))
  const broker = await startKafka({ folder, configs: CONFIGS })
  const bootstrapServers = `${broker.address.host}:${broker.address.port}`
  const kafka = new kafkajs.Kafka({ brokers: [bootstrapServers], logLevel: kafkajs.logLevel.NOTHING })
  const admin = kafka.admin()
  await admin.connect()
  await admin.createTopics({
    waitForLeaders: true,
    topics: Object.entries(topics).map(([topic, numPartitions]) => ({ topic, numPartitions })),
  })

  async function produce(topic: string, messages: readonly SampleRecord[]): Promise<void> {
    const producer = kafka.producer()
    await producer.connect()
    await producer.send({ topic, messages })
    await producer.disconnect()
  }

  async function consumeAll(topic: string): Promise<SampleRecord[]> {
    const offsets: { high: string; low: string }[] = await admin.fetchTopicOffsets(topic)
    const count = offsets.reduce((sum, { high, low }) => sum + Number(high) - Number(low), 0)
    const consumer = kafka.consumer({ groupId: `all-of-${topic}`, maxWaitTimeInMs: 100 })
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    const found: SampleRecord[] = []
    const { promise, resolve } = Promise.withResolvers<void>()
    // biome-ignore lint/suspicious/noExplicitAny: see above
    const eachMessage = async ({ message }: any) => {
      const headers = Object.entries(message.headers).map(([name, value]) => [name, String(value)])
      found.push({ key: String(message.key), value: String(message.value), headers: Object.fromEntries(headers) })
      if (found.length === count) resolve()
    }
    await consumer.run({ eachMessage })
    await promise
    await consumer.disconnect()
    return found
  }

  async function waitForGroup(id: string, { members }: { members: number }) {
    for (;;) {
      const [group] = (await admin.describeGroups([id])).groups
      if (group.state === 'Stable' && group.members.length === members) {
        const decode = (bytes: Buffer) => kafkajs.AssignerProtocol.MemberAssignment.decode(bytes).assignment
        // biome-ignore lint/suspicious/noExplicitAny: see above
        return { members: group.members.map((member: any) => ({ assignment: decode(member.memberAssignment) })) }
      }
      await new Promise(resolve => setTimeout(resolve, POLL_MS))
    }
  }

  async function close(): Promise<void> {
    await admin.disconnect()
    await broker.stop()
    await rm(folder, { recursive: true })
  }
  return { bootstrapServers, produce, consumeAll, waitForGroup, [Symbol.asyncDispose]: close }
}
