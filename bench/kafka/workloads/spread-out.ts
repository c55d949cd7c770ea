/** The same load over many partitions and over few: what it costs a durable broker that writes are spread out. */
import { type OpenLoad, runOpenLoop } from '../../open-loop-load.ts'
import { benchTopic } from '../bench-topic.ts'
import { quantile } from '../statistics.ts'
import type { Workload } from '../workload.ts'
import { latencySample, type OpenShape, openLoadOf } from './open-loop.ts'

const MANY = 1000
const FEW = 6
const WARMUP_MS = 2000

const shape: Omit<OpenShape, 'partitions'> = {
  connections: 4,
  batchBytes: 16 * 1024,
  recordBytes: 1000,
  bytesPerSecond: 20e6,
}

/** Figures are those of many partitions; `p99Growth` compares with few. */
export const thousandPartitions: Workload = {
  title: '1,000 partitions written at once, 20 MB/s in all of 16 KB',
  prepare: async (bench, contender) => {
    const server = await bench.fleet.server(contender.side, contender.durability)
    const few = await benchTopic(server, contender, { partitions: FEW })
    const many = await benchTopic(server, contender, { partitions: MANY })
    const loadOf = (topic: string, partitions: number): OpenLoad => openLoadOf({ ...shape, partitions }, topic, bench)
    const [toFew, toMany] = [loadOf(few.name, FEW), loadOf(many.name, MANY)]
    await runOpenLoop(server, { ...toMany, warmupMs: 0, measureMs: WARMUP_MS })
    return {
      durability: many.durability,
      measure: async () => {
        const fewResult = await runOpenLoop(server, toFew)
        const sample = latencySample(server, await runOpenLoop(server, toMany))
        return { ...sample, p99Growth: (sample.p99Ms as number) / quantile(fewResult.latencyMs, 0.99) }
      },
      release: async () => {
        await few.delete()
        await many.delete()
      },
    }
  },
}
