/**
 * The durable facts of groups as keys and values of __consumer_offsets. The number in front of a key says what it is: 0 and
 * 1 an offset, 2 a classic group; what other types of groups write is not ours. No value: what the key names is gone.
 * Written as Kafka 4.2 does it, read in all versions. Source: Kafka 4.2 GroupCoordinatorRecordHelpers, CoordinatorRecordType.
 */
import { unreachable } from '../../base/assert.ts'
import { DecodeError, Reader, Writer } from '../../base/cursor.ts'
import {
  decodeGroupMetadataKey,
  decodeGroupMetadataValue,
  decodeOffsetCommitKey,
  decodeOffsetCommitValue,
  encodeGroupMetadataKey,
  encodeGroupMetadataValue,
  encodeOffsetCommitKey,
  encodeOffsetCommitValue,
  type GroupMetadataValue,
} from '../../wire/gen/records/offsets.ts'
import type { DurableRecord } from './records.ts'

const OFFSET_KEYS = [0, 1]
const OFFSET_KEY = 1
const GROUP_KEY = 2
const GROUP_VALUE = 3
const OFFSET_VALUE = 4
/** The only version that can say when an offset expires: for clients that chose a retention time. */
const OFFSET_VALUE_WITH_EXPIRY = 1

export interface RecordBytes {
  readonly key: Uint8Array
  /** Null: a tombstone. */
  readonly value: Uint8Array | null
}

export interface ReadRecord {
  readonly groupId: string
  readonly record: DurableRecord
}

/** Bytes that are no record of a group, though their key says so. */
export class GroupRecordError extends Error {
  constructor(message: string, cause: unknown) {
    super(message, { cause })
    this.name = 'GroupRecordError'
  }
}

/** One for all: what was handed out is never written again. */
const writer = new Writer()

export function encodeGroupRecord(groupId: string, record: DurableRecord): RecordBytes {
  switch (record.type) {
    case 'group':
      return { key: groupKey(groupId), value: bytesOf(w => encodeGroupMetadataValue(w, GROUP_VALUE, record.value)) }
    case 'groupRemoval':
      return { key: groupKey(groupId), value: null }
    case 'offset': {
      const version = record.value.expireTimestamp === -1 ? OFFSET_VALUE : OFFSET_VALUE_WITH_EXPIRY
      return {
        key: offsetKey(groupId, record),
        value: bytesOf(w => encodeOffsetCommitValue(w, version, record.value)),
      }
    }
    case 'offsetRemoval':
      return { key: offsetKey(groupId, record), value: null }
    default:
      return unreachable(record)
  }
}

function groupKey(group: string): Uint8Array {
  return bytesOf(w => encodeGroupMetadataKey(w, GROUP_KEY, { group }))
}

function offsetKey(group: string, { topic, partition }: { topic: string; partition: number }): Uint8Array {
  return bytesOf(w => encodeOffsetCommitKey(w, OFFSET_KEY, { group, topic, partition }))
}

function bytesOf(write: (w: Writer) => void): Uint8Array {
  writer.beginBare()
  write(writer)
  return writer.finishBytes()
}

/**
 * Null for a record of another type of group. What is returned shares no memory with the bytes. Throws GroupRecordError.
 */
export function decodeGroupRecord({ key, value }: RecordBytes): ReadRecord | null {
  try {
    const type = new Reader(key).int16()
    if (OFFSET_KEYS.includes(type)) return readOffset(key, value)
    return type === GROUP_KEY ? readGroup(key, value) : null
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    throw new GroupRecordError(`record of a group: ${error.message}`, error)
  }
}

function readOffset(key: Uint8Array, value: Uint8Array | null): ReadRecord {
  const { group: groupId, topic, partition } = decodeOffsetCommitKey(new Reader(key))
  if (value === null) return { groupId, record: { type: 'offsetRemoval', topic, partition } }
  return { groupId, record: { type: 'offset', topic, partition, value: decodeOffsetCommitValue(new Reader(value)) } }
}

function readGroup(key: Uint8Array, value: Uint8Array | null): ReadRecord {
  const { group: groupId } = decodeGroupMetadataKey(new Reader(key))
  if (value === null) return { groupId, record: { type: 'groupRemoval' } }
  return { groupId, record: { type: 'group', value: kept(decodeGroupMetadataValue(new Reader(value))) } }
}

/** Out of the memory of the log, which is used again. */
function kept(value: GroupMetadataValue): GroupMetadataValue {
  const members = value.members.map(member => {
    return { ...member, subscription: member.subscription.slice(), assignment: member.assignment.slice() }
  })
  return { ...value, members }
}
