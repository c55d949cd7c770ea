/**
 * Makes commit rounds durable, one after another, on the threads that Node keeps for files. Where the system can, a round
 * is one call: a file opened with O_DSYNC is written and synced in one go, as `fdatasync` would (docs/adr/0005-rounds-on-the-pool.md).
 * Files are made and filled outside the order of the rounds: zeroing a large ring file must not delay one.
 */
import { assert } from '../../base/assert.ts'
import type { CommitFile, CommitLane } from '../../ports/disk.ts'
import type { NodeFile } from './node-file.ts'

/** What the lane needs of the disk. */
export interface CommitLaneHost {
  readonly alignmentBytes: number
  /** A slab, whatever it holds. */
  slab(sizeBytes: number): Uint8Array
  /** Makes the file where it is missing. Through the page cache. */
  openPlain(path: string): Promise<NodeFile>
  /** Past the page cache, where that works. */
  openDirect(path: string): Promise<NodeFile>
  openForCommits(path: string): Promise<NodeFile>
}

const ZERO_PIECE_BYTES = 1 << 20

export class NodeCommitLane implements CommitLane {
  readonly #host: CommitLaneHost
  /** The newest round, done or failed. */
  #newest: Promise<void> = Promise.resolve()
  #open = true

  constructor(host: CommitLaneHost) {
    this.#host = host
  }

  async open(path: string, sizeBytes: number): Promise<CommitFile> {
    assert(this.#open, 'only an open lane is used', { path })
    assert(sizeBytes % this.#host.alignmentBytes === 0, 'ring files are whole blocks', { path, sizeBytes })
    await this.#fill(path, sizeBytes)
    const file = await this.#host.openForCommits(path)
    return {
      path,
      direct: file.direct,
      commit: (position, bytes) => this.#next(() => durably(file, position, bytes)),
      close: () => this.#next(() => file.close()),
    }
  }

  async close(): Promise<void> {
    this.#open = false
    await this.#newest
  }

  #next(work: () => Promise<void>): Promise<void> {
    assert(this.#open, 'only an open lane is used')
    const done = this.#newest.then(work)
    // Whoever asked is told of a failure; what comes behind it is tried.
    this.#newest = done.catch(() => {})
    return done
  }

  /** Zeros from the present end on, synced; past the page cache where that works. */
  async #fill(path: string, sizeBytes: number): Promise<void> {
    const plain = await this.#host.openPlain(path)
    try {
      const present = await plain.size()
      if (present >= sizeBytes) return
      const direct = await this.#host.openDirect(path)
      try {
        await this.#writeZeros({ plain, direct }, present, sizeBytes)
        await direct.sync()
      } finally {
        await direct.close()
      }
    } finally {
      await plain.close()
    }
  }

  async #writeZeros({ plain, direct }: { plain: NodeFile; direct: NodeFile }, from: number, to: number): Promise<void> {
    const zeros = zeroPiece(this.#host)
    // An end inside a block is left by a power cut in a filling; the whole block is written again.
    try {
      for (let at = from - (from % this.#host.alignmentBytes); at < to; at += zeros.length) {
        await direct.write(at, zeros.subarray(0, Math.min(zeros.length, to - at)))
      }
    } catch (fault) {
      // On a full disk others need the room, such as the checkpoint that would free the other files.
      await plain.truncate(from).catch(() => {})
      throw fault
    }
  }
}

async function durably(file: NodeFile, position: number, bytes: Uint8Array): Promise<void> {
  await file.write(position, bytes)
  if (!file.syncsWrites) await file.sync()
}

let zeros: Uint8Array | null = null

/** One piece for the process: it is only read. */
function zeroPiece(host: CommitLaneHost): Uint8Array {
  zeros ??= host.slab(ZERO_PIECE_BYTES).fill(0)
  return zeros
}
