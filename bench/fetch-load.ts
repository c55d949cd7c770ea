/** Readers that fetch from the start of a partition to its end, again and again, and do not look at what they get. */
import { fetchApi } from '../packages/ottla/src/wire/gen/fetch.ts'
import { listOffsetsApi } from '../packages/ottla/src/wire/gen/list-offsets.ts'
import { type LoadResult, wait } from './produce-load.ts'
import { frameOf, RawConnection } from './raw-connection.ts'
import type { Server } from './servers.ts'

/** The newest version that names topics, not ids. */
const FETCH_VERSION = 12
const LIST_OFFSETS_VERSION = 7

export interface FetchLoad {
  readonly topic: string
  readonly connections: number
  /** Of one reply. */
  readonly fetchBytes: number
  /** Records per batch, to step from one fetch to the next. */
  readonly batchRecords: number
  readonly batchBytes: number
  /** How far back from the end the readers begin: small enough stays in the broker's memory. */
  readonly windowBytes: number
  readonly warmupMs: number
  readonly measureMs: number
}

export async function runFetch(server: Server, load: FetchLoad): Promise<LoadResult> {
  let readBytes = 0
  let stopped = false
  const connections = await Promise.all(
    Array.from({ length: load.connections }, async (_, partition) => {
      const connection = await RawConnection.open(server.port)
      const { start, end } = await bounds(connection, load.topic, partition)
      const batchesBack = Math.floor(load.windowBytes / load.batchBytes)
      const from = Math.max(start, end - batchesBack * load.batchRecords)
      const step = Math.max(1, Math.floor(load.fetchBytes / load.batchBytes)) * load.batchRecords
      let offset = from
      const next = () => {
        if (offset + step > end) offset = from
        connection.send(fetchFrame(load, partition, offset))
        offset += step
      }
      connection.skipping = bytes => {
        readBytes += bytes
        if (!stopped) next()
      }
      next()
      next()
      return connection
    }),
  )
  await wait(load.warmupMs)
  const before = { bytes: readBytes, cpu: server.cpuSeconds(), at: performance.now() }
  await wait(load.measureMs)
  const seconds = (performance.now() - before.at) / 1000
  const bytes = readBytes - before.bytes
  const cpu = server.cpuSeconds() - before.cpu
  stopped = true
  await wait(200)
  for (const connection of connections) connection.close()
  return { bytesPerSecond: bytes / seconds, cpuSecondsPerGb: cpu / (bytes / 1e9) }
}

export function fetchFrame(
  load: { readonly topic: string; readonly fetchBytes: number },
  partition: number,
  offset: number,
  waitMs = 0,
): Uint8Array {
  const partitions = [{ partition, fetchOffset: offset, partitionMaxBytes: load.fetchBytes }]
  return frameOf(fetchApi as never, FETCH_VERSION, {
    maxWaitMs: waitMs,
    minBytes: 1,
    maxBytes: load.fetchBytes,
    topics: [{ topic: load.topic, partitions }],
  } as never)
}

async function bounds(
  connection: RawConnection,
  topic: string,
  partition: number,
): Promise<{ start: number; end: number }> {
  const at = async (timestamp: number) => {
    const topics = [{ name: topic, partitions: [{ partitionIndex: partition, timestamp }] }]
    const reply = await connection.ask(listOffsetsApi as never, LIST_OFFSETS_VERSION, {
      replicaId: -1,
      topics,
    } as never)
    const { offset } = (reply as ReturnType<typeof listOffsetsApi.decodeResponse>).topics[0]!.partitions[0]!
    return offset
  }
  return { start: await at(-2), end: await at(-1) }
}
