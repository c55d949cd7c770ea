/**
 * A clock for open loops, in a thread of its own: tells when the next request is meant to leave, to some ten microseconds,
 * where a timer of the event loop knows only milliseconds. Waits without using the processor.
 *
 * Gets a {@link Pace} as workerData, posts `true` at each beat and ends with the last.
 */
import { parentPort, workerData } from 'node:worker_threads'

export interface Pace {
  /** When the first beat is due, by `performance.timeOrigin + performance.now()`, which threads share. Milliseconds. */
  readonly startsAt: number
  readonly everyMs: number
  readonly count: number
}

const { startsAt, everyMs, count } = workerData as Pace
const never = new Int32Array(new SharedArrayBuffer(4))

for (let beat = 0; beat < count; beat++) {
  const leftMs = startsAt + beat * everyMs - (performance.timeOrigin + performance.now())
  if (leftMs > 0) Atomics.wait(never, 0, 0, leftMs)
  parentPort?.postMessage(true)
}
