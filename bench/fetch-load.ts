/** Readers that fetch from the start of a partition to its end, again and again, and do not look at what they get. */
import { fetchApi } from '../packages/ottla/src/wire/gen/fetch.ts'
import { type LoadResult, wait } from './produce-load.ts'
import { frameOf, lossOf, RawConnection } from './raw-connection.ts'
import type { Server } from './servers.ts'
import { boundsOf } from './topics.ts'

/** The newest version that names topics, not ids. */
const FETCH_VERSION = 12

export interface FetchLoad {
  readonly topic: string
  readonly connections: number
  /** Of one reply. */
  readonly batchesPerFetch: number
  /** What was written, a batch like the next. */
  readonly batch: { readonly bytes: number; readonly records: number }
  /** How far back from the end the readers begin: small enough stays in the broker's memory. */
  readonly windowBytes: number
  /** How far before the end they turn round. */
  readonly leaveBytes?: number
  readonly warmupMs: number
  readonly measureMs: number
}

export async function runFetch(server: Server, load: FetchLoad): Promise<LoadResult> {
  const fetchBytes = load.batchesPerFetch * load.batch.bytes
  let readBytes = 0
  let stopped = false
  const connections = await Promise.all(
    Array.from({ length: load.connections }, async (_, partition) => {
      const connection = await RawConnection.open(server.port)
      const { start, end } = await boundsOf(connection, load.topic, partition)
      const offsetsBack = (bytes: number) => Math.floor(bytes / load.batch.bytes) * load.batch.records
      const from = Math.max(start, end - offsetsBack(load.windowBytes))
      const until = end - offsetsBack(load.leaveBytes ?? 0)
      const step = load.batchesPerFetch * load.batch.records
      if (from + step > until) throw new Error(`partition ${partition} of ${load.topic} holds too little to read`)
      let offset = from
      const next = () => {
        if (offset + step > until) offset = from
        connection.send(fetchFrame({ topic: load.topic, fetchBytes }, partition, offset))
        offset += step
      }
      connection.skipping = bytes => {
        // A reply ends at the end of a segment; what it lacks there is passed over.
        const batches = Math.floor(bytes / load.batch.bytes)
        if (batches === 0) throw new Error(`a fetch of partition ${partition} gave ${bytes} bytes`)
        readBytes += batches * load.batch.bytes
        if (!stopped) next()
      }
      next()
      next()
      return connection
    }),
  )
  const result = await measured(server, connections, load, () => readBytes)
  stopped = true
  await Promise.race([lossOf(connections), wait(200)])
  for (const connection of connections) connection.close()
  return result
}

/** Asks for more as soon as an answer is there, of a server that answers anything; see bare-answers.ts. */
export async function runAnswers(
  server: Server,
  load: { readonly connections: number; readonly warmupMs: number; readonly measureMs: number },
): Promise<LoadResult> {
  const request = new Uint8Array(64)
  let readBytes = 0
  const connections = await Promise.all(
    Array.from({ length: load.connections }, async () => {
      const connection = await RawConnection.open(server.port)
      connection.skipping = bytes => {
        readBytes += bytes
        connection.send(request)
      }
      connection.send(request)
      return connection
    }),
  )
  const result = await measured(server, connections, load, () => readBytes)
  for (const connection of connections) connection.close()
  return result
}

async function measured(
  server: Server,
  connections: readonly RawConnection[],
  load: { readonly warmupMs: number; readonly measureMs: number },
  readBytes: () => number,
): Promise<LoadResult> {
  const lost = lossOf(connections)
  await Promise.race([lost, wait(load.warmupMs)])
  const before = { bytes: readBytes(), cpu: server.cpuSeconds(), at: performance.now() }
  await Promise.race([lost, wait(load.measureMs)])
  const seconds = (performance.now() - before.at) / 1000
  const bytes = readBytes() - before.bytes
  return { bytesPerSecond: bytes / seconds, cpuSecondsPerGb: (server.cpuSeconds() - before.cpu) / (bytes / 1e9) }
}

export function fetchFrame(
  load: { readonly topic: string; readonly fetchBytes: number },
  partition: number,
  offset: number,
  waitMs = 0,
  minBytes = 1,
): Uint8Array {
  const partitions = [{ partition, fetchOffset: offset, partitionMaxBytes: load.fetchBytes }]
  return frameOf(fetchApi, FETCH_VERSION, {
    maxWaitMs: waitMs,
    minBytes,
    maxBytes: load.fetchBytes,
    topics: [{ topic: load.topic, partitions }],
  })
}
