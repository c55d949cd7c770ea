/** Pre-built produce frames from several connections, a fixed number of them unanswered on each: a closed loop. */
import { BatchBuilder } from '../packages/ottla/src/wire/batch/build.ts'
import { produceApi } from '../packages/ottla/src/wire/gen/produce.ts'
import { bodyOf, frameOf, lossOf, RawConnection } from './raw-connection.ts'
import type { Server } from './servers.ts'

/** The newest version that names topics, not ids. */
export const PRODUCE_VERSION = 12
/** Of the count in the header of a batch, format 2. */
const RECORD_COUNT_AT = 57
/** A broker that owes an answer for longer hangs. */
const DRAIN_TIMEOUT_MS = 30_000

export interface ProduceLoad {
  readonly topic: string
  readonly connections: number
  readonly batchBytes: number
  readonly recordBytes: number
  /** Unanswered requests per connection. */
  readonly inFlight: number
  readonly warmupMs: number
  /** Answered before the measurement begins, however long that takes. */
  readonly warmupBytes?: number
  readonly measureMs: number
}

export interface LoadResult {
  readonly bytesPerSecond: number
  readonly cpuSecondsPerGb: number
}

export interface ProduceResult extends LoadResult {
  /** From the send of a request to its answer, for those answered in the measured time. Milliseconds, sorted. */
  readonly latencyMs: Float64Array
}

/** A batch of records that do not compress to nothing, close to the size asked for. */
export function batchOf(batchBytes: number, recordBytes: number): Uint8Array {
  const builder = new BatchBuilder(batchBytes + 1024)
  const value = new Uint8Array(recordBytes)
  for (let i = 0; i < value.length; i++) value[i] = (i * 2_654_435_761) >>> 24
  const now = Date.now()
  do builder.append(null, value, [], now)
  while (builder.sizeBytes + recordBytes <= batchBytes)
  return builder.build()
}

/** How long such a batch is, and how many records are in it: to step through what was written. */
export function batchShape(batchBytes: number, recordBytes: number): { bytes: number; records: number } {
  const batch = batchOf(batchBytes, recordBytes)
  const { buffer, byteOffset, length } = batch
  return { bytes: length, records: new DataView(buffer, byteOffset).getInt32(RECORD_COUNT_AT) }
}

/** `bare`: the yardstick's frames, which end with the batch and its position. Connection N writes to partition N. */
export async function runProduce(server: Server, load: ProduceLoad, bare: boolean): Promise<ProduceResult> {
  const batch = batchOf(load.batchBytes, load.recordBytes)
  const connections = await Promise.all(Array.from({ length: load.connections }, () => RawConnection.open(server.port)))
  const lost = lossOf(connections)
  const enough = Promise.withResolvers<void>()
  const drained = Promise.withResolvers<void>()
  const latencyMs: number[] = []
  let answeredBytes = 0
  let unanswered = 0
  let phase: 'warm-up' | 'measured' | 'stopped' = 'warm-up'
  connections.forEach((connection, partition) => {
    const frame = bare ? bareFrame(load.topic, partition, batch) : produceFrame(load.topic, partition, batch)
    // Answers come in the order of the requests.
    const sentAt: number[] = []
    const send = () => {
      unanswered++
      sentAt.push(performance.now())
      connection.send(frame)
    }
    connection.onReply = reply => {
      if (!bare) checkProduced(reply)
      const latency = performance.now() - (sentAt.shift() as number)
      if (phase === 'measured') latencyMs.push(latency)
      answeredBytes += batch.length
      unanswered--
      if (answeredBytes >= (load.warmupBytes ?? 0)) enough.resolve()
      if (phase !== 'stopped') send()
      else if (unanswered === 0) drained.resolve()
    }
    for (let i = 0; i < load.inFlight; i++) send()
  })
  await Promise.race([lost, Promise.all([wait(load.warmupMs), enough.promise])])
  const from = { bytes: answeredBytes, cpu: server.cpuSeconds(), at: performance.now() }
  phase = 'measured'
  await Promise.race([lost, wait(load.measureMs)])
  phase = 'stopped'
  const seconds = (performance.now() - from.at) / 1000
  const bytes = answeredBytes - from.bytes
  const cpuSecondsPerGb = (server.cpuSeconds() - from.cpu) / (bytes / 1e9)
  const complaint = `${server.name} leaves ${unanswered} requests unanswered`
  await within(DRAIN_TIMEOUT_MS, Promise.race([lost, drained.promise]), complaint)
  for (const connection of connections) connection.close()
  return { bytesPerSecond: bytes / seconds, cpuSecondsPerGb, latencyMs: Float64Array.from(latencyMs).sort() }
}

export function produceFrame(topic: string, partition: number, batch: Uint8Array): Uint8Array {
  return frameOf(produceApi, PRODUCE_VERSION, {
    acks: -1,
    timeoutMs: 30_000,
    topicData: [{ name: topic, partitionData: [{ index: partition, records: batch }] }],
  })
}

/** The same bytes on the wire, and two more that say where the batch begins. */
export function bareFrame(topic: string, partition: number, batch: Uint8Array): Uint8Array {
  const frame = Buffer.from(produceFrame(topic, partition, batch))
  const batchAt = frame.indexOf(batch.subarray(0, 61))
  const rest = frame.length - batchAt - batch.length
  const cut = Buffer.concat([frame.subarray(0, frame.length - rest), Buffer.alloc(2)])
  cut.writeInt32BE(cut.length - 4, 0)
  cut.writeUInt16BE(batchAt, cut.length - 2)
  return cut
}

/** Throws unless the reply says that the batch was taken. */
export function checkProduced(reply: Uint8Array): void {
  const { responses } = bodyOf(produceApi, PRODUCE_VERSION, reply)
  const code = responses[0]?.partitionResponses[0]?.errorCode
  if (code !== 0) throw new Error(`produce was answered with error ${code}`)
}

export function wait(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}

/** Rejects with `complaint` when it takes longer. */
export async function within<T>(timeoutMs: number, promise: Promise<T>, complaint: string): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error(complaint)), timeoutMs)
  try {
    return await Promise.race([promise, late.promise])
  } finally {
    clearTimeout(timer)
  }
}
