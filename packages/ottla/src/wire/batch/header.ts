/**
 * The 61-byte header of a record batch of magic 2: positions, a reader that fills a reusable object, and the three
 * patches a leader makes in place. Does not look at records (record-cursor.ts) and does not judge (validate.ts).
 * Source: Kafka message format, KIP-98 (producer fields), KIP-534 (delete horizon).
 *
 * The producer id is the one field of 64 bits whose exact value matters. Reading it as a bigint costs more than the rest
 * of the header, and most batches have none: the reader says whether there is one, and `producerIdAt` reads it.
 */
import type { LeaderEpoch, Millis, Offset } from '../../base/units.ts'
import { crc32c } from './crc32c.ts'
import { int16At, int32At, int53At, int64At, putInt16, putInt32, putInt53, uint32At } from './fixed.ts'

/** Positions of the fields, from the first byte of the batch. Bytes. */
export const BASE_OFFSET_AT = 0
export const BATCH_LENGTH_AT = 8
export const LEADER_EPOCH_AT = 12
export const MAGIC_AT = 16
export const CRC_AT = 17
/** The CRC covers everything from here to the end of the batch. */
export const ATTRIBUTES_AT = 21
export const LAST_OFFSET_DELTA_AT = 23
export const BASE_TIMESTAMP_AT = 27
export const MAX_TIMESTAMP_AT = 35
export const PRODUCER_ID_AT = 43
export const PRODUCER_EPOCH_AT = 51
export const BASE_SEQUENCE_AT = 53
export const RECORDS_COUNT_AT = 57
export const RECORDS_AT = 61

/** Size of the header; the smallest batch is this long. Bytes. */
export const HEADER_BYTES = RECORDS_AT
/** What `batchLength` does not count: base offset and itself. Bytes. */
export const LOG_OVERHEAD_BYTES = 12

export const MAGIC = 2

const CODEC_MASK = 0b111
const LOG_APPEND_TIME_BIT = 1 << 3
const TRANSACTIONAL_BIT = 1 << 4
const CONTROL_BIT = 1 << 5
export const DELETE_HORIZON_BIT = 1 << 6

/** Codec ids as the attributes hold them. */
export const Codec = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 } as const
export type CodecId = (typeof Codec)[keyof typeof Codec]
export type CodecName = keyof typeof Codec

export interface BatchHeader {
  /** Offset of the first record; a producer sends 0. Saturated, see fixed.ts. */
  baseOffset: Offset
  /** Bytes after this field. -2^31 to 2^31 - 1 as read: check `sizeBytes` before using it. */
  batchLength: number
  /** The whole batch: `batchLength` + 12. Bytes. */
  sizeBytes: number
  partitionLeaderEpoch: LeaderEpoch
  /** 2; anything else means that no field after it is to be believed. */
  magic: number
  /** As stored, unsigned. */
  crc: number
  attributes: number
  /** Offset of the last record minus `baseOffset`; counts records that compaction removed. */
  lastOffsetDelta: number
  /** What record timestamps are relative to; the delete horizon when that bit is set. -1 when the producer gave none. */
  baseTimestamp: Millis
  maxTimestamp: Millis
  /** True when the producer id is 0 or more; `producerIdAt` reads it. */
  hasProducerId: boolean
  producerEpoch: number
  /** Sequence of the first record, 0 to 2^31 - 1, or -1 without a producer id. */
  baseSequence: number
  /** As claimed by the header. */
  recordsCount: number
}

export function emptyBatchHeader(): BatchHeader {
  return {
    baseOffset: 0,
    batchLength: 0,
    sizeBytes: 0,
    partitionLeaderEpoch: -1,
    magic: 0,
    crc: 0,
    attributes: 0,
    lastOffsetDelta: 0,
    baseTimestamp: -1,
    maxTimestamp: -1,
    hasProducerId: false,
    producerEpoch: -1,
    baseSequence: -1,
    recordsCount: 0,
  }
}

/** Fills `into` from the header at `at`. The caller has checked that 61 bytes are there. Judges nothing. */
export function readBatchHeader(bytes: Uint8Array, at: number, into: BatchHeader): BatchHeader {
  into.baseOffset = int53At(bytes, at)
  into.batchLength = int32At(bytes, at + BATCH_LENGTH_AT)
  into.sizeBytes = into.batchLength + LOG_OVERHEAD_BYTES
  into.partitionLeaderEpoch = int32At(bytes, at + LEADER_EPOCH_AT)
  into.magic = (bytes[at + MAGIC_AT]! << 24) >> 24
  into.crc = uint32At(bytes, at + CRC_AT)
  into.attributes = int16At(bytes, at + ATTRIBUTES_AT)
  into.lastOffsetDelta = int32At(bytes, at + LAST_OFFSET_DELTA_AT)
  into.baseTimestamp = int53At(bytes, at + BASE_TIMESTAMP_AT)
  into.maxTimestamp = int53At(bytes, at + MAX_TIMESTAMP_AT)
  into.hasProducerId = bytes[at + PRODUCER_ID_AT]! < 0x80
  into.producerEpoch = int16At(bytes, at + PRODUCER_EPOCH_AT)
  into.baseSequence = int32At(bytes, at + BASE_SEQUENCE_AT)
  into.recordsCount = int32At(bytes, at + RECORDS_COUNT_AT)
  return into
}

