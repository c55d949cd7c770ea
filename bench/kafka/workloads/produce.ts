/** Produce in a closed loop by the light load generator: throughput and what it costs. */
import { type ProduceLoad, type ProduceResult, runProduce } from '../../produce-load.ts'
import type { Server } from '../../servers.ts'
import { benchTopic } from '../bench-topic.ts'
import type { Sample } from '../figures.ts'
import { isBare } from '../goals.ts'
import { quantile } from '../statistics.ts'
import type { Bench, Contender, Prepared, Workload } from '../workload.ts'

/** Our journal grows to this (`journal.max.bytes`) and is then used again: steady only after it wrapped twice. */
const RING_BYTES = 256 * 2 ** 20
const WARMUP_BYTES = 2 * RING_BYTES
const WARMUP_MS = 2000
/** Before each round, to get the connections and the caches going. */
const ROUND_WARMUP_MS = 400

export interface ProduceShape {
  readonly connections: number
  readonly batchBytes: number
  readonly recordBytes: number
  readonly inFlight: number
}

export function produceWorkload(title: string, shape: ProduceShape): Workload {
  return { title, prepare: (bench, contender) => prepare(shape, bench, contender) }
}

async function prepare(shape: ProduceShape, bench: Bench, contender: Contender): Promise<Prepared> {
  const server = await bench.fleet.server(contender.side, contender.durability)
  const bare = isBare(contender.side)
  const topic = await benchTopic(server, contender, { partitions: shape.connections })
  const load: ProduceLoad = { ...shape, topic: topic.name, warmupMs: ROUND_WARMUP_MS, measureMs: bench.measureMs }
  const warmupBytes = contender.side === 'kafka' ? 0 : WARMUP_BYTES
  await runProduce(server, { ...load, warmupMs: WARMUP_MS, warmupBytes, measureMs: 0 }, bare)
  return {
    durability: topic.durability,
    measure: async () => sampleOf(server, await runProduce(server, load, bare)),
    release: topic.delete,
  }
}

function sampleOf(server: Server, result: ProduceResult): Sample {
  return {
    bytesPerSecond: result.bytesPerSecond,
    cpuSecondsPerGb: result.cpuSecondsPerGb,
    p50Ms: quantile(result.latencyMs, 0.5),
    p99Ms: quantile(result.latencyMs, 0.99),
    residentBytes: server.residentBytes(),
  }
}
