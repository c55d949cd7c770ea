/**
 * Record batches (magic 2) as the harness sees them: the header fields that say how a client wrote a batch, with the
 * checksum verified, and uncompressed batches of its own. Source: KIP-98, and the format chapter of Kafka's protocol.
 */
import type { InteropRecord } from '../records.ts'
import { BytesIn, BytesOut } from './bytes.ts'

export const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const
export type Codec = (typeof codecs)[number]

export interface BatchView {
  readonly baseOffset: number
  readonly lastOffset: number
  readonly codec: Codec
  /** -1 when the producer is not idempotent. */
  readonly producerId: number
  readonly baseSequence: number
  readonly count: number
  /** All of it, as it lies in a log. */
  readonly sizeBytes: number
}

/** Reads the headers of all whole batches and checks their CRC-32C. A partial batch at the end is left out. */
export function viewBatches(records: Buffer): BatchView[] {
  const views: BatchView[] = []
  const source = new BytesIn(records)
  while (source.remaining >= 61 && source.remaining >= 12 + source.bytes.readInt32BE(source.position + 8)) {
    const baseOffset = source.int64()
    const batch = source.raw(source.int32())
    views.push({ ...viewBatch(baseOffset, new BytesIn(batch)), sizeBytes: 12 + batch.length })
  }
  return views
}

function viewBatch(baseOffset: number, batch: BytesIn): Omit<BatchView, 'sizeBytes'> {
  batch.int32() // leader epoch
  const magic = batch.int8()
  if (magic !== 2) throw new Error(`batch at ${baseOffset} has magic ${magic}`)
  const crc = batch.int32() >>> 0
  const actual = crc32c(batch.bytes.subarray(batch.position))
  if (crc !== actual) throw new Error(`batch at ${baseOffset} has CRC ${crc}, its bytes have ${actual}`)
  const attributes = batch.int16()
  const lastOffset = baseOffset + batch.int32()
  batch.raw(16) // base and maximum timestamp
  const producerId = batch.int64()
  batch.int16() // producer epoch
  const baseSequence = batch.int32()
  return { baseOffset, lastOffset, codec: codecs[attributes & 7]!, producerId, baseSequence, count: batch.int32() }
}

/** One uncompressed batch. */
export function buildBatch(records: readonly InteropRecord[]): Buffer {
  const base = records[0]!.timestampMs
  const body = new BytesOut()
  body
    .int16(0)
    .int32(records.length - 1)
    .int64(base)
    .int64(Math.max(...records.map(record => record.timestampMs)))
  body.int64(-1).int16(-1).int32(-1).int32(records.length)
  for (const [index, record] of records.entries()) {
    const content = buildRecord(record, index, base)
    body.varint(content.length).raw(content)
  }
  const checked = body.finish()
  const rest = new BytesOut()
    .int32(-1)
    .int8(2)
    .int32(crc32c(checked) | 0)
    .raw(checked)
    .finish()
  return new BytesOut().int64(0).bytes(rest).finish()
}

function buildRecord(record: InteropRecord, index: number, baseTimestamp: number): Buffer {
  const out = new BytesOut()
    .int8(0)
    .varint(record.timestampMs - baseTimestamp)
    .varint(index)
  const bytes = (value: Uint8Array | null) => (value === null ? out.varint(-1) : out.varint(value.length).raw(value))
  bytes(record.key)
  bytes(record.value)
  out.varint(record.headers.length)
  for (const [name, value] of record.headers) {
    bytes(Buffer.from(name))
    bytes(value)
  }
  return out.finish()
}

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1
  return value
})

function crc32c(bytes: Uint8Array): number {
  let value = 0xffffffff
  for (const byte of bytes) value = crcTable[(value ^ byte) & 0xff]! ^ (value >>> 8)
  return (value ^ 0xffffffff) >>> 0
}
