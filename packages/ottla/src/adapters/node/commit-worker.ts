/**
 * The commit lane's thread: writes, syncs, answers. It sleeps on a shared counter rather than in an event loop, because
 * that wakes it in 8 µs where a message takes 30 µs (measured; see commit-lane.bench.ts), and does one thing at a time,
 * which is the lane's order. Its partner is commit-lane.ts.
 */
import { fdatasyncSync } from 'node:fs'
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { assert } from '../../base/assert.ts'
import { errnoName } from './disk-faults.ts'
import { writeWholeSync } from './whole-write.ts'

/** Index 0 counts the messages sent to the thread. */
export interface CommitWorkerData {
  readonly signal: Int32Array
}

export type CommitWorkerMessage =
  /** Makes memory known under an id, so that commits carry numbers only. */
  | { readonly slab: number; readonly memory: Uint8Array }
  | {
      readonly id: number
      readonly fd: number
      readonly slab: number
      readonly offset: number
      readonly length: number
      readonly position: number
      readonly unitBytes: number
    }
  | { readonly end: true }

export interface CommitWorkerReply {
  readonly id: number
  /** Null when the bytes are durable. */
  readonly failure: { readonly errno: string; readonly message: string } | null
}

const slabs = new Map<number, Uint8Array>()

function main(): void {
  assert(parentPort !== null, 'the commit worker runs as a thread')
  const { signal } = workerData as CommitWorkerData
  for (let seen = 0; ; seen = Atomics.load(signal, 0)) {
    // Looked at again after each sleep, and before it: a message counted since then ends the wait at once.
    for (let next = receiveMessageOnPort(parentPort); next !== undefined; next = receiveMessageOnPort(parentPort)) {
      const message = next.message as CommitWorkerMessage
      if ('end' in message) return
      if ('memory' in message) slabs.set(message.slab, message.memory)
      else parentPort.postMessage(commit(message))
    }
    Atomics.wait(signal, 0, seen)
  }
}

function commit(request: Extract<CommitWorkerMessage, { id: number }>): CommitWorkerReply {
  const memory = slabs.get(request.slab)
  assert(memory !== undefined, 'memory is known before it is used', { slab: request.slab })
  try {
    const bytes = memory.subarray(request.offset, request.offset + request.length)
    writeWholeSync(request.fd, request.position, bytes, request.unitBytes)
    fdatasyncSync(request.fd)
    return { id: request.id, failure: null }
  } catch (error) {
    const errno = errnoName(error)
    if (errno === null) throw error
    return { id: request.id, failure: { errno, message: (error as Error).message } }
  }
}

main()
