/**
 * A broker with topics of ten partitions, 10,000 in all unless told: what it holds, what a request costs beside what it
 * cost with the first ten, and how long after `kill -9`, with every partition written to, until a write is acknowledged.
 */
import { runProduce, wait } from '../../produce-load.ts'
import { RawConnection } from '../../raw-connection.ts'
import type { Server } from '../../servers.ts'
import { createTopics } from '../../topics.ts'
import type { Sample } from '../figures.ts'
import { durabilityConfigs } from '../fleet.ts'
import { type Launch, timedStart, triedLaunch } from '../launch.ts'
import type { Bench, Contender, Workload } from '../workload.ts'
import { writeEverywhere } from '../write-everywhere.ts'

const PARTITIONS_PER_TOPIC = 10
const TOPICS_PER_REQUEST = 50
const IDLE_MS = 3000
const BATCH_BYTES = 1024
const RECORD_BYTES = 900

export const tenThousand: Workload = {
  title: '10,000 partitions (unless told): 1,000 topics of ten',
  // Minutes for each side.
  roundsMax: 1,
  prepare: async (bench, contender) => {
    const { launch, durability } = await triedLaunch(bench, contender)
    return {
      durability,
      measure: () => measure(bench, contender, launch),
      release: async () => launch.remove(),
    }
  },
}

async function measure(bench: Bench, contender: Contender, launch: Launch): Promise<Sample> {
  const topics = Array.from({ length: bench.topics }, (_, i) => ({
    name: `topic-${i}`,
    partitions: PARTITIONS_PER_TOPIC,
    configs: durabilityConfigs(contender.side, contender.durability),
  }))
  const { server } = await timedStart(launch, contender)
  await bench.fleet.options.warmUp(server)
  const connection = await RawConnection.open(launch.port)
  await createTopics(connection, topics.slice(0, 1))
  // Once for nothing: compilers are done with such requests before they are counted.
  await cpuUsPerRequest(server, bench)
  const cpuOfFew = await cpuUsPerRequest(server, bench)
  const createFrom = performance.now()
  for (let at = 1; at < topics.length; at += TOPICS_PER_REQUEST) {
    await createTopics(connection, topics.slice(at, at + TOPICS_PER_REQUEST))
  }
  const createMs = performance.now() - createFrom
  await writeEverywhere(connection, topics, BATCH_BYTES)
  await wait(IDLE_MS)
  const [residentBytes, descriptors] = [server.residentBytes(), server.descriptors()]
  const cpuOfMany = await cpuUsPerRequest(server, bench)
  await writeEverywhere(connection, topics, BATCH_BYTES)
  connection.close()
  await server.kill()
  const { server: again, startMs } = await timedStart(launch, contender, 'topic-0')
  await again.kill()
  const cpuGrowth = cpuOfMany / cpuOfFew
  return { startMs, createMs, descriptors, cpuUsPerRequest: cpuOfMany, cpuGrowth, residentBytes }
}

/** Of produce requests of one small batch to a few partitions, with what the broker does of itself meanwhile. */
async function cpuUsPerRequest(server: Server, bench: Bench): Promise<number> {
  const load = { topic: 'topic-0', connections: 4, batchBytes: BATCH_BYTES, recordBytes: RECORD_BYTES, inFlight: 4 }
  const cpuFrom = server.cpuSeconds()
  const { latencyMs } = await runProduce(server, { ...load, warmupMs: 0, measureMs: bench.measureMs }, false)
  return ((server.cpuSeconds() - cpuFrom) * 1e6) / latencyMs.length
}
