/**
 * Bytes of the commit journal (docs/formats/journal.md). Big-endian. A ring file is a sequence of rounds, each from a
 * multiple of the disk's alignment:
 *
 *   round  := header payload zeros            up to the next multiple of the alignment
 *   header := 64 bytes
 *      0  u32  magic 'OtlJ'             24  i64  round number, from 1, no gaps
 *      4  u16  version 1                32  i64  last round whose sync had returned
 *      6  u16  0                        40  u32  payload length
 *      8  16B  ring id                  44  u32  CRC-32C of the 44 bytes before and of the payload
 *                                       48       zeros
 *   payload := record*
 *   record := 56 bytes, then `length` bytes
 *      0  u8   kind                     28  u32  length
 *      1  u8   1: the bytes end a batch 32  i64  segment base offset
 *      2  u16  0                        40  u32  position in the segment's file
 *      4  i32  partition                44  u32  0
 *      8  16B  topic id                 48  i64  offset (see RecordKind)
 *     24  i32  leader epoch
 *
 * The ring id is drawn whenever the journal starts empty, so rounds of an earlier life never match.
 */
import type { LeaderEpoch, Offset } from '../../base/units.ts'
import { type Uuid, uuidFromBytes } from '../../base/uuid.ts'
import { crc32c } from '../../wire/batch/crc32c.ts'
import { crc32cJoin } from '../../wire/batch/crc32c-join.ts'
import { int32At, int53At, putInt16, putInt32, putInt53, uint32At } from '../../wire/batch/fixed.ts'

export const ROUND_HEADER_BYTES = 64
export const RECORD_HEADER_BYTES = 56
export const JOURNAL_VERSION = 1
const MAGIC = 0x4f746c4a
const CRC_AT = 44
/** Partition and topic id, as they stand in a record from `LOG_KEY_AT`. */
const LOG_KEY_AT = 4
export const LOG_KEY_BYTES = 20

/**
 * append: bytes of the log at (segment, position); offset: the log's end after them, when they end a batch.
 * truncate: the log ends at `offset`, which stands at (segment, position). start: the log begins at `offset`.
 * drop: the log is gone. epoch: `leader epoch` began at `offset`. unjournaled: the log was made, and its batches are not
 * in the journal (`durability=page-cache`).
 */
export const RecordKind = { append: 1, truncate: 2, start: 3, drop: 4, epoch: 5, unjournaled: 6 } as const
export type RecordKindCode = (typeof RecordKind)[keyof typeof RecordKind]

export interface JournalRecord {
  kind: RecordKindCode
  /** Whether `bytes` end a batch; a batch longer than a round comes in several records. */
  complete: boolean
  topicId: Uuid
  partition: number
  leaderEpoch: LeaderEpoch
  segmentBase: Offset
  position: number
  offset: Offset
  /** A view. Empty but for `append`. */
  bytes: Uint8Array
}

export interface RoundHeader {
  readonly number: number
  /** 0 when none had been synced. */
  readonly lastSynced: number
  readonly payloadBytes: number
}

/** A run of bytes in a round whose CRC-32C is known. */
export interface KnownSum {
  readonly at: number
  readonly bytes: number
  readonly sum: number
}

/** Writes the header over a round whose payload stands from `ROUND_HEADER_BYTES`. `known`: in their order in the payload. */
export function sealRound(
  bytes: Uint8Array,
  ringId: Uint8Array,
  header: RoundHeader,
  known: readonly KnownSum[] = [],
): void {
  bytes.fill(0, 0, ROUND_HEADER_BYTES)
  putInt32(bytes, 0, MAGIC)
  putInt16(bytes, 4, JOURNAL_VERSION)
  bytes.set(ringId, 8)
  putInt53(bytes, 24, header.number)
  putInt53(bytes, 32, header.lastSynced)
  putInt32(bytes, 40, header.payloadBytes)
  putInt32(bytes, CRC_AT, roundCrc(bytes, 0, header.payloadBytes, known))
}

