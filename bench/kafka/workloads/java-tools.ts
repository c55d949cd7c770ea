/** Apache Kafka's own performance tools, which are Java processes and a good part of the load on a small machine. */
import { randomUUID } from 'node:crypto'
import { describeFailure, run } from '../../../test/interop/children.ts'
import { fullSpeed, javaArgs } from '../../../test/interop/clients/java-home.ts'
import { runProduce } from '../../produce-load.ts'
import type { Server } from '../../servers.ts'
import { boundsOf, withConnection } from '../../topics.ts'
import { benchTopic } from '../bench-topic.ts'
import type { Sample } from '../figures.ts'
import type { Bench, Workload } from '../workload.ts'
import { consumerPerfOf, endToEndOf, producerPerfOf } from './tool-output.ts'

/** As in the tools' start scripts. */
const TOOL_JVM = ['-Xmx512m', ...fullSpeed]
const TOOL_TIMEOUT_MS = 180_000
const RECORD_BYTES = 1000
const PARTITIONS = 6
/** About what a tool moves in a second on a small machine: the number of its records follows from the time wanted. */
const WRITTEN_PER_SECOND = 120_000
const READ_PER_SECOND = 500_000
const PINGS_PER_SECOND = 1000

/** `kafka-producer-perf-test`: linger 5 ms, batches of 128 KB, acks=all. */
export const javaProduce: Workload = {
  title: 'produce, Java tool, linger 5, 128 KB, 6 partitions',
  prepare: async (bench, contender) => {
    const server = await bench.fleet.server(contender.side, contender.durability)
    const topic = await benchTopic(server, contender, { partitions: PARTITIONS })
    const warmup = WRITTEN_PER_SECOND
    const records = warmup + recordsFor(bench, WRITTEN_PER_SECOND)
    const settings = ['linger.ms=5', 'batch.size=131072', 'acks=all']
    const args = [
      ...['--topic', topic.name, '--num-records', String(records), '--record-size', String(RECORD_BYTES)],
      ...['--throughput', '-1', '--warmup-records', String(warmup), '--command-property', ...settings],
    ]
    return {
      durability: topic.durability,
      measure: () =>
        measured(server, records * RECORD_BYTES, async () =>
          producerPerfOf(await ran('org.apache.kafka.tools.ProducerPerformance', server, args)),
        ),
      release: topic.delete,
    }
  },
}

/** `kafka-consumer-perf-test`: everything in a topic that lies in the page cache. */
export const javaConsume: Workload = {
  title: 'consume, Java tool, page-cached, 6 partitions',
  prepare: async (bench, contender) => {
    const server = await bench.fleet.server(contender.side, contender.durability)
    const wanted = recordsFor(bench, READ_PER_SECOND) * RECORD_BYTES
    // Twice as much and segments of a fourth: retention takes nothing of what is to be read.
    const topic = await benchTopic(server, contender, { partitions: PARTITIONS, bytesMax: 4 * wanted })
    const load = { topic: topic.name, connections: PARTITIONS, batchBytes: 131_072, recordBytes: RECORD_BYTES }
    await runProduce(server, { ...load, inFlight: 4, warmupMs: 0, warmupBytes: wanted, measureMs: 0 }, false)
    const records = await recordsIn(server, topic.name)
    const args = ['--topic', topic.name, '--num-records', String(records), '--timeout', '30000']
    const consume = async () => {
      const group = ['--group', `bench-${randomUUID()}`]
      const read = consumerPerfOf(await ran('org.apache.kafka.tools.ConsumerPerformance', server, [...args, ...group]))
      if (read.records < records) throw new Error(`${server.name} gave ${read.records} of ${records} records`)
      return { bytesPerSecond: read.bytesPerSecond }
    }
    return {
      durability: topic.durability,
      measure: () => measured(server, records * RECORD_BYTES, consume),
      release: topic.delete,
    }
  },
}

/** `kafka-e2e-latency`: one record at a time, from its send to its arrival at a consumer. */
export const endToEnd: Workload = {
  title: 'EndToEndLatency, 1 KB',
  prepare: async (bench, contender) => {
    const server = await bench.fleet.server(contender.side, contender.durability)
    const topic = await benchTopic(server, contender, { partitions: 1 })
    const pings = recordsFor(bench, PINGS_PER_SECOND)
    const args = [
      '--topic',
      topic.name,
      '--num-records',
      String(pings),
      '--producer-acks',
      'all',
      '--record-size',
      '1024',
    ]
    return {
      durability: topic.durability,
      measure: () =>
        measured(server, pings * 1024, async () =>
          endToEndOf(await ran('org.apache.kafka.tools.EndToEndLatency', server, args)),
        ),
      release: topic.delete,
    }
  },
}

function recordsFor(bench: Bench, perSecond: number): number {
  return Math.ceil((bench.measureMs / 1000) * perSecond)
}

/** A run of a tool, with what it cost the broker from the tool's start to its end. */
async function measured(server: Server, bytes: number, use: () => Promise<Sample>): Promise<Sample> {
  const cpuFrom = server.cpuSeconds()
  const sample = await use()
  const cpuSecondsPerGb = (server.cpuSeconds() - cpuFrom) / (bytes / 1e9)
  return { ...sample, cpuSecondsPerGb, residentBytes: server.residentBytes() }
}

async function recordsIn(server: Server, topic: string): Promise<number> {
  return withConnection(server.port, async connection => {
    let records = 0
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const { start, end } = await boundsOf(connection, topic, partition)
      records += end - start
    }
    return records
  })
}

/** What the tool printed. Throws when it failed. */
async function ran(mainClass: string, server: Server, args: readonly string[]): Promise<string> {
  const all = ['--bootstrap-server', `127.0.0.1:${server.port}`, ...args]
  const finished = await run('java', await javaArgs(mainClass, all, TOOL_JVM), { timeoutMs: TOOL_TIMEOUT_MS })
  if (finished.code !== 0) throw new Error(describeFailure(mainClass, all, finished))
  return finished.stdout.toString()
}
