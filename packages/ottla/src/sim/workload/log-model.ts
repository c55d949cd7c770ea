/**
 * What one log must hold, as a list of batches: the dumbest possible second implementation of storage. After a crash the
 * log is compared with what was promised before it, and what is there becomes the new beginning.
 */
import { assert } from '../../base/assert.ts'
import type { Offset } from '../../base/units.ts'
import type { Durability } from './places.ts'

export interface ModelBatch {
  readonly baseOffset: Offset
  /** Exclusive. */
  readonly endOffset: Offset
  /** Of each record, in order. */
  readonly timestamps: readonly number[]
  readonly bytes: Uint8Array
}

/** A change that was begun and not answered when the machine stopped: it happened, or it did not. */
export type PendingChange =
  | { readonly kind: 'truncate'; readonly offset: Offset }
  | { readonly kind: 'start'; readonly offset: Offset }

export interface FoundLog {
  readonly startOffset: Offset
  readonly endOffset: Offset
  /** From the one that holds the start on. */
  readonly batches: readonly { readonly baseOffset: Offset; readonly bytes: Uint8Array }[]
}

export class LogModel {
  readonly name: string
  readonly durability: Durability
  /** Old segments may go by themselves. */
  readonly retains: boolean
  startOffset: Offset = 0
  endOffset: Offset = 0
  /** Everything that may lie in the log, oldest first, without gaps. */
  batches: ModelBatch[] = []
  /** What was answered as safe, in the sense of the log's durability. Exclusive. */
  safeEndOffset: Offset = 0
  #pending: PendingChange | null = null

  constructor(name: string, { durability, retains }: { durability: Durability; retains: boolean }) {
    this.name = name
    this.durability = durability
    this.retains = retains
  }

  appended(batch: ModelBatch): void {
    assert(batch.baseOffset === this.endOffset, 'the model has no gaps', { at: batch.baseOffset, end: this.endOffset })
    this.batches.push(batch)
    this.endOffset = batch.endOffset
  }

  safe(endOffset: Offset): void {
    this.safeEndOffset = Math.max(this.safeEndOffset, endOffset)
  }

  begins(change: PendingChange): void {
    assert(this.#pending === null, 'one change at a time')
    this.#pending = change
  }

  /** The change was answered. */
  done(): void {
    const change = this.#pending
    assert(change !== null, 'what is done was begun')
    this.#pending = null
    if (change.kind === 'start') this.startMoved(change.offset)
    else {
      this.batches = this.batches.filter(batch => batch.endOffset <= change.offset)
      this.endOffset = change.offset
      this.safeEndOffset = Math.min(this.safeEndOffset, change.offset)
    }
  }

  startMoved(offset: Offset): void {
    this.startOffset = Math.max(this.startOffset, offset)
  }

  /** The first record at or after a time that can be read below `upTo`. */
  offsetForTimestamp(timestampMs: number, upTo: Offset): Offset | null {
    for (const { baseOffset, timestamps } of this.batches) {
      for (const [i, timestamp] of timestamps.entries()) {
        const offset = baseOffset + i
        if (offset >= this.startOffset && offset < upTo && timestamp >= timestampMs) return offset
      }
    }
    return null
  }

  /**
   * The process or the machine died, and this is what its next life found. Returns what is wrong with it, and goes on
   * from there. `mayLose`: the power went, and the log promises nothing in that case.
   */
  recovered(found: FoundLog, mayLose: boolean): string[] {
    const problems: string[] = []
    const pending = this.#pending
    this.#pending = null
    const cut = pending?.kind === 'truncate' ? pending.offset : Number.MAX_SAFE_INTEGER
    const least = mayLose ? 0 : Math.min(this.safeEndOffset, cut)
    if (found.endOffset < least) problems.push(`ends at ${found.endOffset}, but everything below ${least} was safe`)
    if (!mayLose && found.startOffset < this.startOffset) {
      problems.push(`begins at ${found.startOffset}, but was told to begin at ${this.startOffset}`)
    }
    const startMax = Math.max(this.startOffset, pending?.kind === 'start' ? pending.offset : 0)
    if (found.startOffset > (this.retains ? this.endOffset : startMax)) {
      problems.push(`begins at ${found.startOffset}, which nobody asked for`)
    }
    const known = new Map(this.batches.map(batch => [batch.baseOffset, batch]))
    const kept: ModelBatch[] = []
    for (const { baseOffset, bytes } of found.batches) {
      const batch = known.get(baseOffset)
      if (batch === undefined || Buffer.compare(batch.bytes, bytes) !== 0) {
        problems.push(`holds another batch at ${baseOffset} than the one it was given`)
        break
      }
      kept.push(batch)
    }
    this.startOffset = found.startOffset
    this.endOffset = found.endOffset
    this.safeEndOffset = found.endOffset
    this.batches = kept
    return problems
  }
}
