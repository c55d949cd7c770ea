/**
 * Many readers at the tail of one partition: each reads every batch, waiting at the end for the next. A writer keeps a few
 * batches ahead of the slowest reader and no more, so that what is measured is how fast a broker hands the newest out.
 */
import { fetchFrame } from './fetch-load.ts'
import { batchOf, batchShape, checkProduced, type LoadResult, produceFrame, wait } from './produce-load.ts'
import { lossOf, RawConnection } from './raw-connection.ts'
import type { Server } from './servers.ts'
import { boundsOf, withConnection } from './topics.ts'

const BATCHES_PER_FETCH = 8
/** Batches that the slowest reader may be behind the writer. */
const LEAD_BATCHES = 32
const WRITES_IN_FLIGHT = 8
const WAIT_MS = 500

export interface TailLoad {
  /** Of one partition. */
  readonly topic: string
  readonly readers: number
  readonly batchBytes: number
  readonly recordBytes: number
  readonly warmupMs: number
  readonly measureMs: number
}

/** Bytes are those that reached the readers, all together. */
export async function runTail(server: Server, load: TailLoad): Promise<LoadResult> {
  const frame = produceFrame(load.topic, 0, batchOf(load.batchBytes, load.recordBytes))
  const batch = batchShape(load.batchBytes, load.recordBytes)
  const { end } = await withConnection(server.port, connection => boundsOf(connection, load.topic, 0))
  const writer = await RawConnection.open(server.port)
  const readers = await Promise.all(Array.from({ length: load.readers }, () => RawConnection.open(server.port)))
  const lost = lossOf([writer, ...readers])
  /** Batches read so far, by reader. */
  const read = new Array<number>(load.readers).fill(0)
  let written = 0
  let unanswered = 0
  let stopped = false
  const write = () => {
    while (!stopped && unanswered < WRITES_IN_FLIGHT && written - Math.min(...read) < LEAD_BATCHES) {
      unanswered++
      written++
      writer.send(frame)
    }
  }
  writer.onReply = reply => {
    checkProduced(reply)
    unanswered--
    write()
  }
  const fetchBytes = BATCHES_PER_FETCH * batch.bytes
  readers.forEach((reader, index) => {
    const next = () => {
      const offset = end + (read[index] as number) * batch.records
      reader.send(fetchFrame({ topic: load.topic, fetchBytes }, 0, offset, WAIT_MS))
    }
    reader.skipping = bytes => {
      read[index] = (read[index] as number) + Math.floor(bytes / batch.bytes)
      write()
      if (!stopped) next()
    }
    next()
  })
  write()
  await Promise.race([lost, wait(load.warmupMs)])
  const total = () => read.reduce((sum, batches) => sum + batches, 0) * batch.bytes
  const from = { bytes: total(), cpu: server.cpuSeconds(), at: performance.now() }
  await Promise.race([lost, wait(load.measureMs)])
  const seconds = (performance.now() - from.at) / 1000
  const bytes = total() - from.bytes
  const cpu = server.cpuSeconds() - from.cpu
  stopped = true
  for (const connection of [writer, ...readers]) connection.close()
  return { bytesPerSecond: bytes / seconds, cpuSecondsPerGb: cpu / (bytes / 1e9) }
}