/** Producer id of the batch at `at`, exact; -1n when it has none. */
export function producerIdAt(bytes: Uint8Array, at: number): bigint {
  return int64At(bytes, at + PRODUCER_ID_AT)
}

/** 0 to 7; 5 to 7 are no codec. */
export function codecBits(header: BatchHeader): number {
  return header.attributes & CODEC_MASK
}

/** True when every record's time is `maxTimestamp`, set by the broker; else producers set the times. */
export function isLogAppendTime(header: BatchHeader): boolean {
  return (header.attributes & LOG_APPEND_TIME_BIT) !== 0
}

export function isTransactional(header: BatchHeader): boolean {
  return (header.attributes & TRANSACTIONAL_BIT) !== 0
}

/** Transaction markers and the like: written by brokers only, never given to applications. */
export function isControl(header: BatchHeader): boolean {
  return (header.attributes & CONTROL_BIT) !== 0
}

/** True when `baseTimestamp` is the time from which the cleaner may drop this batch's tombstones. */
export function hasDeleteHorizon(header: BatchHeader): boolean {
  return (header.attributes & DELETE_HORIZON_BIT) !== 0
}

/** Offset of the last record, inclusive. */
export function lastOffset(header: BatchHeader): Offset {
  return header.baseOffset + header.lastOffsetDelta
}

/** First offset after the batch. */
export function endOffset(header: BatchHeader): Offset {
  return header.baseOffset + header.lastOffsetDelta + 1
}

/** Attributes of a batch to be written. */
export function attributesOf(fields: {
  codec: CodecId
  logAppendTime?: boolean
  transactional?: boolean
  control?: boolean
}): number {
  return (
    fields.codec |
    (fields.logAppendTime ? LOG_APPEND_TIME_BIT : 0) |
    (fields.transactional ? TRANSACTIONAL_BIT : 0) |
    (fields.control ? CONTROL_BIT : 0)
  )
}

/** The CRC that a batch of `sizeBytes` at `at` should hold. */
export function computeBatchCrc(bytes: Uint8Array, at: number, sizeBytes: number): number {
  return crc32c(bytes, at + ATTRIBUTES_AT, at + sizeBytes)
}

/** True when the stored CRC fits the bytes. The caller has checked that the whole batch is there. */
export function batchCrcMatches(bytes: Uint8Array, at: number, header: BatchHeader): boolean {
  return computeBatchCrc(bytes, at, header.sizeBytes) === header.crc
}

/** Sets the base offset: outside the CRC, so nothing else changes. `offset` is 0 to 2^53 - 1. */
export function patchBaseOffset(bytes: Uint8Array, at: number, offset: Offset): void {
  putInt53(bytes, at + BASE_OFFSET_AT, offset)
}

/** Sets the leader epoch: outside the CRC, so nothing else changes. */
export function patchLeaderEpoch(bytes: Uint8Array, at: number, epoch: LeaderEpoch): void {
  putInt32(bytes, at + LEADER_EPOCH_AT, epoch)
}

/** Makes `timeMs` the time of every record (log append time) and sums again. The batch is whole and of magic 2. */
export function stampLogAppendTime(bytes: Uint8Array, at: number, timeMs: Millis): void {
  putInt16(bytes, at + ATTRIBUTES_AT, int16At(bytes, at + ATTRIBUTES_AT) | LOG_APPEND_TIME_BIT)
  restateMaxTimestamp(bytes, at, timeMs)
}

/** Corrects a maximum that the records do not bear out (`ProduceFindings.maxTimestamp`) and sums again. */
export function restateMaxTimestamp(bytes: Uint8Array, at: number, timeMs: Millis): void {
  putInt53(bytes, at + MAX_TIMESTAMP_AT, timeMs)
  stampCrc(bytes, at)
}

/** Writes the CRC of a batch whose other fields are final. */
export function stampCrc(bytes: Uint8Array, at: number): void {
  const sizeBytes = int32At(bytes, at + BATCH_LENGTH_AT) + LOG_OVERHEAD_BYTES
  putInt32(bytes, at + CRC_AT, computeBatchCrc(bytes, at, sizeBytes))
}
