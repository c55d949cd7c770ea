/**
 * One partition's way to another log directory of this broker (J10), while it is produced to and read: a future in the
 * target directory follows the log, and takes its place. Who asks for moves, and what becomes of a future that does not
 * get there, is replica-moves.ts; how batches are copied, storage/log-copy.ts.
 *
 *   1 copy, sync, and catch up with the log in one turn
 *   2 from that turn on both logs take every batch, and what is acknowledged is durable in both
 *   3 bring the log's start, its producers and its high watermark over, durably
 *   4 record in the metadata that the partition lies in the target directory
 *   5 the future is the partition's log; its folder gets the partition's name; the old log ends with a drop record
 *
 * The record of step 4 decides: up to it a start goes on with the old log, which has everything, and throws the future
 * away; from it on with the future, which has everything too, and throws the old log away (I-20). Source: KIP-113, KIP-858.
 */

import { planted } from '../base/planted.ts'
import type { Uuid } from '../base/uuid.ts'
import { DiskFault } from '../ports/disk.ts'
import type { Observe } from '../ports/observe.ts'
import type { WireErrorName } from '../spec/errors.ts'
import { type CopyPace, CopyStopped, CopyTurns } from '../storage/copy-pace.ts'
import type { Log } from '../storage/log.ts'
import { CopyVoid, LogCopy } from '../storage/log-copy.ts'
import type { LogDirectory } from '../storage/log-directory.ts'
import type { HostedPartition } from './hosted-partition.ts'

/** Between two attempts to record where the partition lies, when nobody answered. Milliseconds. */
const ASSIGN_AGAIN_MS = 1000
/** Between two attempts to catch up with a log that was faster. Milliseconds. */
const CATCH_UP_PAUSE_MS = 5

export interface MoveParts {
  readonly hosted: HostedPartition
  readonly from: LogDirectory
  readonly target: LogDirectory
  /** Of the target directory; empty. */
  readonly future: Log
  readonly pace: CopyPace
  readonly observe: Observe
  /** Records where the partition lies. Null: nobody answered, and it is not known whether it is recorded. */
  readonly assign: (directory: Uuid) => Promise<WireErrorName | null>
}

/**
 * moved: the future is the log. stopped: on request. void: the log changed so that the copy has to begin again. failed: it
 * cannot be done; the log is as it was. unknown: left while it was not known whether the metadata has the record; both
 * logs go on taking everything.
 */
export type MoveEnd =
  | { readonly kind: 'moved' | 'stopped' | 'void' | 'unknown' }
  | { readonly kind: 'failed'; readonly reason: string }

export class ReplicaMove {
  readonly #parts: MoveParts
  readonly #source: Log
  readonly #turns: CopyTurns
  readonly #unanswered = Promise.withResolvers<void>()
  #isLeft = false

  constructor(parts: MoveParts) {
    this.#parts = parts
    this.#source = parts.hosted.log
    this.#turns = new CopyTurns(parts.pace)
  }

  /** Ends the move as soon as it can be ended: once it is known whether it is recorded, if it was to be. */
  stop(): void {
    this.#turns.stop()
  }

  /** As `stop`, but for a record that nobody answers for: the next start finds out. */
  leave(): void {
    this.#isLeft = true
    this.#turns.stop()
  }

  /** Resolves when nobody has answered for the record, once: from then on it may take long until the move ends. */
  get unanswered(): Promise<void> {
    return this.#unanswered.promise
  }

  async run(): Promise<MoveEnd> {
    try {
      await this.#approach()
      const assigned = await this.#record()
      if (assigned === null) return { kind: 'unknown' }
      if (assigned !== 'NONE') throw new CopyStopped()
    } catch (error) {
      return this.#withdraw(error)
    }
    await this.#arrive()
    return { kind: 'moved' }
  }

  /** Steps 1 to 3. */
  async #approach(): Promise<void> {
    const { hosted, target, future } = this.#parts
    const source = this.#source
    const copy = new LogCopy(source, future, { target, turns: this.#turns })
    for (;;) {
      await copy.settle(() => hosted.config)
      this.#check()
      if (copy.catchUp()) break
      await this.#turns.wait(CATCH_UP_PAUSE_MS)
    }
    hosted.mirrorTo(future)
    await hosted.holdStart()
    if (source.startOffset > future.startOffset) await future.advanceStart(source.startOffset)
    // Its start, producers and high watermark; and that from here on all of it is in the journal.
    if (future.durability !== 'memory' && !planted('moved-before-synced')) await target.checkpointOf(future)
    await copy.taken()
    this.#check()
  }

  /** Step 4. `NONE`: from now on the future counts. Another error: it does not, and never will. */
  async #record(): Promise<WireErrorName | null> {
    const { from, target, assign } = this.#parts
    await from.noteMove(this.#source, target.directoryId)
    this.#check()
    for (;;) {
      const error = await assign(target.directoryId)
      if (error !== null || this.#isLeft) return error
      this.#unanswered.resolve()
      await this.#turns.pause(ASSIGN_AGAIN_MS)
    }
  }

  /** Step 5. What fails here is made good by the next start. */
  async #arrive(): Promise<void> {
    const { hosted, from, target, future, observe } = this.#parts
    hosted.switchToMirror()
    hosted.releaseStart()
    const { topic, partition } = future.id
    observe.log('info', 'replica.moved', { topic, partition, from: from.path, to: target.path })
    try {
      await target.promote(future)
      await from.remove(this.#source)
    } catch (fault) {
      if (!(fault instanceof DiskFault)) throw fault
      observe.log('warn', 'replica.move-unfinished', { topic, partition, reason: fault.message })
    }
  }

  #withdraw(error: unknown): MoveEnd {
    const { hosted } = this.#parts
    if (hosted.mirror !== null) hosted.endMirror()
    hosted.releaseStart()
    if (error instanceof CopyStopped) return { kind: 'stopped' }
    if (error instanceof CopyVoid) return { kind: 'void' }
    if (error instanceof DiskFault) return { kind: 'failed', reason: error.message }
    throw error
  }

  #check(): void {
    this.#turns.check()
    const { hosted, future } = this.#parts
    if (hosted.closed) throw new CopyStopped()
    future.throwFault()
  }
}
