/**
 * Decides what compaction leaves of one batch. A record stays when no later one of its key is known, or when it lies at or
 * above the end of what the pass knows. A tombstone stays until its batch's delete horizon. What cannot be read into, and
 * what transactions may still decide about, stays as it is (I-19). Source of the rules: Kafka Cleaner.shouldRetainRecord and
 * checkBatchRetention, KIP-534.
 */
import type { Millis, Offset } from '../../base/units.ts'
import { BatchError, CompressionError } from '../../wire/batch/errors.ts'
import {
  type BatchHeader,
  hasDeleteHorizon,
  isControl,
  isTransactional,
  lastOffset,
  producerIdAt,
  RECORDS_AT,
} from '../../wire/batch/header.ts'
import { checkWalked, openBatch } from '../../wire/batch/iterate.ts'
import { RecordCursor } from '../../wire/batch/record-cursor.ts'
import { emptiedBatch, KeptRecords, thinBatch } from '../../wire/batch/thin.ts'
import type { OffsetMap } from './offset-map.ts'
import type { Pace } from './pace.ts'
import type { SourceBatch } from './source.ts'

/** Records between two looks at the clock. */
const RECORDS_PER_LOOK = 256
/** Beyond this a distance between two times may not be exact, and a batch's base time stays what it is. Milliseconds. */
const EXACT_MS_MAX = 2 ** 51

/** What stays: the batch as it is, nothing, or these bytes instead. */
export type Verdict = 'keep' | 'drop' | Uint8Array

export interface FilterRules {
  /** The newest offset of each key in the range that the pass mapped. */
  readonly map: OffsetMap
  /** First offset that was not mapped. */
  readonly mapEnd: Offset
  readonly nowMs: Millis
  readonly deleteRetentionMs: Millis
  /** Last offset of each producer's newest batch. */
  readonly lastOffsets: ReadonlyMap<bigint, Offset>
  readonly pace: Pace
}

export class BatchFilter {
  readonly #rules: FilterRules
  readonly #cursor = new RecordCursor()
  readonly #kept = new KeptRecords()
  #hasTombstone = false
  #isExact = true
  /** Records without a key that were dropped: nobody can say what replaces them. */
  keylessCount = 0
  /** Batches that could not be read into, and stay. */
  unreadableCount = 0

  constructor(rules: FilterRules) {
    this.#rules = rules
  }

  async judge(batch: SourceBatch): Promise<Verdict> {
    const { header, bytes, at } = batch
    if (isControl(header)) return 'keep'
    if (header.recordsCount === 0) return this.#isLastOfProducer(batch) ? 'keep' : 'drop'
    if (!(await this.#sort(batch))) {
      this.unreadableCount++
      return 'keep'
    }
    const kept = this.#kept
    if (kept.count === 0) return this.#isLastOfProducer(batch) ? emptiedBatch(bytes, at, header) : 'drop'
    const deleteHorizonMs = this.#newHorizon(header)
    if (kept.count === header.recordsCount && deleteHorizonMs === null) return 'keep'
    return thinBatch(bytes, at, header, { kept, deleteHorizonMs })
  }

  /** Lets go of what the last batch left. */
  release(): void {
    this.#cursor.release()
    this.#kept.clear()
  }

  /** Fills `#kept`. False when the records cannot be read: a consumer cannot read them either. */
  async #sort({ header, bytes, at }: SourceBatch): Promise<boolean> {
    const kept = this.#kept
    kept.clear()
    this.#hasTombstone = false
    this.#isExact = Math.abs(header.baseTimestamp) < EXACT_MS_MAX
    const cursor = this.#cursor
    if (!openReadable({ header, bytes, at }, cursor)) return false
    const { pace } = this.#rules
    while (cursor.next()) {
      if (this.#stays(cursor, header)) {
        kept.keep(cursor)
        if (cursor.valueLength < 0) this.#hasTombstone = true
        if (Math.abs(cursor.timestampDelta) > EXACT_MS_MAX) this.#isExact = false
      }
      if (cursor.count % RECORDS_PER_LOOK === 0 && pace.isDue) await pace.turn()
    }
    return true
  }

  #stays(record: RecordCursor, header: BatchHeader): boolean {
    const { map, mapEnd, nowMs } = this.#rules
    const { offset } = record
    if (offset >= mapEnd) return true
    if (record.keyLength < 0) {
      if (isTransactional(header)) return true
      this.keylessCount++
      return false
    }
    if (offset < map.get(record)) return false
    return record.valueLength >= 0 || !hasDeleteHorizon(header) || nowMs < header.baseTimestamp
  }

  /** When the batch's tombstones may go, where nobody has said so yet. Those of transactions wait for those to be known. */
  #newHorizon(header: BatchHeader): Millis | null {
    if (!this.#hasTombstone || hasDeleteHorizon(header) || isTransactional(header) || !this.#isExact) return null
    const { nowMs, deleteRetentionMs } = this.#rules
    return Math.min(nowMs + deleteRetentionMs, EXACT_MS_MAX)
  }

  /** Its sequence is what the producer's next batch is checked against (I-08). */
  #isLastOfProducer({ header, bytes, at }: SourceBatch): boolean {
    if (!header.hasProducerId) return false
    return this.#rules.lastOffsets.get(producerIdAt(bytes, at)) === lastOffset(header)
  }
}

/**
 * Notes the keys of a batch's records from offset `from` on. Returns the first offset that was not noted because the map is full; null when
 * all was. Records of transactions replace nothing: whether they count is not known here.
 */
export async function noteKeys(
  batch: SourceBatch,
  cursor: RecordCursor,
  into: { readonly map: OffsetMap; readonly from: Offset; readonly pace: Pace },
): Promise<Offset | null> {
  const { header } = batch
  const { map, from, pace } = into
  if (isControl(header) || isTransactional(header) || header.recordsCount === 0) return null
  if (!openReadable(batch, cursor)) return null
  while (cursor.next()) {
    const { offset } = cursor
    if (offset >= from && cursor.keyLength >= 0 && !map.put(cursor, offset)) return offset
    if (cursor.count % RECORDS_PER_LOOK === 0 && pace.isDue) await pace.turn()
  }
  return null
}

/**
 * Puts the cursor before the batch's first record, when all of them can be read and their offsets rise within the batch.
 * A batch counts whole or not at all: a key noted from one that no consumer can read would take a value from them.
 */
function openReadable({ header, bytes, at }: SourceBatch, cursor: RecordCursor): boolean {
  try {
    openBatch(bytes, at, cursor, header, { verifyCrc: false })
    let last = -1
    while (cursor.next()) {
      if (cursor.offsetDelta <= last || cursor.offsetDelta > header.lastOffsetDelta) return false
      last = cursor.offsetDelta
    }
    checkWalked(cursor, header)
  } catch (error) {
    if (error instanceof BatchError || error instanceof CompressionError) return false
    throw error
  }
  if (cursor.bytes === bytes) cursor.reset(bytes, at + RECORDS_AT, at + header.sizeBytes)
  else cursor.reset(cursor.bytes, 0, cursor.bytes.length)
  return true
}
