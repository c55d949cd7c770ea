/** Produce on a schedule by the light load generator: latency from the moment at which a request was meant to leave. */
import { type OpenLoad, type OpenResult, runOpenLoop } from '../../open-loop-load.ts'
import type { Server } from '../../servers.ts'
import { benchTopic } from '../bench-topic.ts'
import type { Sample } from '../figures.ts'
import { isBare } from '../goals.ts'
import { quantile } from '../statistics.ts'
import type { Bench, Contender, Prepared, Workload } from '../workload.ts'

const WARMUP_MS = 2000
const ROUND_WARMUP_MS = 500
/** A broker that fell behind gets as long for answers that count. */
const DRAIN_MS = 5000
/** And at most as long for the rest, before the next one is measured. */
const SETTLE_MS = 30_000

export interface OpenShape {
  readonly partitions: number
  readonly connections: number
  readonly batchBytes: number
  readonly recordBytes: number
  readonly bytesPerSecond: number
}

export function openLoopWorkload(title: string, shape: OpenShape): Workload {
  return { title, prepare: (bench, contender) => prepare(shape, bench, contender) }
}

async function prepare(shape: OpenShape, bench: Bench, contender: Contender): Promise<Prepared> {
  const server = await bench.fleet.server(contender.side, contender.durability)
  const bare = isBare(contender.side)
  const topic = await benchTopic(server, contender, { partitions: shape.partitions })
  const load = openLoadOf(shape, topic.name, bench)
  await runOpenLoop(server, { ...load, warmupMs: 0, measureMs: WARMUP_MS }, bare)
  return {
    durability: topic.durability,
    measure: async () => latencySample(server, await runOpenLoop(server, load, bare)),
    release: topic.delete,
  }
}

export function openLoadOf(shape: OpenShape, topic: string, bench: Bench): OpenLoad {
  return {
    ...shape,
    topic,
    warmupMs: ROUND_WARMUP_MS,
    measureMs: bench.measureMs,
    drainMs: DRAIN_MS,
    settleMs: SETTLE_MS,
  }
}

export function latencySample(server: Server, result: OpenResult): Sample {
  return {
    p50Ms: quantile(result.latencyMs, 0.5),
    p99Ms: quantile(result.latencyMs, 0.99),
    p999Ms: quantile(result.latencyMs, 0.999),
    answeredShare: result.answeredShare,
    cpuSecondsPerGb: result.cpuSeconds / (result.bytes / 1e9),
    residentBytes: server.residentBytes(),
  }
}
