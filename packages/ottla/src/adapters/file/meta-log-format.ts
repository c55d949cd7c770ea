/**
 * Bytes of the metadata log's two files. Numbers are big-endian.
 *
 * Log: entries end to end. An entry is
 *   magic u32 | payload bytes u32 | CRC-32C u32 of all that follows | offset i64 | epoch i32 | record count u32 | payload
 * and its payload is, for each record, length u32 | bytes.
 * Snapshot: one entry of another magic, whose offset is the first offset that is not in it.
 */
import { crc32c } from '../../wire/batch/crc32c.ts'

export const LOG_MAGIC = 0x4f4d4c31
export const SNAPSHOT_MAGIC = 0x4f4d5331
export const ENTRY_HEADER_BYTES = 28
const CRC_FROM = 12

export interface StoredEntry {
  readonly offset: number
  readonly epoch: number
  readonly records: readonly Uint8Array[]
}

export function encodeEntry(magic: number, entry: StoredEntry): Uint8Array {
  let payloadBytes = 0
  for (const record of entry.records) payloadBytes += 4 + record.length
  const bytes = new Uint8Array(ENTRY_HEADER_BYTES + payloadBytes)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, magic)
  view.setUint32(4, payloadBytes)
  view.setBigInt64(12, BigInt(entry.offset))
  view.setInt32(20, entry.epoch)
  view.setUint32(24, entry.records.length)
  let at = ENTRY_HEADER_BYTES
  for (const record of entry.records) {
    view.setUint32(at, record.length)
    bytes.set(record, at + 4)
    at += 4 + record.length
  }
  view.setUint32(8, crc32c(bytes, CRC_FROM, bytes.length))
  return bytes
}

/** The entry at `at` and where it ends, or null when no whole, sound one is there. The records are views. */
export function decodeEntry(
  magic: number,
  bytes: Uint8Array,
  at: number,
): { readonly entry: StoredEntry; readonly end: number } | null {
  if (bytes.length - at < ENTRY_HEADER_BYTES) return null
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.getUint32(at) !== magic) return null
  const end = at + ENTRY_HEADER_BYTES + view.getUint32(at + 4)
  if (end > bytes.length || crc32c(bytes, at + CRC_FROM, end) !== view.getUint32(at + 8)) return null
  const offset = Number(view.getBigInt64(at + 12))
  const epoch = view.getInt32(at + 20)
  const records: Uint8Array[] = []
  let recordAt = at + ENTRY_HEADER_BYTES
  for (let left = view.getUint32(at + 24); left > 0; left--) {
    const length = view.getUint32(recordAt)
    records.push(bytes.subarray(recordAt + 4, recordAt + 4 + length))
    recordAt += 4 + length
  }
  return { entry: { offset, epoch, records }, end }
}

/** Whether a sound entry begins anywhere at or behind `from`: then what is bad before it is damage, not a torn end. */
export function hasEntryAfter(magic: number, bytes: Uint8Array, from: number): boolean {
  for (let at = from; at + ENTRY_HEADER_BYTES <= bytes.length; at++) {
    if (bytes[at] === magic >>> 24 && decodeEntry(magic, bytes, at) !== null) return true
  }
  return false
}
