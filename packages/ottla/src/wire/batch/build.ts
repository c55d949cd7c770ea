/**
 * Builds batches from records: for our client, the command line and the simulator, and for the logs the broker itself
 * writes. Not on the broker's produce path, which passes a client's bytes on.
 */
import { Buffer } from 'node:buffer'
import { Bug } from '../../base/assert.ts'
import type { LeaderEpoch, Millis, Offset } from '../../base/units.ts'
import { putVarint, putVarlong, sizeOfVarint, sizeOfVarlong, VARINT_BYTES_MAX } from '../../base/varint.ts'
import { compress } from './compress.ts'
import { int16At, int32At, putInt16, putInt32, putInt53, putInt64 } from './fixed.ts'
import * as layout from './header.ts'
import type { RecordHeader } from './record-cursor.ts'

const GROW_FACTOR = 2
const INITIAL_BYTES = 4096
/** A record's largest framing: length 5, attributes 1, time 10, offset 5, key 5, value 5, header count 5. Bytes. */
const RECORD_FRAME_BYTES_MAX = 36
/** Two lengths. Bytes. */
const HEADER_FRAME_BYTES_MAX = 10
/** So that the distance of two of them is a safe integer. Milliseconds: the year 140,000. */
const TIMESTAMP_MAX = 2 ** 52 - 1
const BATCH_BYTES_MAX = 2 ** 31 - 1

export interface BuildOptions {
  /** Default none. */
  codec?: layout.CodecId
  /** The codec's own scale; its default when absent. */
  level?: number
  /** Default 0, which is what a producer must send. */
  baseOffset?: Offset
  /** Default -1. */
  leaderEpoch?: LeaderEpoch
  /** Default -1n: none. */
  producerId?: bigint
  /** Default -1. */
  producerEpoch?: number
  /** Default -1. */
  baseSequence?: number
  transactional?: boolean
  control?: boolean
}

/** Collects records into one growing buffer, then writes a batch. Reusable: `build` leaves it empty. */
export class BatchBuilder {
  #buffer: Buffer
  #at = layout.RECORDS_AT
  #count = 0
  #baseTimestamp: Millis = -1
  #maxTimestamp: Millis = -1

  constructor(initialBytes = INITIAL_BYTES) {
    this.#buffer = Buffer.allocUnsafeSlow(Math.max(initialBytes, layout.HEADER_BYTES))
  }

  /** Records appended since the last `build` or `clear`. */
  get count(): number {
    return this.#count
  }

  /** Size of the batch if it were built now without compression. Bytes. */
  get sizeBytes(): number {
    return this.#at
  }

  get maxTimestamp(): Millis {
    return this.#maxTimestamp
  }

  /** Upper bound of what appending such a record would add. Bytes. */
  static recordBytesMax(
    key: Uint8Array | null,
    value: Uint8Array | null,
    headers: readonly RecordHeader[] = [],
  ): number {
    let bytes = RECORD_FRAME_BYTES_MAX + (key?.length ?? 0) + (value?.length ?? 0)
    for (const header of headers) {
      bytes += HEADER_FRAME_BYTES_MAX + Buffer.byteLength(header.key) + (header.value?.length ?? 0)
    }
    return bytes
  }

