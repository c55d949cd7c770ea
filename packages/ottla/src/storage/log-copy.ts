/**
 * A future, and how it follows the log whose place it is to take: batch by batch as they are, from the start of the source
 * to its end. The bulk passes by the journal of the target directory, so that others hardly notice; then it is synced and
 * goes on with the durability of its topic, and what is left is so little that it is taken over within one turn. Reads
 * check every batch that comes from a file, so that damage is never copied. When the future takes its place is its host's.
 */
import { assert } from '../base/assert.ts'
import { planted } from '../base/planted.ts'
import type { Offset } from '../base/units.ts'
import { DiskFault } from '../ports/disk.ts'
import type { TopicConfig } from '../spec/config/topic.ts'
import { BatchWalk } from '../wire/batch/walk.ts'
import { CopyStopped, type CopyTurns } from './copy-pace.ts'
import type { FutureStart } from './held-logs.ts'
import type { Log } from './log.ts'
import type { LogDirectory } from './log-directory.ts'
import type { LogRead } from './log-read.ts'
import type { Segment } from './segment.ts'

/** Read and appended at a time. Bytes. */
const STEP_BYTES = 256 * 1024
/** What is taken over in one turn at most, when the copy is about to be complete. Bytes. */
const LAST_BYTES_MAX = 1024 * 1024

/** The source changed under the copy, which is of no use any more: it begins again. */
export class CopyVoid extends Error {
  constructor(why: string) {
    super(why)
    this.name = 'CopyVoid'
  }
}

export class LogCopy {
  readonly source: Log
  readonly future: Log
  readonly #target: LogDirectory
  readonly #turns: CopyTurns
  readonly #cuts: number
  /** Of the newest append. */
  #last: Promise<void> = Promise.resolve()
  /** Compacted up to here when the copy began: what it copied is at least as clean below. */
  readonly #cleanedTo: Offset | null

  /** `future`: of the target directory, as `futureStart` says. */
  constructor(source: Log, future: Log, parts: { readonly target: LogDirectory; readonly turns: CopyTurns }) {
    assert(future.endOffset === future.startOffset, 'a copy begins empty', { ...future.id })
    this.source = source
    this.future = future
    this.#target = parts.target
    this.#turns = parts.turns
    this.#cuts = source.cuts
    this.#cleanedTo = source.cleanedTo
  }

  /**
   * Resolves when the future is synced, has the durability that `config` wants, and lags behind by hardly anything.
   * Throws CopyStopped, CopyVoid, or a DiskFault: the target has no room, the source is damaged, a directory failed.
   */
  async settle(config: () => TopicConfig): Promise<void> {
    const { future } = this
    await this.#copy()
    if (planted('moved-before-synced')) future.durability = config().durability
    else if (future.durability !== 'memory') await this.#target.checkpoint()
    await this.#copy()
    for (;;) {
      this.#check()
      const wanted = config()
      future.setConfig(wanted)
      if (future.durability === wanted.durability || future.durability === 'memory') break
      // With the checkpoint that finds it unchanged the log changes over.
      await this.#target.checkpoint()
    }
    await this.#copy()
  }

  /**
   * Takes over what is left, in this turn: true when both logs end at the same offset. Throws CopyVoid, and a DiskFault
   * like `settle`.
   */
  catchUp(): boolean {
    const { source, future } = this
    let bytes = 0
    while (future.endOffset < source.endOffset && bytes < LAST_BYTES_MAX) {
      this.#check()
      const read = this.#read()
      if (read instanceof Promise) {
        // What was read meanwhile is read again: nothing is lost.
        read.then(
          done => done.release(),
          () => {},
        )
        return false
      }
      bytes += this.#take(read)
    }
    if (future.endOffset < source.endOffset) return false
    this.#check()
    for (const { epoch, startOffset } of source.epochs.entries) future.epochs.assign(epoch, startOffset)
    future.cleanedTo = this.#cleanedTo
    return true
  }

  /** Until the future ends where the source did a moment ago. */
  async #copy(): Promise<void> {
    const { source, future } = this
    for (let upTo = -1; future.endOffset !== upTo && future.endOffset < source.endOffset; ) {
      this.#check()
      upTo = source.endOffset
      const bytes = this.#take(await this.#read())
      await this.taken()
      await this.#turns.spend(bytes)
    }
  }

  /** What was deleted since is left out, like what compaction took. */
  #read(): LogRead | Promise<LogRead> {
    const { source, future } = this
    const range = { upTo: source.endOffset, maxBytes: STEP_BYTES, minOneBatch: true }
    return source.read(Math.max(future.endOffset, source.startOffset), range)
  }

  /** Appends what was read, and releases it. Returns how much that was. Bytes. */
  #take(read: LogRead): number {
    const { source, future } = this
    try {
      this.#check()
      // Compaction took all batches up to the end: the offsets stay used.
      if (read.bytes === 0) this.#skipTo(source.endOffset)
      for (const chunk of read.chunks) {
        const walk = new BatchWalk().reset(chunk, 0, chunk.length)
        while (walk.next()) {
          const { header, position } = walk
          this.#last = future.append(chunk.subarray(position, position + header.sizeBytes), header)
          future.throwFault()
        }
        assert(walk.stop === 'end', 'a log gives whole batches', { stop: walk.stop })
      }
      return read.bytes
    } finally {
      read.release()
    }
  }

  #skipTo(endOffset: Offset): void {
    this.future.roll(endOffset)
    // There is nothing to be written.
    this.future.roundSynced(endOffset)
  }

  /** Waits until the target has what was appended. On a full disk the copy gives way. */
  taken(): Promise<void> {
    return this.#turns.until(this.#last, () => {
      if (this.#target.isFull) throw new DiskFault('ENOSPC', this.future.path, `no room for ${this.future.path}`)
    })
  }

  #check(): void {
    this.#turns.check()
    const { source, future } = this
    source.throwFault()
    future.throwFault()
    if (source.removed || future.removed) throw new CopyStopped()
    if (source.cuts !== this.#cuts) throw new CopyVoid('the end of the log was cut')
  }
}

/** What a future of the log begins with. It is no copy yet, and its files go at once when it is given up. */
export function futureStart(source: Log): FutureStart {
  const durability = source.config.durability === 'memory' ? 'memory' : 'page-cache'
  const config: TopicConfig = { ...source.config, durability, fileDeleteDelayMs: 0 }
  // The batch that holds the source's start may begin below it.
  const { baseOffset } = source.segments[0] as Segment
  return { config, startOffset: baseOffset, epochs: [...source.epochs.entries] }
}
