/**
 * The two sparse indexes of a segment. Offset index: (last offset of a batch, its position); time index: (largest
 * timestamp so far, last offset of its batch). An entry is a hint: whoever uses one checks the batch it points at. For a
 * segment that was there at start the front part stays in the files until somebody needs it (index-files.ts).
 * Source of when entries are made: Kafka LogSegment.append, TimeIndex.maybeAppend.
 */
import { assert } from '../base/assert.ts'
import type { Millis, Offset } from '../base/units.ts'
import { type BatchHeader, lastOffset } from '../wire/batch/header.ts'
import type { ActiveSegmentState } from './checkpoint-file.ts'

export const INDEX_ENTRY_BYTES = 8
export const TIME_ENTRY_BYTES = 12

export interface IndexEntry {
  readonly offset: Offset
  readonly position: number
}

/** The largest time so far, and the last offset of the batch that has it. */
export interface TimeEntry {
  readonly timestamp: Millis
  readonly offset: Offset
}

const NO_TIME: TimeEntry = { timestamp: -1, offset: -1 }

/** A growing list of number pairs, rising in both columns; costs nothing while empty. */
class Pairs {
  #values: Float64Array = new Float64Array(0)
  count = 0

  push(first: number, second: number): void {
    if (2 * this.count === this.#values.length) {
      const grown = new Float64Array(Math.max(8, 4 * this.count))
      grown.set(this.#values)
      this.#values = grown
    }
    this.#values[2 * this.count] = first
    this.#values[2 * this.count + 1] = second
    this.count++
  }

  first(index: number): number {
    return this.#values[2 * index] as number
  }

  second(index: number): number {
    return this.#values[2 * index + 1] as number
  }

  /** Index of the last pair whose first (0) or second (1) number is at most `limit`; -1 when there is none. */
  lastAtMost(limit: number, column: 0 | 1): number {
    let low = 0
    let high = this.count
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#values[2 * middle + column] as number) <= limit) low = middle + 1
      else high = middle
    }
    return low - 1
  }