/** The round of this ring at `at`, or null when there is none, or not a whole one. */
export function readRound(bytes: Uint8Array, at: number, ringId: Uint8Array): RoundHeader | null {
  if (bytes.length - at < ROUND_HEADER_BYTES || uint32At(bytes, at) !== MAGIC) return null
  for (let i = 0; i < 16; i++) if (bytes[at + 8 + i] !== ringId[i]) return null
  const payloadBytes = uint32At(bytes, at + 40)
  if (payloadBytes > bytes.length - at - ROUND_HEADER_BYTES) return null
  if (uint32At(bytes, at + CRC_AT) !== roundCrc(bytes, at, payloadBytes)) return null
  return { number: int53At(bytes, at + 24), lastSynced: int53At(bytes, at + 32), payloadBytes }
}

/** The ring id of what may be a round of some ring, or null. Judges nothing else. */
export function ringIdAt(bytes: Uint8Array, at: number): Uint8Array | null {
  if (bytes.length - at < ROUND_HEADER_BYTES || uint32At(bytes, at) !== MAGIC) return null
  return bytes.slice(at + 8, at + 24)
}

function roundCrc(bytes: Uint8Array, from: number, payloadBytes: number, known: readonly KnownSum[] = []): number {
  let sum = crc32c(bytes, from, from + CRC_AT)
  let at = from + ROUND_HEADER_BYTES
  for (const run of known) {
    sum = crc32cJoin(crc32c(bytes, at, run.at, sum), run.sum, run.bytes)
    at = run.at + run.bytes
  }
  return crc32c(bytes, at, from + ROUND_HEADER_BYTES + payloadBytes, sum)
}

/** Partition and topic id as every record of the log has them. */
export function logKey(partition: number, topicId: Uint8Array): Uint8Array {
  const key = new Uint8Array(LOG_KEY_BYTES)
  putInt32(key, 0, partition)
  key.set(topicId, 4)
  return key
}

/** Writes what all kinds of record share; the caller writes the rest with the setters below. */
export function putRecord(bytes: Uint8Array, at: number, kind: RecordKindCode, key: Uint8Array): void {
  bytes.fill(0, at, at + RECORD_HEADER_BYTES)
  bytes[at] = kind
  bytes.set(key, at + LOG_KEY_AT)
}

export function putRecordPosition(bytes: Uint8Array, at: number, segmentBase: Offset, position: number): void {
  putInt53(bytes, at + 32, segmentBase)
  putInt32(bytes, at + 40, position)
}

export function putRecordEpoch(bytes: Uint8Array, at: number, epoch: LeaderEpoch): void {
  putInt32(bytes, at + 24, epoch)
}

/** `offset`, and whether the bytes so far end a batch. */
export function putRecordEnd(bytes: Uint8Array, at: number, offset: Offset, complete: boolean): void {
  bytes[at + 1] = complete ? 1 : 0
  putInt53(bytes, at + 48, offset)
}

export function putRecordLength(bytes: Uint8Array, at: number, length: number): void {
  putInt32(bytes, at + 28, length)
}

/** Walks the records of a round that passed `readRound`; so a record that does not fit is a bug of the writer, or a lie. */
export function* readRecords(round: Uint8Array, payloadBytes: number): Generator<JournalRecord, void, void> {
  const end = ROUND_HEADER_BYTES + payloadBytes
  let at = ROUND_HEADER_BYTES
  while (at < end) {
    const length = at + RECORD_HEADER_BYTES <= end ? uint32At(round, at + 28) : 0
    const next = at + RECORD_HEADER_BYTES + length
    const kind = round[at] as number
    if (next > end || kind < RecordKind.append || kind > RecordKind.unjournaled) {
      throw new RangeError(`no journal record at byte ${at} of a round of ${end} bytes`)
    }
    yield {
      kind: kind as RecordKindCode,
      complete: round[at + 1] === 1,
      partition: int32At(round, at + 4),
      topicId: uuidFromBytes(round, at + 8),
      leaderEpoch: int32At(round, at + 24),
      segmentBase: int53At(round, at + 32),
      position: uint32At(round, at + 40),
      offset: int53At(round, at + 48),
      bytes: round.subarray(at + RECORD_HEADER_BYTES, next),
    }
    at = next
  }
}
