/**
 * Rewrites a batch with fewer records, as compaction does: offsets, sequences, codec and producer fields stay, so that the
 * offsets of what was taken out are a gap inside the batch. Which records stay is the caller's decision. Source of the
 * forms: KIP-98 (the batch that keeps a producer's sequence when it is empty), KIP-534 (delete horizon); Kafka
 * MemoryRecords.filterTo.
 */
import type { Millis } from '../../base/units.ts'
import {
  putVarint,
  putVarlong,
  sizeOfVarint,
  sizeOfVarlong,
  VARINT_BYTES_MAX,
  VARLONG_BYTES_MAX,
} from '../../base/varint.ts'
import { compress } from './compress.ts'
import { int16At, putInt16, putInt32, putInt53 } from './fixed.ts'
import * as layout from './header.ts'
import { RecordCursor } from './record-cursor.ts'

/** Records of one batch that stay: ranges of the bytes that a cursor walked, which are inflated if need be. */
export class KeptRecords {
  count = 0
  /** Their sizes together. Bytes. */
  sizeBytes = 0
  /** Of those that stay; -1 without one. */
  maxTimestamp: Millis = -1
  bytes: Uint8Array = new Uint8Array(0)
  /** Starts and ends by turns; neighbours are one range. */
  readonly ranges: number[] = []

  clear(): void {
    this.count = 0
    this.sizeBytes = 0
    this.maxTimestamp = -1
    this.bytes = new Uint8Array(0)
    this.ranges.length = 0
  }

  /** The cursor's record stays. Records are given in order. */
  keep(record: RecordCursor): void {
    const { recordStart, recordEnd, timestamp } = record
    this.bytes = record.bytes
    this.count++
    this.sizeBytes += recordEnd - recordStart
    if (timestamp > this.maxTimestamp) this.maxTimestamp = timestamp
    const last = this.ranges.length - 1
    if (last >= 0 && this.ranges[last] === recordStart) this.ranges[last] = recordEnd
    else this.ranges.push(recordStart, recordEnd)
  }
}

/**
 * A new batch with the records kept, at least one, of the batch at `at`. With `deleteHorizonMs` it says from when on its
 * tombstones may go: that time becomes its base timestamp, and the times of its records are told from there.
 */
export function thinBatch(
  bytes: Uint8Array,
  at: number,
  header: layout.BatchHeader,
  to: { readonly kept: KeptRecords; readonly deleteHorizonMs: Millis | null },
): Uint8Array {
  const { kept, deleteHorizonMs } = to
  // With log append time no reader looks at a record's own time.
  const restate = deleteHorizonMs !== null && !layout.isLogAppendTime(header)
  const records = restate ? restated(kept, header.baseTimestamp - deleteHorizonMs) : joined(kept)
  const stored = compress(layout.codecBits(header), records)
  const batch = new Uint8Array(layout.HEADER_BYTES + stored.length)
  batch.set(bytes.subarray(at, at + layout.HEADER_BYTES))
  batch.set(stored, layout.RECORDS_AT)
  putInt32(batch, layout.BATCH_LENGTH_AT, batch.length - layout.LOG_OVERHEAD_BYTES)
  putInt32(batch, layout.RECORDS_COUNT_AT, kept.count)
  if (!layout.isLogAppendTime(header)) putInt53(batch, layout.MAX_TIMESTAMP_AT, kept.maxTimestamp)
  if (deleteHorizonMs !== null) {
    putInt16(batch, layout.ATTRIBUTES_AT, int16At(batch, layout.ATTRIBUTES_AT) | layout.DELETE_HORIZON_BIT)
    putInt53(batch, layout.BASE_TIMESTAMP_AT, deleteHorizonMs)
  }
  layout.stampCrc(batch, 0)
  return batch
}

/** The batch at `at` without records: what is left of a producer's last one, so that its sequence is not forgotten. */
export function emptiedBatch(bytes: Uint8Array, at: number, header: layout.BatchHeader): Uint8Array {
  const batch = bytes.slice(at, at + layout.HEADER_BYTES)
  const attributes = layout.attributesOf({
    codec: layout.Codec.none,
    logAppendTime: layout.isLogAppendTime(header),
    transactional: layout.isTransactional(header),
    control: layout.isControl(header),
  })
  putInt16(batch, layout.ATTRIBUTES_AT, attributes)
  putInt32(batch, layout.BATCH_LENGTH_AT, layout.HEADER_BYTES - layout.LOG_OVERHEAD_BYTES)
  putInt53(batch, layout.BASE_TIMESTAMP_AT, header.maxTimestamp)
  putInt32(batch, layout.RECORDS_COUNT_AT, 0)
  layout.stampCrc(batch, 0)
  return batch
}

function joined(kept: KeptRecords): Uint8Array {
  const records = new Uint8Array(kept.sizeBytes)
  let at = 0
  for (let i = 0; i < kept.ranges.length; i += 2) {
    const range = kept.bytes.subarray(kept.ranges[i], kept.ranges[i + 1])
    records.set(range, at)
    at += range.length
  }
  return records
}

/** The records with `byMs` added to each time's distance from the base. */
function restated(kept: KeptRecords, byMs: Millis): Uint8Array {
  const records = new Uint8Array(kept.sizeBytes + kept.count * (VARLONG_BYTES_MAX + VARINT_BYTES_MAX))
  const cursor = new RecordCursor()
  let at = 0
  for (let i = 0; i < kept.ranges.length; i += 2) {
    cursor.reset(kept.bytes, kept.ranges[i] as number, kept.ranges[i + 1] as number)
    while (cursor.next()) at = putRestated(records, at, { cursor, timestampDelta: cursor.timestampDelta + byMs })
  }
  return records.subarray(0, at)
}

function putRestated(
  into: Uint8Array,
  at: number,
  record: { readonly cursor: RecordCursor; readonly timestampDelta: number },
): number {
  const { cursor, timestampDelta } = record
  const { bytes, recordEnd } = cursor
  const attributesAt = afterVarint(bytes, cursor.recordStart)
  const rest = bytes.subarray(afterVarint(bytes, afterVarint(bytes, attributesAt + 1)), recordEnd)
  const bodyBytes = 1 + sizeOfVarlong(timestampDelta) + sizeOfVarint(cursor.offsetDelta) + rest.length
  let end = putVarint(into, at, bodyBytes)
  into[end++] = bytes[attributesAt] as number
  end = putVarlong(into, end, timestampDelta)
  end = putVarint(into, end, cursor.offsetDelta)
  into.set(rest, end)
  return end + rest.length
}

function afterVarint(bytes: Uint8Array, at: number): number {
  while ((bytes[at] as number) > 0x7f) at++
  return at + 1
}