  /** What is here, but for the first `dropped` pairs, follows `front`. */
  putFront(front: Pairs, dropped: number): void {
    const kept = this.count - dropped
    const joined = new Float64Array(2 * (front.count + kept))
    joined.set(front.#values.subarray(0, 2 * front.count))
    joined.set(this.#values.subarray(2 * dropped, 2 * this.count), 2 * front.count)
    this.#values = joined
    this.count = front.count + kept
  }
}

/** What the index files hold of the front part, as far as it may be believed. */
export interface StoredIndex {
  /** `all`: the files are complete, trimmed to their last entry. */
  readonly entries: number | 'all'
  readonly timeEntries: number | 'all'
  /** How much of the segment those entries cover. Bytes. */
  readonly coveredBytes: number
}

export class SegmentIndex {
  readonly #baseOffset: Offset
  readonly #offsets = new Pairs()
  readonly #times = new Pairs()
  #bytesSinceEntry = 0
  /** The largest time of what was noted, and of what was read from files, which may be wrong. */
  #noted: TimeEntry = NO_TIME
  #stored: TimeEntry = NO_TIME
  /** Time of the first batch; -1 without one. */
  firstTimestamp: Millis = -1
  /** The front part that is only in files; null once it is here, or when there never was one. */
  stored: StoredIndex | null = null
  /** Batches from here on were noted since the start. Bytes. */
  noteFrom = 0
  /** Entries that the files hold, whether they are here or not; what those files cover is `coveredBytes`. */
  fileEntries = 0
  fileTimeEntries = 0
  coveredBytes = 0
  /** The largest time was read from a file, and its batch not looked at yet. */
  timesUnchecked = false
  /** Last offset of the newest batch noted here. */
  #lastOffset: Offset = -1

  constructor(baseOffset: Offset) {
    this.#baseOffset = baseOffset
  }

  /** Entries here. */
  get count(): number {
    return this.#offsets.count
  }

  get timeCount(): number {
    return this.#times.count
  }

  get #maximum(): TimeEntry {
    return this.#stored.timestamp > this.#noted.timestamp ? this.#stored : this.#noted
  }

  /** Of all batches; -1 without one. */
  get maxTimestamp(): Millis {
    return this.#maximum.timestamp
  }

  /** Last offset of the batch that has it. */
  get maxTimestampOffset(): Offset {
    return this.#maximum.offset
  }

  /** What is known to be the largest time so far. */
  noteMaximum(maximum: TimeEntry): void {
    this.#noted = maximum
  }

  /** As a checkpoint has it: the entries are in the files, when those do not cover more than the segment holds. */
  restore(state: ActiveSegmentState): void {
    const covers = state.indexedBytes <= state.sizeBytes
    this.noteMaximum({ timestamp: state.maxTimestamp, offset: state.maxTimestampOffset })
    this.firstTimestamp = state.firstTimestamp
    this.noteFrom = state.sizeBytes
    this.fileEntries = covers ? state.indexEntries : 0
    this.fileTimeEntries = covers ? state.timeEntries : 0
    this.coveredBytes = covers ? state.indexedBytes : 0
    if (state.sizeBytes === 0) return
    const { fileEntries: entries, fileTimeEntries: timeEntries, coveredBytes } = this
    this.stored = { entries, timeEntries, coveredBytes }
  }

  /** Nothing restored holds any more; all batches are to be noted again. */
  forget(): void {
    this.#forgetFiles()
    this.noteFrom = 0
    this.noteMaximum(NO_TIME)
    this.firstTimestamp = -1
  }

  /** Takes a batch that was appended at `position`. */
  note(header: BatchHeader, position: number, intervalBytes: number): void {
    const last = lastOffset(header)
    this.#lastOffset = last
    if (this.firstTimestamp === -1) this.firstTimestamp = header.maxTimestamp
    if (header.maxTimestamp > this.#noted.timestamp) this.noteMaximum({ timestamp: header.maxTimestamp, offset: last })
    if (this.#bytesSinceEntry > intervalBytes) {
      this.#offsets.push(last, position)
      this.noteTime()
      this.#bytesSinceEntry = 0
    }
    this.#bytesSinceEntry += header.sizeBytes
  }

  /** An entry for the largest timestamp so far, unless there is one. Also the last act of a segment. */
  noteTime(): void {
    const { count } = this.#times
    if (this.maxTimestampOffset < 0) return
    if (count > 0) {
      const rises = this.maxTimestamp > this.#times.first(count - 1)
      if (!rises || this.maxTimestampOffset <= this.#times.second(count - 1)) return
    }
    this.#times.push(this.maxTimestamp, this.maxTimestampOffset)
  }

  /** Whether one more entry would make a file longer than `indexBytes`. */
  isFull(indexBytes: number): boolean {
    const entries = this.#offsets.count + (this.stored === null ? 0 : this.fileEntries)
    const timeEntries = this.#times.count + (this.stored === null ? 0 : this.fileTimeEntries)
    return (entries + 1) * INDEX_ENTRY_BYTES > indexBytes || (timeEntries + 2) * TIME_ENTRY_BYTES > indexBytes
  }

  /** The entry of the last indexed batch that ends at or before `offset`, of those here. */
  atOrBefore(offset: Offset): IndexEntry | null {
    return this.#entry(this.#offsets.lastAtMost(offset, 0))
  }

  /** The entry of the last indexed batch that starts at or before `position`, of those here. */
  atOrBeforePosition(position: number): IndexEntry | null {
    return this.#entry(this.#offsets.lastAtMost(position, 1))
  }

  /** The newest entry before `timestamp`: no record up to its offset, of those the entries cover, is as late. */
  timeBefore(timestamp: Millis): TimeEntry | null {
    return this.#timeEntry(this.#times.lastAtMost(timestamp - 1, 0))
  }

  /** The largest timestamp of the records below `offset`, as far as an entry tells. */
  maxTimestampBelow(offset: Offset): TimeEntry | null {
    return this.#timeEntry(this.#times.lastAtMost(offset - 1, 1))
  }

  /** The front part was read from the files: it precedes what is here. */
  complete(front: SegmentIndex): void {
    assert(this.stored !== null, 'a front part is added once')
    this.stored = null
    this.fileEntries = front.fileEntries
    this.fileTimeEntries = front.fileTimeEntries
    this.#putFront(front, { dropped: 0, droppedTimes: 0 })
  }

  /** The index of everything before `position` was made again; the files hold nothing that counts. */
  replaceFront(front: SegmentIndex, position: number): void {
    const here = this.stored === null
    const dropped = here ? this.#offsets.lastAtMost(position - 1, 1) + 1 : 0
    const droppedTimes = here ? this.#times.lastAtMost(front.#lastOffset, 1) + 1 : 0
    this.#forgetFiles()
    this.#putFront(front, { dropped, droppedTimes })
  }

  #forgetFiles(): void {
    this.stored = null
    this.fileEntries = 0
    this.fileTimeEntries = 0
    this.coveredBytes = 0
  }

  #putFront(front: SegmentIndex, skip: { readonly dropped: number; readonly droppedTimes: number }): void {
    this.#offsets.putFront(front.#offsets, skip.dropped)
    // What was noted here did not know of later times in front: those entries say nothing.
    const surpassed = this.#times.lastAtMost(front.maxTimestamp, 0) + 1
    this.#times.putFront(front.#times, Math.max(skip.droppedTimes, surpassed))
    if (this.firstTimestamp === -1) this.firstTimestamp = front.firstTimestamp
    this.#stored = front.#maximum
    this.timesUnchecked = front.timesUnchecked
  }

  /**
   * The segment ends at `position` and `offset` now. Returns from where its batches must be noted again: those behind the
   * last entry that is left.
   */
  cut(position: number, offset: Offset): number {
    this.#offsets.count = this.#offsets.lastAtMost(position - 1, 1) + 1
    this.#times.count = this.#times.lastAtMost(offset - 1, 1) + 1
    const last = this.#offsets.count - 1
    const lastTime = this.#times.count - 1
    // Times that were entered later than the last offset entry would be noted twice, which `noteTime` does not mind.
    this.#noted = this.#timeEntry(lastTime) ?? NO_TIME
    this.#stored = NO_TIME
    this.fileEntries = Math.min(this.fileEntries, this.#offsets.count)
    this.fileTimeEntries = Math.min(this.fileTimeEntries, this.#times.count)
    const from = last === -1 ? 0 : this.#offsets.second(last)
    this.coveredBytes = Math.min(this.coveredBytes, from)
    this.noteFrom = Math.min(this.noteFrom, position)
    this.#bytesSinceEntry = 0
    if (from === 0) this.firstTimestamp = -1
    return from
  }

  /** Takes an entry read from a file. False when it does not follow the one before it. */
  pushStored(offset: Offset, position: number): boolean {
    const { count } = this.#offsets
    if (offset < this.#baseOffset) return false
    if (count > 0 && (offset <= this.#offsets.first(count - 1) || position <= this.#offsets.second(count - 1))) {
      return false
    }
    this.#offsets.push(offset, position)
    return true
  }

  pushStoredTime(timestamp: Millis, offset: Offset): boolean {
    const { count } = this.#times
    if (offset < this.#baseOffset) return false
    if (count > 0 && (timestamp <= this.#times.first(count - 1) || offset < this.#times.second(count - 1))) return false
    this.#times.push(timestamp, offset)
    this.#stored = { timestamp, offset }
    this.timesUnchecked = true
    return true
  }

  /** Entries from `from`, as the offset index file has them. */
  encodeOffsets(from: number): Uint8Array {
    const bytes = new Uint8Array((this.#offsets.count - from) * INDEX_ENTRY_BYTES)
    const view = new DataView(bytes.buffer)
    for (let i = from, at = 0; i < this.#offsets.count; i++, at += INDEX_ENTRY_BYTES) {
      view.setInt32(at, this.#offsets.first(i) - this.#baseOffset)
      view.setInt32(at + 4, this.#offsets.second(i))
    }
    return bytes
  }

  encodeTimes(from: number): Uint8Array {
    const bytes = new Uint8Array((this.#times.count - from) * TIME_ENTRY_BYTES)
    const view = new DataView(bytes.buffer)
    for (let i = from, at = 0; i < this.#times.count; i++, at += TIME_ENTRY_BYTES) {
      view.setBigInt64(at, BigInt(this.#times.first(i)))
      view.setInt32(at + 8, this.#times.second(i) - this.#baseOffset)
    }
    return bytes
  }

  #timeEntry(index: number): TimeEntry | null {
    return index === -1 ? null : { timestamp: this.#times.first(index), offset: this.#times.second(index) }
  }

  #entry(index: number): IndexEntry | null {
    return index === -1 ? null : { offset: this.#offsets.first(index), position: this.#offsets.second(index) }
  }
}
