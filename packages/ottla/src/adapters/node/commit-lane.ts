/**
 * A thread per log directory that makes commit rounds durable, so that a sync that hangs holds up neither the event loop
 * nor another directory (ARCHITECTURE.md J12). Files are made and filled on the shared pool, not on the lane: zeroing a
 * large ring file must not delay a round.
 */
import { Worker } from 'node:worker_threads'
import { assert } from '../../base/assert.ts'
import { type CommitFile, type CommitLane, DiskFault } from '../../ports/disk.ts'
import type { CommitWorkerData, CommitWorkerMessage, CommitWorkerReply } from './commit-worker.ts'
import { diskFault } from './disk-faults.ts'
import type { NodeFile } from './node-file.ts'

interface Waiting {
  readonly path: string
  readonly resolve: () => void
  readonly reject: (fault: DiskFault) => void
}

/** What the lane needs of the disk. */
export interface CommitLaneHost {
  readonly alignmentBytes: number
  /** A slab, whatever it holds. */
  slab(sizeBytes: number): Uint8Array
  openForCommits(path: string): Promise<{ plain: NodeFile; file: NodeFile }>
}

const ZERO_PIECE_BYTES = 1 << 20

export class NodeCommitLane implements CommitLane {
  readonly #host: CommitLaneHost
  readonly #worker: Worker
  readonly #signal = new Int32Array(new SharedArrayBuffer(4))
  readonly #waiting = new Map<number, Waiting>()
  readonly #slabs = new Map<ArrayBufferLike, number>()
  readonly #ended: Promise<void>
  #nextId = 1
  #open = true
  /** Why the thread is gone, when it should not be. */
  #failure: string | null = null
  #whenIdle: (() => void) | null = null

  constructor(host: CommitLaneHost) {
    this.#host = host
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
    const workerData: CommitWorkerData = { signal: this.#signal }
    // Without the flags of the process: some, such as --input-type, forbid a thread to start from a file.
    const options = { workerData, execArgv: [], name: 'ottla-commit' }
    this.#worker = new Worker(new URL(`./commit-worker.${extension}`, import.meta.url), options)
    this.#worker.on('message', (reply: CommitWorkerReply) => this.#settle(reply))
    this.#worker.once('error', error => this.#fail(String(error)))
    this.#ended = new Promise(resolve => {
      this.#worker.once('exit', code => {
        if (this.#open) this.#fail(`exit code ${code}`)
        resolve()
      })
    })
    this.#worker.unref()
  }

  async open(path: string, sizeBytes: number): Promise<CommitFile> {
    assert(this.#open, 'only an open lane is used', { path })
    assert(sizeBytes % this.#host.alignmentBytes === 0, 'ring files are whole blocks', { path, sizeBytes })
    const { plain, file } = await this.#host.openForCommits(path)
    try {
      await this.#fill(plain, file, sizeBytes)
    } catch (error) {
      await file.close()
      throw error
    } finally {
      await plain.close()
    }
    return {
      path,
      direct: file.direct,
      commit: (position, bytes) => this.#commit(file, position, bytes),
      close: async () => {
        await this.#idle()
        await file.close()
      },
    }
  }

  async close(): Promise<void> {
    if (!this.#open) return this.#ended
    await this.#idle()
    this.#open = false
    this.#worker.ref()
    this.#send({ end: true })
    await this.#ended
  }

  /** Writes zeros from the present end on, past the page cache where that works. */
  async #fill(plain: NodeFile, file: NodeFile, sizeBytes: number): Promise<void> {
    const unit = this.#host.alignmentBytes
    const present = await plain.size()
    if (present >= sizeBytes) return
    const zeros = zeroPiece(this.#host)
    // An end inside a block is left by a power cut in a filling; the whole block is written again.
    try {
      for (let at = present - (present % unit); at < sizeBytes; at += zeros.length) {
        await file.write(at, zeros.subarray(0, Math.min(zeros.length, sizeBytes - at)))
      }
    } catch (fault) {
      // On a full disk others need the room, such as the checkpoint that would free the other files.
      await plain.truncate(present).catch(() => {})
      throw fault
    }
    await file.sync()
  }

  #commit(file: NodeFile, position: number, bytes: Uint8Array): Promise<void> {
    assert(this.#open, 'only an open lane is used', { path: file.path })
    if (this.#failure !== null) return Promise.reject(threadFault(file.path, this.#failure))
    const unitBytes = file.direct ? this.#host.alignmentBytes : 1
    const id = this.#nextId++
    const slab = this.#slabId(bytes.buffer)
    return new Promise((resolve, reject) => {
      if (this.#waiting.size === 0) this.#worker.ref()
      this.#waiting.set(id, { path: file.path, resolve, reject })
      this.#send({ id, fd: file.fd, slab, offset: bytes.byteOffset, length: bytes.length, position, unitBytes })
    })
  }

  #slabId(buffer: ArrayBufferLike): number {
    const known = this.#slabs.get(buffer)
    if (known !== undefined) return known
    assert(buffer instanceof SharedArrayBuffer, 'commits come from slabs')
    const slab = this.#slabs.size
    this.#slabs.set(buffer, slab)
    this.#send({ slab, memory: new Uint8Array(buffer) })
    return slab
  }

  #send(message: CommitWorkerMessage): void {
    this.#worker.postMessage(message)
    Atomics.add(this.#signal, 0, 1)
    Atomics.notify(this.#signal, 0)
  }

  #settle({ id, failure }: CommitWorkerReply): void {
    const waiting = this.#waiting.get(id)
    assert(waiting !== undefined, 'every reply has its request', { id })
    this.#waiting.delete(id)
    if (this.#waiting.size === 0) {
      this.#worker.unref()
      this.#whenIdle?.()
      this.#whenIdle = null
    }
    if (failure === null) waiting.resolve()
    else waiting.reject(diskFault(Object.assign(new Error(failure.message), { code: failure.errno }), waiting.path))
  }

  /** The thread is gone by a bug, so nothing is known of what it had in hand. */
  #fail(failure: string): void {
    this.#failure ??= failure
    for (const { path, reject } of this.#waiting.values()) reject(threadFault(path, this.#failure))
    this.#waiting.clear()
    this.#whenIdle?.()
    this.#whenIdle = null
  }

  async #idle(): Promise<void> {
    while (this.#waiting.size > 0) {
      await new Promise<void>(resolve => {
        const before = this.#whenIdle
        this.#whenIdle = () => {
          before?.()
          resolve()
        }
      })
    }
  }
}

const threadFault = (path: string, failure: string) =>
  new DiskFault('EIO', path, `the commit thread failed: ${failure}`)

let zeros: Uint8Array | null = null

/** One piece for the process: it is only read. */
function zeroPiece(host: CommitLaneHost): Uint8Array {
  zeros ??= host.slab(ZERO_PIECE_BYTES).fill(0)
  return zeros
}
