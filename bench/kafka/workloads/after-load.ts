/** What a broker holds after the produce rows: in a run of all rows it has had them; else it gets some of the same here. */
import { runProduce, wait } from '../../produce-load.ts'
import { benchTopic } from '../bench-topic.ts'
import type { Workload } from '../workload.ts'

const CONNECTIONS = 4
const LOAD_MS = 3000
/** Until what the load left behind is written out and collected. */
const IDLE_MS = 2000

export const afterLoad: Workload = {
  title: 'resident after produce rows',
  roundsMax: 3,
  prepare: async (bench, contender) => {
    const server = await bench.fleet.server(contender.side, contender.durability)
    const topic = await benchTopic(server, contender, { partitions: CONNECTIONS })
    const load = { topic: topic.name, connections: CONNECTIONS, recordBytes: 1000, inFlight: 16, warmupMs: 0 }
    for (const batchBytes of [16_384, 131_072]) {
      await runProduce(server, { ...load, batchBytes, measureMs: LOAD_MS }, false)
    }
    return {
      durability: topic.durability,
      measure: async () => {
        const cpuFrom = server.cpuSeconds()
        await runProduce(server, { ...load, batchBytes: 131_072, measureMs: bench.measureMs }, false)
        await wait(IDLE_MS)
        return { residentBytes: server.residentBytes(), cpuSeconds: server.cpuSeconds() - cpuFrom }
      },
      release: topic.delete,
    }
  },
}
