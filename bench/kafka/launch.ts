/**
 * Brokers that are started to be timed: nothing is waited for at their start but an acknowledged write. The folder is
 * made ready, and for Apache Kafka formatted, before; the same folder can be started again after a stop or a crash.
 */
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createTopicsApi } from '../../packages/ottla/src/wire/gen/create-topics.ts'
import { produceApi } from '../../packages/ottla/src/wire/gen/produce.ts'
import { freePorts } from '../../test/interop/brokers/broker.ts'
import { launchOfKafka } from '../../test/interop/brokers/kafka.ts'
import { startChild, withLogFile } from '../../test/interop/children.ts'
import { batchOf, PRODUCE_VERSION, wait } from '../produce-load.ts'
import { ottlaArgs, type Server, serverOf } from '../servers.ts'
import { withConnection } from '../topics.ts'
import { durabilityInEffect } from './bench-topic.ts'
import { durabilityConfigs, kafkaConfigs, kafkaJvm, ottlaSettings } from './fleet.ts'
import type { Bench, Contender } from './workload.ts'

const UNKNOWN_TOPIC = 3
const CREATE_VERSION = 7
/** Between two attempts at the first write. */
const PATIENCE_MS = 2

/** A folder ready for a broker, and the command that starts it there. */
export interface Launch {
  readonly port: number
  /** Returns at once; the broker is not there yet. */
  start(): Server
  /** Removes the folder. No broker may run in it. */
  remove(): void
}

export async function launchOf(bench: Bench, { side }: Contender): Promise<Launch> {
  const folder = bench.fleet.folder(`launch-${side}`)
  const logPath = join(folder, 'broker.log')
  const launched = side === 'kafka' ? await kafkaCommand(folder) : await ottlaCommand(bench, folder)
  const { command, args, port } = launched
  const start = () =>
    serverOf(
      side,
      port,
      withLogFile(logPath, log => startChild(command, args, { stdio: ['ignore', log, log] })),
    )
  return { port, start, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

interface Command {
  readonly command: string
  readonly args: readonly string[]
  readonly port: number
}

async function kafkaCommand(folder: string): Promise<Command> {
  const { args, address } = await launchOfKafka({ folder, configs: kafkaConfigs, jvm: kafkaJvm })
  return { command: 'java', args, port: address.port }
}

async function ottlaCommand(bench: Bench, folder: string): Promise<Command> {
  const [port] = (await freePorts(1)) as [number]
  const data = join(folder, 'data')
  mkdirSync(data)
  const { program, nodeArgs = [] } = bench.fleet.options
  const args = ottlaArgs({ folder: data, port, program, nodeArgs, settings: ottlaSettings })
  return { command: process.execPath, args, port }
}

/** The topic that {@link triedLaunch} has made, with one partition. */
export const FIRST_TOPIC = 'first-write'
/** A start that takes longer has failed. */
const START_TIMEOUT_MS = 300_000

/** A launch that was started once, written to and stopped, so that its files have been read; and what it said of itself. */
export async function triedLaunch(
  bench: Bench,
  contender: Contender,
): Promise<{ readonly launch: Launch; readonly durability: string }> {
  const launch = await launchOf(bench, contender)
  const { server } = await timedStart(launch, contender)
  const durability = await durabilityInEffect(server, contender, FIRST_TOPIC)
  await server.stop()
  return { launch, durability }
}

/** Starts, and returns once a write was acknowledged: the time until then, in milliseconds. */
export async function timedStart(
  launch: Launch,
  contender: Contender,
  topic = FIRST_TOPIC,
): Promise<{ readonly server: Server; readonly startMs: number }> {
  const begunAt = performance.now()
  const server = launch.start()
  const startMs = await firstWriteMs(launch.port, contender, { topic, begunAt })
  return { server, startMs }
}

/**
 * Tries to write one record of 1 KB to a topic until it is acknowledged; makes the topic, with one partition, when it is
 * not there. Returns the time since `begunAt`, by `performance.now()`. Throws the last reason when it takes too long.
 */
async function firstWriteMs(
  port: number,
  contender: Contender,
  { topic, begunAt }: { readonly topic: string; readonly begunAt: number },
): Promise<number> {
  for (;;) {
    try {
      await writeOnce(port, contender, topic)
      return performance.now() - begunAt
    } catch (error) {
      // Refused, cut off, or not served yet.
      if (performance.now() - begunAt > START_TIMEOUT_MS) throw error
      await wait(PATIENCE_MS)
    }
  }
}

async function writeOnce(port: number, contender: Contender, topic: string): Promise<void> {
  await withConnection(port, async connection => {
    const records = batchOf(1024, 1000)
    const reply = await connection.ask(produceApi, PRODUCE_VERSION, {
      acks: -1,
      timeoutMs: 30_000,
      topicData: [{ name: topic, partitionData: [{ index: 0, records }] }],
    })
    const errorCode = reply.responses[0]?.partitionResponses[0]?.errorCode
    if (errorCode === 0) return
    if (errorCode === UNKNOWN_TOPIC) {
      const configs = Object.entries(durabilityConfigs(contender.side, contender.durability))
      await connection.ask(createTopicsApi, CREATE_VERSION, {
        topics: [
          {
            name: topic,
            numPartitions: 1,
            replicationFactor: 1,
            configs: configs.map(([name, value]) => ({ name, value })),
          },
        ],
        timeoutMs: 30_000,
      })
    }
    throw new Error(`the first write was answered with error ${errorCode}`)
  })
}
