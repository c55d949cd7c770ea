/** The first minutes of a broker are not like the rest: Java and Node compile what is used much. Both get the same. */
import { randomUUID } from 'node:crypto'
import { runFetch } from '../fetch-load.ts'
import { batchShape, runProduce } from '../produce-load.ts'
import type { Server } from '../servers.ts'
import { boundedTo, deleteTopic, makeTopic } from '../topics.ts'

const connections = 2
const recordBytes = 1000

/** Writes and reads, in large batches and in small ones, for `ms` in all. */
export async function warmUp(server: Server, ms: number): Promise<void> {
  const topic = `warm-up-${randomUUID()}`
  await makeTopic(server.port, { name: topic, partitions: connections, configs: boundedTo(2 ** 30, connections) })
  for (const batchBytes of [16_384, 131_072]) {
    const load = { topic, connections, batchBytes, warmupMs: 0, measureMs: ms / 4 }
    await runProduce(server, { ...load, recordBytes, inFlight: 16 }, false)
    const batch = batchShape(batchBytes, recordBytes)
    await runFetch(server, { ...load, batch, batchesPerFetch: 8, windowBytes: 8 * 2 ** 20 })
  }
  await deleteTopic(server.port, topic)
}
