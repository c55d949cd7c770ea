/**
 * Kafka's `%020d.snapshot` files: the producers of a partition as of the offset in the name. Big-endian: i16 version 1, u32
 * CRC-32C of the rest, i32 count, then per producer i64 id, i16 epoch, i32 last sequence, i64 last offset, i32 offset
 * delta, i64 timestamp, i32 coordinator epoch, i64 first offset of the open transaction. Only the newest batch of each
 * producer has room in it: the checkpoint keeps all five. Source: Kafka ProducerStateManager.
 */
import { DecodeError, Reader, Writer } from '../base/cursor.ts'
import type { Offset } from '../base/units.ts'
import { crc32c } from '../wire/batch/crc32c.ts'
import { putInt32, uint32At } from '../wire/batch/fixed.ts'
import type { ProducedBatch, ProducerEntry } from './env.ts'

const VERSION = 1
const CRC_AT = 2
const ENTRIES_AT = 6
const ENTRY_BYTES = 46
const SEQUENCE_MODULUS = 2 ** 31

export function snapshotFileName(offset: Offset): string {
  return `${String(offset).padStart(20, '0')}.snapshot`
}

export function encodeProducerSnapshot(entries: readonly ProducerEntry[]): Uint8Array {
  const w = new Writer().beginBare()
  w.int16(VERSION)
  w.uint32(0)
  w.int32(entries.length)
  for (const entry of entries) {
    const last = entry.batches.at(-1)
    w.int64(entry.producerId)
    w.int16(entry.producerEpoch)
    w.int32(last?.lastSequence ?? -1)
    w.int53(last?.lastOffset ?? -1)
    w.int32(last?.offsetDelta ?? 0)
    w.int53(entry.lastTimestamp)
    w.int32(entry.coordinatorEpoch)
    w.int53(entry.currentTxnFirstOffset)
  }
  const bytes = w.finishBytes()
  putInt32(bytes, CRC_AT, crc32c(bytes, ENTRIES_AT, bytes.length))
  return bytes
}

/** Null when the bytes are no whole snapshot. */
export function decodeProducerSnapshot(bytes: Uint8Array): ProducerEntry[] | null {
  if (bytes.length < ENTRIES_AT + 4) return null
  if (uint32At(bytes, CRC_AT) !== crc32c(bytes, ENTRIES_AT, bytes.length)) return null
  const r = new Reader(bytes)
  try {
    if (r.int16() !== VERSION) return null
    r.uint32()
    const count = r.int32()
    if (count < 0 || count * ENTRY_BYTES !== r.remaining) return null
    return Array.from({ length: count }, () => readEntry(r))
  } catch (error) {
    if (error instanceof DecodeError) return null
    throw error
  }
}

function readEntry(r: Reader): ProducerEntry {
  const producerId = r.int64()
  const producerEpoch = r.int16()
  const lastSequence = r.int32()
  const lastOffset = r.int53()
  const offsetDelta = r.int32()
  const lastTimestamp = r.int53()
  const coordinatorEpoch = r.int32()
  const currentTxnFirstOffset = r.int53()
  const batch: ProducedBatch = {
    firstSequence: (lastSequence - offsetDelta + SEQUENCE_MODULUS) % SEQUENCE_MODULUS,
    lastSequence,
    lastOffset,
    offsetDelta,
    timestamp: lastTimestamp,
  }
  return {
    producerId,
    producerEpoch,
    coordinatorEpoch,
    currentTxnFirstOffset,
    lastTimestamp,
    batches: lastOffset < 0 ? [] : [batch],
  }
}
