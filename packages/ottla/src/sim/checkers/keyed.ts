/**
 * Records of compacted partitions: which key a record has, and whether it deletes that key, follows from who sent it, so
 * that both can be checked wherever it is read, and nobody has to remember them. A deletion has no value: its mark stands
 * in a header.
 */
import type { Bytes } from '../../base/units.ts'
import type { BatchRecord } from '../../wire/batch/iterate.ts'
import type { RecordHeader } from '../../wire/batch/record-cursor.ts'
import { decodeValue, encodeValue, laneOfValueId, sequenceOfValueId, type ValueMark, valueIdOf } from './value.ts'

/** How a partition is compacted. */
export interface Compaction {
  /** Different keys in it. */
  readonly keys: number
  /** Whether deletions themselves may go while the run lasts. */
  readonly forgetsDeletions: boolean
}

/** What a producer gives for a record. */
export interface KeyedRecord {
  readonly key: Uint8Array
  readonly value: Uint8Array | null
  readonly headers: readonly RecordHeader[]
}

const MARK_HEADER = 'mark'
const MARK_BYTES = 16
/** One record in so many deletes its key. */
const DELETION_EVERY = 6

export function keyOf(valueId: number, { keys }: Compaction): number {
  return mixed(valueId) % keys
}

export function isDeletion(valueId: number): boolean {
  return Math.floor(mixed(valueId) / 65_536) % DELETION_EVERY === 0
}

/** The record that `mark` stands for, its value as long as given where it has one. */
export function keyedRecord(mark: ValueMark, bytes: Bytes, compaction: Compaction): KeyedRecord {
  const id = valueIdOf(mark.lane, mark.sequence)
  const key = new Uint8Array(4)
  new DataView(key.buffer).setUint32(0, keyOf(id, compaction))
  if (!isDeletion(id)) return { key, value: encodeValue(mark, bytes), headers: [] }
  return { key, value: null, headers: [{ key: MARK_HEADER, value: encodeValue(mark, MARK_BYTES) }] }
}

/** What the record says of itself, or in words what is wrong with it. */
export function markOf(
  { key, value, headers }: Pick<BatchRecord, 'key' | 'value' | 'headers'>,
  compaction: Compaction | null,
): ValueMark | string {
  if (compaction === null) return decodeValue(value)
  const mark = decodeValue(value ?? headers.find(header => header.key === MARK_HEADER)?.value ?? null)
  if (typeof mark === 'string') return mark
  const id = valueIdOf(mark.lane, mark.sequence)
  if (isDeletion(id) !== (value === null)) return `a record ${value === null ? 'without its' : 'with a'} value`
  if (key === null || key.length !== 4) return 'a record without its key'
  const number = new DataView(key.buffer, key.byteOffset, key.length).getUint32(0)
  return number === keyOf(id, compaction) ? mark : `a record under key ${number}`
}

/** Spreads ids of neighbours over all numbers below 2^32. */
function mixed(valueId: number): number {
  let hash = Math.imul(sequenceOfValueId(valueId) + 1, 0x9e3779b1) ^ Math.imul(laneOfValueId(valueId) + 1, 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 15), 0xc2b2ae35)
  return (hash ^ (hash >>> 13)) >>> 0
}
