/** From the start of a broker's process to its first acknowledged write, and what it holds when it then has nothing to do. */
import { runProduce, wait } from '../../produce-load.ts'
import { makeTopic } from '../../topics.ts'
import { durabilityConfigs } from '../fleet.ts'
import { launchOf, timedStart, triedLaunch } from '../launch.ts'
import type { Workload } from '../workload.ts'

/** Until what a start leaves to be done is done. */
const IDLE_MS = 3000
const PARTITIONS = 6

/** In an empty data directory, which for Apache Kafka is a formatted one: the topic is made on the way. */
export const startEmpty: Workload = {
  title: 'start to first acknowledged write, empty data directory; then idle',
  prepare: async (bench, contender) => {
    const tried = await triedLaunch(bench, contender)
    tried.launch.remove()
    return {
      durability: tried.durability,
      measure: async () => {
        const launch = await launchOf(bench, contender)
        const { server, startMs } = await timedStart(launch, contender)
        const cpuSeconds = server.cpuSeconds()
        await wait(IDLE_MS)
        const residentBytes = server.residentBytes()
        await server.stop()
        launch.remove()
        return { startMs, cpuSeconds, residentBytes }
      },
      release: async () => {},
    }
  },
}

/** With much in six partitions, after a clean stop. */
export const startFull: Workload = {
  title: 'start to first acknowledged write, with data (10 GB unless told), after a clean stop',
  prepare: async (bench, contender) => {
    const { launch, durability } = await triedLaunch(bench, contender)
    const { server } = await timedStart(launch, contender)
    const configs = durabilityConfigs(contender.side, contender.durability)
    await makeTopic(launch.port, { name: 'full', partitions: PARTITIONS, configs })
    const load = { topic: 'full', connections: PARTITIONS, batchBytes: 131_072, recordBytes: 1000, inFlight: 4 }
    await runProduce(server, { ...load, warmupMs: 0, warmupBytes: bench.startBytes, measureMs: 0 }, false)
    await server.stop()
    return {
      durability,
      measure: async () => {
        const { server, startMs } = await timedStart(launch, contender)
        const sample = { startMs, cpuSeconds: server.cpuSeconds(), residentBytes: server.residentBytes() }
        await server.stop()
        return sample
      },
      release: async () => launch.remove(),
    }
  },
}
