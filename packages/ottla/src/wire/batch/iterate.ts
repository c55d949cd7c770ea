/**
 * Reads the records of a batch, inflating it first if needed: for our client, the cleaner, tools and the simulator. The
 * visitor allocates nothing per record; the generator gives one object each.
 */
import type { Millis, Offset } from '../../base/units.ts'
import { decompress } from './compress.ts'
import { BatchError } from './errors.ts'
import {
  type BatchHeader,
  batchCrcMatches,
  codecBits,
  emptyBatchHeader,
  HEADER_BYTES,
  isLogAppendTime,
  MAGIC,
  RECORDS_AT,
  readBatchHeader,
} from './header.ts'
import { headersAt, RecordCursor, type RecordHeader } from './record-cursor.ts'

/** Default bound on what one compressed batch may inflate to. Bytes. Source: docs/reliability.md J. */
export const INFLATED_BATCH_BYTES_MAX = 64 * 1024 * 1024

export interface ReadOptions {
  /** Bound on what the batch may inflate to; more is a CompressionError `limit`. Bytes. */
  limitBytes?: number
  /** Sum the batch first. Default true: what came over a wire or from a disk may have changed on the way. */
  verifyCrc?: boolean
}

/** One record. Key, value and header values are views, valid as long as the batch's bytes are. */
export interface BatchRecord {
  readonly offset: Offset
  /** Milliseconds since 1970; -1 when the producer gave none. */
  readonly timestamp: Millis
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  /** Decoded when first asked for. */
  readonly headers: readonly RecordHeader[]
}

/**
 * Puts `cursor` before the first record of the batch at `at`, fills `header`, and returns the cursor. Throws a BatchError
 * or a CompressionError. After walking, `checkWalked` tells whether the batch held what its header says.
 */
export function openBatch(
  bytes: Uint8Array,
  at: number,
  cursor: RecordCursor,
  header: BatchHeader = emptyBatchHeader(),
  options: ReadOptions = {},
): RecordCursor {
  if (bytes.length - at < HEADER_BYTES) throw new BatchError('partial', 'batch header stops early')
  readBatchHeader(bytes, at, header)
  if (header.magic !== MAGIC) throw new BatchError('magic', `batch has magic ${header.magic}`)
  if (header.sizeBytes < HEADER_BYTES) throw new BatchError('size', `batch has length ${header.batchLength}`)
  if (header.sizeBytes > bytes.length - at) throw new BatchError('partial', 'batch stops early')
  if ((options.verifyCrc ?? true) && !batchCrcMatches(bytes, at, header)) {
    throw new BatchError('crc', `batch at offset ${header.baseOffset} does not fit its CRC`)
  }
  const codec = codecBits(header)
  if (codec === 0) {
    cursor.reset(bytes, at + RECORDS_AT, at + header.sizeBytes)
  } else {
    const stored = bytes.subarray(at + RECORDS_AT, at + header.sizeBytes)
    const inflated = decompress(codec, stored, options.limitBytes ?? INFLATED_BATCH_BYTES_MAX)
    cursor.reset(inflated, 0, inflated.length)
  }
  cursor.baseOffset = header.baseOffset
  cursor.baseTimestamp = header.baseTimestamp
  cursor.fixedTimestamp = isLogAppendTime(header) ? header.maxTimestamp : null
  return cursor
}

/** Throws a BatchError unless the cursor walked to the end and met as many records as the header states. */
export function checkWalked(cursor: RecordCursor, header: BatchHeader): void {
  if (cursor.problem !== null) {
    throw new BatchError(
      'records',
      `record ${cursor.count} of the batch at offset ${header.baseOffset}: ${cursor.problem}`,
    )
  }
  if (cursor.count !== header.recordsCount) {
    const held = `${cursor.count} records, its header says ${header.recordsCount}`
    throw new BatchError('records', `batch at offset ${header.baseOffset} holds ${held}`)
  }
}

/**
 * Calls `visit` with the cursor on each record of the batch at `at`; false from it stops. Returns the header. The cursor
 * moves on: a visitor copies what it keeps.
 */
export function forEachRecord(
  bytes: Uint8Array,
  at: number,
  visit: (record: RecordCursor) => boolean | undefined | undefined,
  options?: ReadOptions,
): BatchHeader {
  const header = emptyBatchHeader()
  const cursor = openBatch(bytes, at, new RecordCursor(), header, options)
  while (cursor.next()) {
    if (visit(cursor) === false) return header
  }
  checkWalked(cursor, header)
  return header
}

/** The records of the batch at `at` in order. Throws as `openBatch`, or at the end as `checkWalked`. */
export function* readRecords(bytes: Uint8Array, at: number, options?: ReadOptions): Generator<BatchRecord, void, void> {
  const header = emptyBatchHeader()
  const cursor = openBatch(bytes, at, new RecordCursor(), header, options)
  while (cursor.next()) yield new RecordView(cursor)
  checkWalked(cursor, header)
}

class RecordView implements BatchRecord {
  readonly offset: Offset
  readonly timestamp: Millis
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly #bytes: Uint8Array
  readonly #headersStart: number
  readonly #headersCount: number
  #headers: readonly RecordHeader[] | null = null

  constructor(cursor: RecordCursor) {
    this.offset = cursor.offset
    this.timestamp = cursor.timestamp
    this.key = cursor.key()
    this.value = cursor.value()
    this.#bytes = cursor.bytes
    this.#headersStart = cursor.headersStart
    this.#headersCount = cursor.headersCount
  }

  get headers(): readonly RecordHeader[] {
    this.#headers ??= headersAt(this.#bytes, this.#headersStart, this.#headersCount)
    return this.#headers
  }
}