  /** Appends one record. `timestampMs` is the time it claims, within 2^52 of zero, -1 for none. Copies the bytes. */
  append(
    key: Uint8Array | null,
    value: Uint8Array | null,
    headers: readonly RecordHeader[],
    timestampMs: Millis,
  ): void {
    if (Math.abs(timestampMs) > TIMESTAMP_MAX) throw new Bug('a timestamp is within 2^52 of zero', { timestampMs })
    if (this.#count === 0) this.#baseTimestamp = timestampMs
    if (timestampMs > this.#maxTimestamp) this.#maxTimestamp = timestampMs
    const timestampDelta = timestampMs - this.#baseTimestamp
    const bodyBytes = bodySize(timestampDelta, this.#count, key, value, headers)
    this.#reserve(VARINT_BYTES_MAX + bodyBytes)
    this.#at = putVarint(this.#buffer, this.#at, bodyBytes)
    this.#buffer[this.#at++] = 0
    this.#at = putVarlong(this.#buffer, this.#at, timestampDelta)
    this.#at = putVarint(this.#buffer, this.#at, this.#count)
    this.#bytes(key)
    this.#bytes(value)
    this.#at = putVarint(this.#buffer, this.#at, headers.length)
    for (const header of headers) {
      const length = Buffer.byteLength(header.key)
      this.#at = putVarint(this.#buffer, this.#at, length)
      this.#at += this.#buffer.write(header.key, this.#at, length, 'utf8')
      this.#bytes(header.value)
    }
    this.#count++
  }

  /** Forgets the records, keeps the memory. */
  clear(): void {
    this.#at = layout.RECORDS_AT
    this.#count = 0
    this.#baseTimestamp = -1
    this.#maxTimestamp = -1
  }

  /** Writes the batch into memory of its own and starts over. An empty batch is a bug: no broker takes one. */
  build(options: BuildOptions = {}): Uint8Array {
    if (this.#count === 0) throw new Bug('a batch has at least one record')
    const codec = options.codec ?? layout.Codec.none
    const records = this.#buffer.subarray(layout.RECORDS_AT, this.#at)
    const stored = codec === layout.Codec.none ? records : compress(codec, records, options.level)
    const batch = new Uint8Array(layout.HEADER_BYTES + stored.length)
    batch.set(stored, layout.RECORDS_AT)
    this.#writeHeader(batch, codec, options)
    this.clear()
    return batch
  }

  #writeHeader(batch: Uint8Array, codec: layout.CodecId, options: BuildOptions): void {
    const { transactional = false, control = false } = options
    putInt53(batch, layout.BASE_OFFSET_AT, options.baseOffset ?? 0)
    putInt32(batch, layout.BATCH_LENGTH_AT, batch.length - layout.LOG_OVERHEAD_BYTES)
    putInt32(batch, layout.LEADER_EPOCH_AT, options.leaderEpoch ?? -1)
    batch[layout.MAGIC_AT] = layout.MAGIC
    putInt16(batch, layout.ATTRIBUTES_AT, layout.attributesOf({ codec, transactional, control }))
    putInt32(batch, layout.LAST_OFFSET_DELTA_AT, this.#count - 1)
    putInt53(batch, layout.BASE_TIMESTAMP_AT, this.#baseTimestamp)
    putInt53(batch, layout.MAX_TIMESTAMP_AT, this.#maxTimestamp)
    putInt64(batch, layout.PRODUCER_ID_AT, options.producerId ?? -1n)
    putInt16(batch, layout.PRODUCER_EPOCH_AT, options.producerEpoch ?? -1)
    putInt32(batch, layout.BASE_SEQUENCE_AT, options.baseSequence ?? -1)
    putInt32(batch, layout.RECORDS_COUNT_AT, this.#count)
    layout.stampCrc(batch, 0)
  }

  #reserve(bytes: number): void {
    const needed = this.#at + bytes
    if (needed <= this.#buffer.length) return
    if (needed > BATCH_BYTES_MAX) throw new Bug('a batch fits its 32-bit length', { bytes: needed })
    const grown = Buffer.allocUnsafeSlow(Math.min(BATCH_BYTES_MAX, Math.max(needed, this.#buffer.length * GROW_FACTOR)))
    grown.set(this.#buffer.subarray(0, this.#at))
    this.#buffer = grown
  }

  #bytes(bytes: Uint8Array | null): void {
    this.#at = putVarint(this.#buffer, this.#at, bytes === null ? -1 : bytes.length)
    if (bytes === null) return
    this.#buffer.set(bytes, this.#at)
    this.#at += bytes.length
  }
}

/** Types of control records, as their keys hold them. */
export const ControlType = { abort: 0, commit: 1 } as const

export interface Marker {
  type: keyof typeof ControlType
  producerId: bigint
  producerEpoch: number
  /** Epoch of the transaction coordinator that decided. */
  coordinatorEpoch: number
  timestampMs: Millis
}

/** A batch that holds one transaction marker. Its offsets are the leader's to patch. */
export function buildMarkerBatch(marker: Marker): Uint8Array {
  const key = new Uint8Array(4)
  putInt16(key, 2, ControlType[marker.type])
  const value = new Uint8Array(6)
  putInt32(value, 2, marker.coordinatorEpoch)
  const builder = new BatchBuilder(128)
  builder.append(key, value, [], marker.timestampMs)
  const { producerId, producerEpoch } = marker
  return builder.build({ producerId, producerEpoch, transactional: true, control: true })
}

/** Type and epoch of a marker's key and value; null when the record is another kind of control record. */
export function readMarker(
  key: Uint8Array | null,
  value: Uint8Array | null,
): { type: keyof typeof ControlType; coordinatorEpoch: number } | null {
  if (key === null || key.length < 4 || value === null || value.length < 6) return null
  const type = int16At(key, 2)
  if (type !== ControlType.abort && type !== ControlType.commit) return null
  return { type: type === ControlType.commit ? 'commit' : 'abort', coordinatorEpoch: int32At(value, 2) }
}

function bodySize(
  timestampDelta: number,
  offsetDelta: number,
  key: Uint8Array | null,
  value: Uint8Array | null,
  headers: readonly RecordHeader[],
): number {
  let bytes = 1 + sizeOfVarlong(timestampDelta) + sizeOfVarint(offsetDelta) + fieldSize(key) + fieldSize(value)
  bytes += sizeOfVarint(headers.length)
  for (const header of headers) {
    const keyBytes = Buffer.byteLength(header.key)
    bytes += sizeOfVarint(keyBytes) + keyBytes + fieldSize(header.value)
  }
  return bytes
}

function fieldSize(bytes: Uint8Array | null): number {
  return bytes === null ? 1 : sizeOfVarint(bytes.length) + bytes.length
}
