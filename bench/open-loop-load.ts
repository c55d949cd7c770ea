/**
 * Produce requests that leave on a schedule, whether or not those before were answered: an open loop. Latency counts from
 * the moment at which a request was meant to leave, so a broker that stalls pays for every request that came meanwhile
 * (the error otherwise made is known as coordinated omission). One that never answers counts as late as it is at the end.
 */
import { Worker } from 'node:worker_threads'
import type { Pace } from './pace-worker.ts'
import { bareFrame, batchOf, checkProduced, produceFrame, wait } from './produce-load.ts'
import { lossOf, RawConnection } from './raw-connection.ts'
import type { Server } from './servers.ts'

/** From the making of the schedule to its first request: the thread that keeps it has to start. */
const LEAD_MS = 100

export interface OpenLoad {
  readonly topic: string
  readonly partitions: number
  readonly connections: number
  readonly batchBytes: number
  readonly recordBytes: number
  readonly bytesPerSecond: number
  /** Scheduled like the rest, but not counted. */
  readonly warmupMs: number
  readonly measureMs: number
  /** How long after the last request answers are waited for; the latency of those that come later is that until then. */
  readonly drainMs: number
  /** How much longer they are waited for all the same: what is measured next is not to share the machine with them. */
  readonly settleMs: number
}

export interface OpenResult {
  /** Milliseconds, sorted: of each request that was due in the measured time. */
  readonly latencyMs: Float64Array
  /** What was answered of what was due. 1 when the broker kept up. */
  readonly answeredShare: number
  readonly cpuSeconds: number
  readonly bytes: number
}

/** Requests of one connection are answered in order, so a queue of their due times is enough. */
interface Lane {
  readonly connection: RawConnection
  readonly due: number[]
}

/** `bare`: the yardstick's frames, and its answers, which say nothing. */
export async function runOpenLoop(
  server: Pick<Server, 'port' | 'cpuSeconds'>,
  load: OpenLoad,
  bare = false,
): Promise<OpenResult> {
  const batch = batchOf(load.batchBytes, load.recordBytes)
  const frames = Array.from({ length: load.partitions }, (_, partition) =>
    (bare ? bareFrame : produceFrame)(load.topic, partition, batch),
  )
  const everyMs = (1000 * batch.length) / load.bytesPerSecond
  const warmupCount = Math.ceil(load.warmupMs / everyMs)
  const count = warmupCount + Math.ceil(load.measureMs / everyMs)
  const startsAt = performance.now() + LEAD_MS
  const firstMeasuredAt = startsAt + warmupCount * everyMs
  const latencyMs: number[] = []
  let answered = 0
  let counts = true
  const lanes = await Promise.all(
    Array.from({ length: load.connections }, async (): Promise<Lane> => {
      const lane: Lane = { connection: await RawConnection.open(server.port), due: [] }
      lane.connection.onReply = reply => {
        if (!bare) checkProduced(reply)
        answered++
        const dueAt = lane.due.shift() as number
        if (counts && dueAt >= firstMeasuredAt) latencyMs.push(performance.now() - dueAt)
      }
      return lane
    }),
  )
  const lost = lossOf(lanes.map(lane => lane.connection))
  let cpuFrom = Number.NaN
  let sent = 0
  const scheduled = onSchedule({ startsAt: performance.timeOrigin + startsAt, everyMs, count }, () => {
    const now = performance.now()
    for (; sent < count && startsAt + sent * everyMs <= now; sent++) {
      if (sent === warmupCount) cpuFrom = server.cpuSeconds()
      const lane = lanes[sent % lanes.length] as Lane
      lane.due.push(startsAt + sent * everyMs)
      lane.connection.send(frames[sent % frames.length] as Uint8Array)
    }
    return sent === count
  })
  await Promise.race([lost, scheduled])
  const isDone = () => answered === sent
  await Promise.race([lost, until(isDone, load.drainMs)])
  const cpuSeconds = server.cpuSeconds() - cpuFrom
  const measured = count - warmupCount
  const answeredShare = latencyMs.length / measured
  const now = performance.now()
  const late = lanes.flatMap(({ due }) => due.filter(dueAt => dueAt >= firstMeasuredAt).map(dueAt => now - dueAt))
  latencyMs.push(...late)
  counts = false
  await Promise.race([lost, until(isDone, load.settleMs)])
  for (const { connection } of lanes) connection.close()
  return { latencyMs: Float64Array.from(latencyMs).sort(), answeredShare, cpuSeconds, bytes: measured * batch.length }
}

async function until(isDone: () => boolean, timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs
  while (!isDone() && performance.now() < deadline) await wait(5)
}

/** Calls at each beat until the call says that it is done. */
async function onSchedule(pace: Pace, beat: () => boolean): Promise<void> {
  const worker = new Worker(new URL('./pace-worker.ts', import.meta.url), { workerData: pace })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  worker.on('message', () => {
    if (beat()) resolve()
  })
  // The last beat may come a moment before the last request is due, by the rounding of two clocks.
  worker.once('exit', () => {
    const rest = setInterval(() => {
      if (!beat()) return
      clearInterval(rest)
      resolve()
    }, 1)
  })
  worker.once('error', reject)
  await promise
}
