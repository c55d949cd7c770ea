/** Pre-built produce frames from several connections, a fixed number of them unanswered on each. */
import { BatchBuilder } from '../packages/ottla/src/wire/batch/build.ts'
import { produceApi } from '../packages/ottla/src/wire/gen/produce.ts'
import { bodyOf, frameOf, RawConnection } from './raw-connection.ts'
import type { Server } from './servers.ts'

/** The newest version that names topics, not ids. */
export const PRODUCE_VERSION = 12

export interface ProduceLoad {
  readonly topic: string
  readonly connections: number
  readonly batchBytes: number
  readonly recordBytes: number
  /** Unanswered requests per connection. */
  readonly inFlight: number
  readonly warmupMs: number
  readonly measureMs: number
}

export interface LoadResult {
  readonly bytesPerSecond: number
  readonly cpuSecondsPerGb: number
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

/** `bare`: the yardstick's frames, which end with the batch and its position. */
export async function runProduce(server: Server, load: ProduceLoad, bare: boolean): Promise<LoadResult> {
  const batch = batchOf(load.batchBytes, load.recordBytes)
  const connections = await Promise.all(Array.from({ length: load.connections }, () => RawConnection.open(server.port)))
  let answeredBytes = 0
  let stopped = false
  connections.forEach((connection, partition) => {
    const frame = bare ? bareFrame(load.topic, partition, batch) : produceFrame(load.topic, partition, batch)
    connection.onReply = reply => {
      if (!bare) check(reply)
      answeredBytes += batch.length
      if (!stopped) connection.send(frame)
    }
    for (let i = 0; i < load.inFlight; i++) connection.send(frame)
  })
  await wait(load.warmupMs)
  const from = { bytes: answeredBytes, cpu: server.cpuSeconds(), at: performance.now() }
  await wait(load.measureMs)
  const seconds = (performance.now() - from.at) / 1000
  const bytes = answeredBytes - from.bytes
  const cpu = server.cpuSeconds() - from.cpu
  stopped = true
  await wait(200)
  for (const connection of connections) connection.close()
  return { bytesPerSecond: bytes / seconds, cpuSecondsPerGb: cpu / (bytes / 1e9) }
}

export function produceFrame(topic: string, partition: number, batch: Uint8Array): Uint8Array {
  return frameOf(produceApi, PRODUCE_VERSION, {
    acks: -1,
    timeoutMs: 30_000,
    topicData: [{ name: topic, partitionData: [{ index: partition, records: batch }] }],
  })
}

/** The same bytes on the wire, and two more that say where the batch begins. */
function bareFrame(topic: string, partition: number, batch: Uint8Array): Uint8Array {
  const frame = Buffer.from(produceFrame(topic, partition, batch))
  const batchAt = frame.indexOf(batch.subarray(0, 61))
  const rest = frame.length - batchAt - batch.length
  const cut = Buffer.concat([frame.subarray(0, frame.length - rest), Buffer.alloc(2)])
  cut.writeInt32BE(cut.length - 4, 0)
  cut.writeUInt16BE(batchAt, cut.length - 2)
  return cut
}

function check(reply: Uint8Array): void {
  const { responses } = bodyOf(produceApi as never, PRODUCE_VERSION, reply) as ReturnType<
    typeof produceApi.decodeResponse
  >
  const code = responses[0]?.partitionResponses[0]?.errorCode
  if (code !== 0) throw new Error(`produce was answered with error ${code}`)
}

export function wait(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}
