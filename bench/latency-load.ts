/** One record at a time: from the send of a produce request to the arrival of the record at a waiting reader. */
import { fetchFrame } from './fetch-load.ts'
import { batchOf, produceFrame, wait } from './produce-load.ts'
import { RawConnection } from './raw-connection.ts'
import type { Server } from './servers.ts'

export interface LatencyResult {
  /** Milliseconds, sorted. */
  readonly produceMs: readonly number[]
  readonly endToEndMs: readonly number[]
}

/** `topic` is empty before; one record of 1 KB every `everyMs`. */
export async function runLatency(
  server: Server,
  load: { readonly topic: string; readonly count: number; readonly everyMs: number },
): Promise<LatencyResult> {
  const writer = await RawConnection.open(server.port)
  const reader = await RawConnection.open(server.port)
  const frame = produceFrame(load.topic, 0, batchOf(1024, 1000))
  const produceMs: number[] = []
  const endToEndMs: number[] = []
  const fetchFrom = (offset: number) =>
    reader.send(fetchFrame({ topic: load.topic, fetchBytes: 65_536 }, 0, offset, 10_000))
  for (let i = 0; i < load.count; i++) {
    const arrived = new Promise<number>(resolve => {
      reader.onReply = () => resolve(performance.now())
    })
    fetchFrom(i)
    await wait(load.everyMs)
    const answered = new Promise<number>(resolve => {
      writer.onReply = () => resolve(performance.now())
    })
    const sentAt = performance.now()
    writer.send(frame)
    produceMs.push((await answered) - sentAt)
    endToEndMs.push((await arrived) - sentAt)
  }
  writer.close()
  reader.close()
  const sorted = (times: number[]) => times.sort((a, b) => a - b)
  return { produceMs: sorted(produceMs), endToEndMs: sorted(endToEndMs) }
}
