/** Reading by the light load generator: from a broker's memory, from page-cached files, and by many readers at once. */
import { type FetchLoad, runFetch } from '../../fetch-load.ts'
import { batchShape, type LoadResult, runProduce } from '../../produce-load.ts'
import type { Server } from '../../servers.ts'
import { runTail } from '../../tail-load.ts'
import { benchTopic } from '../bench-topic.ts'
import type { Sample } from '../figures.ts'
import type { Bench, Contender, Prepared, Workload } from '../workload.ts'

const MIB = 2 ** 20
const RECORD_BYTES = 1000
const BATCH_BYTES = 128 * 1024
const FETCH_CONNECTIONS = 2
/** More than our memory budget keeps of the newest records, so that what is read lies in files. */
const NEWEST_BYTES = 256 * MIB
const FILE_BYTES = 256 * MIB
const TAIL_BYTES = 4 * MIB
const ROUND_WARMUP_MS = 400
const WARMUP_MS = 2000

/** By partition: from `windowBytes` before the end to `leaveBytes` before it, again and again. */
type Window = Pick<FetchLoad, 'windowBytes' | 'leaveBytes'>

export const fetchTail = fetchWorkload('fetch, 2 connections, newest 4 MB', { windowBytes: TAIL_BYTES })
export const fetchFile = fetchWorkload('fetch, 2 connections, page-cached files', {
  windowBytes: NEWEST_BYTES + FILE_BYTES,
  leaveBytes: NEWEST_BYTES,
})

function fetchWorkload(title: string, window: Window): Workload {
  return { title, prepare: (bench, contender) => prepareFetch(window, bench, contender) }
}

async function prepareFetch(window: Window, bench: Bench, contender: Contender): Promise<Prepared> {
  const server = await bench.fleet.server(contender.side, contender.durability)
  const bytes = FETCH_CONNECTIONS * (window.windowBytes + 32 * MIB)
  const topic = await benchTopic(server, contender, { partitions: FETCH_CONNECTIONS, bytesMax: 4 * bytes })
  const written = {
    topic: topic.name,
    connections: FETCH_CONNECTIONS,
    batchBytes: BATCH_BYTES,
    recordBytes: RECORD_BYTES,
  }
  // Connections do not keep in step: twice as much, so that each partition holds enough.
  await runProduce(server, { ...written, inFlight: 4, warmupMs: 0, warmupBytes: 2 * bytes, measureMs: 0 }, false)
  const load: FetchLoad = {
    topic: topic.name,
    connections: FETCH_CONNECTIONS,
    batchesPerFetch: 8,
    batch: batchShape(BATCH_BYTES, RECORD_BYTES),
    ...window,
    warmupMs: ROUND_WARMUP_MS,
    measureMs: bench.measureMs,
  }
  await runFetch(server, { ...load, warmupMs: WARMUP_MS, measureMs: 0 })
  return {
    durability: topic.durability,
    measure: async () => sampleOf(server, await runFetch(server, load)),
    release: topic.delete,
  }
}

export const fiftyReaders: Workload = {
  title: '50 consumers of one topic at its tail',
  prepare: async (bench, contender) => {
    const server = await bench.fleet.server(contender.side, contender.durability)
    const topic = await benchTopic(server, contender, { partitions: 1 })
    const load = { topic: topic.name, readers: 50, batchBytes: 65_536, recordBytes: RECORD_BYTES }
    await runTail(server, { ...load, warmupMs: WARMUP_MS, measureMs: 0 })
    return {
      durability: topic.durability,
      measure: async () =>
        sampleOf(server, await runTail(server, { ...load, warmupMs: ROUND_WARMUP_MS, measureMs: bench.measureMs })),
      release: topic.delete,
    }
  },
}

function sampleOf(server: Server, { bytesPerSecond, cpuSecondsPerGb }: LoadResult): Sample {
  return { bytesPerSecond, cpuSecondsPerGb, residentBytes: server.residentBytes() }
}
