/**
 * `npm run bench:partitions [-- --topics 1000 --partitions 10 --directory DIR]`: what many partitions cost one broker.
 * Makes them, writes a record to each, kills the process (-9) with all of them dirty, starts it again, writes again, stops
 * it cleanly, starts it once more. Prints the time of each step, what the process holds while idle, and what a request to
 * one partition takes beside all the others. Every write is durable (acks=all, durability=disk). Linux only: /proc.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createTopicsApi } from '../packages/ottla/src/wire/gen/create-topics.ts'
import { produceApi } from '../packages/ottla/src/wire/gen/produce.ts'
import { BrokerProcess } from './broker-process.ts'
import { batchOf, PRODUCE_VERSION, wait } from './produce-load.ts'
import { RawConnection } from './raw-connection.ts'

const { values } = parseArgs({
  options: {
    topics: { type: 'string', default: '1000' },
    partitions: { type: 'string', default: '10' },
    directory: { type: 'string', default: tmpdir() },
    'idle-seconds': { type: 'string', default: '10' },
  },
})
const topicCount = Number(values.topics)
const perTopic = Number(values.partitions)
const idleMs = Number(values['idle-seconds']) * 1000
const TOPICS_PER_REQUEST = 50
const REQUESTS = 300

const names = Array.from({ length: topicCount }, (_, i) => `many-${i}`)
const directory = mkdtempSync(join(values.directory, 'ottla-partitions-'))
const batch = batchOf(1024, 1000)
let broker = await BrokerProcess.start(directory)
try {
  console.log(`${topicCount} topics of ${perTopic}; Node ${process.version}; durability disk`)
  await lap('one topic made', () => create(['first']))
  await latency('first', 'before')
  await lap('all made', async () => {
    for (let i = 0; i < names.length; i += TOPICS_PER_REQUEST) await create(names.slice(i, i + TOPICS_PER_REQUEST))
  })
  await lap('a record to each, all answered', writeAll)
  await idle('after the writes')
  await latency('first', 'after')
  await writeAll()
  broker.kill()
  await broker.ended
  await lap('kill -9, start to first acknowledged write', startAgain)
  await lap('a record to each, all answered', writeAll)
  await idle('after recovery')
  await lap('clean stop', () => broker.stop())
  await lap('clean start to first acknowledged write', startAgain)
  await idle('after a clean start')
  await lap('clean stop of what was not used', () => broker.stop())
} finally {
  broker.kill()
  await broker.ended
  rmSync(directory, { recursive: true, force: true })
}

async function startAgain(): Promise<void> {
  broker = await BrokerProcess.start(directory)
  await write(await RawConnection.open(broker.port), [names.at(-1) as string], [perTopic - 1])
}

async function create(topics: readonly string[]): Promise<void> {
  const connection = await RawConnection.open(broker.port)
  const asked = topics.map(name => ({ name, numPartitions: perTopic, replicationFactor: 1 }))
  const reply = await connection.ask(createTopicsApi as never, 7, { topics: asked, timeoutMs: 300_000 } as never)
  connection.close()
  for (const topic of (reply as ReturnType<typeof createTopicsApi.decodeResponse>).topics) {
    if (topic.errorCode !== 0) throw new Error(`topic ${topic.name}: error ${topic.errorCode} ${topic.errorMessage}`)
  }
}

/** One record to each partition, fifty topics in a request, all requests at once. */
async function writeAll(): Promise<void> {
  const indexes = Array.from({ length: perTopic }, (_, i) => i)
  const connection = await RawConnection.open(broker.port)
  for (let i = 0; i < names.length; i += TOPICS_PER_REQUEST) {
    await write(connection, names.slice(i, i + TOPICS_PER_REQUEST), indexes)
  }
  connection.close()
}

async function write(connection: RawConnection, topics: readonly string[], partitions: readonly number[]) {
  const topicData = topics.map(name => ({
    name,
    partitionData: partitions.map(index => ({ index, records: batch })),
  }))
  const reply = await connection.ask(produceApi as never, PRODUCE_VERSION, {
    acks: -1,
    timeoutMs: 300_000,
    topicData,
  } as never)
  for (const { name, partitionResponses } of (reply as ReturnType<typeof produceApi.decodeResponse>).responses) {
    for (const { index, errorCode } of partitionResponses) {
      if (errorCode !== 0) throw new Error(`${name}-${index}: error ${errorCode}`)
    }
  }
}

async function idle(when: string): Promise<void> {
  // What a checkpoint writes behind is no part of it.
  await wait(8000)
  const before = broker.cpuSeconds()
  await wait(idleMs)
  const cpu = ((broker.cpuSeconds() - before) / (idleMs / 1000)) * 100
  const megabytes = (broker.residentBytes() / 1e6).toFixed(0)
  console.log(
    `idle ${when} | resident ${megabytes} MB | ${broker.descriptorCount()} descriptors | ${cpu.toFixed(1)} % of a core`,
  )
}

/** One record at a time to one partition. */
async function latency(topic: string, when: string): Promise<void> {
  const connection = await RawConnection.open(broker.port)
  const times: number[] = []
  for (let i = 0; i < REQUESTS; i++) {
    const from = performance.now()
    await write(connection, [topic], [0])
    times.push(performance.now() - from)
  }
  connection.close()
  times.sort((a, b) => a - b)
  const at = (share: number) => (times[Math.floor((times.length - 1) * share)] as number).toFixed(2)
  console.log(`a record to one partition, ${when} | p50 ${at(0.5)} ms | p99 ${at(0.99)} ms`)
}

async function lap(what: string, work: () => Promise<void>): Promise<void> {
  const from = performance.now()
  await work()
  console.log(`${what} | ${((performance.now() - from) / 1000).toFixed(2)} s`)
}
