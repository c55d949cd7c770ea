/**
 * Walks records laid end to end (the part of a batch after its header, inflated if it was compressed), in place: lengths
 * and positions only, nothing allocated per record. Validation and reading share it, so what we accept from a producer is
 * what a reader can walk. Does not know batches (iterate.ts) and does not judge order or keys (validate.ts).
 * Source: Kafka record format of magic 2; varints as in Protocol Buffers, zigzag.
 */
import { Buffer } from 'node:buffer'
import type { Millis, Offset } from '../../base/units.ts'

export interface RecordHeader {
  readonly key: string
  readonly value: Uint8Array | null
}

/** The smallest record: length, attributes, two deltas, two null lengths, header count; its length field says 6. Bytes. */
const SMALLEST_BODY_BYTES = 6
const NO_BYTES = new Uint8Array(0)

export class RecordCursor {
  /** Position of the current record's length field in `bytes`. */
  recordStart = 0
  /** Position after the current record. */
  recordEnd = 0
  /** Milliseconds after the batch's base timestamp; may be negative. */
  timestampDelta = 0
  /** Offset minus the batch's base offset, as the record states it. */
  offsetDelta = 0
  keyStart = 0
  /** Bytes, or -1: null. */
  keyLength = -1
  valueStart = 0
  /** Bytes, or -1: null. */
  valueLength = -1
  headersStart = 0
  headersCount = 0
  /** Records walked since `reset`. */
  count = 0
  /** Why the walk stopped before the end; null while nothing is wrong. */
  problem: string | null = null

  bytes: Uint8Array = NO_BYTES
  /** Offset and time of delta 0. */
  baseOffset: Offset = 0
  baseTimestamp: Millis = 0
  /** When not null, the time of every record, whatever its delta (log append time). */
  fixedTimestamp: Millis | null = null

  #at = 0
  #limit = 0
  #end = 0

  /** Starts over at `bytes[start, end)`. Releases the bytes walked before. */
  reset(bytes: Uint8Array, start: number, end: number): this {
    this.bytes = bytes
    this.#at = start
    this.#end = end
    this.count = 0
    this.problem = null
    return this
  }

  /** Lets go of the bytes, so that a cursor kept for reuse does not keep a slab alive. */
  release(): void {
    this.reset(NO_BYTES, 0, 0)
  }

  get atEnd(): boolean {
    return this.#at === this.#end
  }

  /** Moves to the next record. False at the end, and at a record that does not parse: then `problem` says why. */
  next(): boolean {
    if (this.problem !== null || this.#at >= this.#end) return false
    this.recordStart = this.#at
    this.#limit = this.#end
    const length = this.#varint()
    if (this.problem !== null) return false
    if (length < SMALLEST_BODY_BYTES) return this.#fail('record length is too small')
    if (length > this.#end - this.#at) return this.#fail('record is longer than its batch')
    this.recordEnd = this.#at + length
    this.#limit = this.recordEnd
    this.#at += 1 // attributes: no bit of them means anything yet
    this.timestampDelta = this.#varlong()
    this.offsetDelta = this.#varint()
    this.keyLength = this.#nullableLength()
    this.keyStart = this.#at
    this.#skip(this.keyLength)
    this.valueLength = this.#nullableLength()
    this.valueStart = this.#at
    this.#skip(this.valueLength)
    this.headersCount = this.#varint()
    this.headersStart = this.#at
    if (this.headersCount !== 0) this.#skipHeaders()
    if (this.problem !== null) return false
    if (this.#at !== this.recordEnd) return this.#fail('record ends before its length says')
    this.count++
    return true
  }

  get offset(): Offset {
    return this.baseOffset + this.offsetDelta
  }

  get timestamp(): Millis {
    return this.fixedTimestamp ?? this.baseTimestamp + this.timestampDelta
  }

  /** A view, valid as long as the batch's bytes are. */
  key(): Uint8Array | null {
    return this.keyLength < 0 ? null : this.bytes.subarray(this.keyStart, this.keyStart + this.keyLength)
  }

  /** A view, valid as long as the batch's bytes are. */
  value(): Uint8Array | null {
    return this.valueLength < 0 ? null : this.bytes.subarray(this.valueStart, this.valueStart + this.valueLength)
  }

  /** Keys decoded, values as views. Empty for a record without headers. Allocates. */
  headers(): RecordHeader[] {
    return this.headersCount === 0 ? [] : headersAt(this.bytes, this.headersStart, this.headersCount)
  }

  #skipHeaders(): void {
    if (this.headersCount < 0) return void this.#fail('header count is negative')
    for (let left = this.headersCount; left > 0 && this.problem === null; left--) {
      const keyLength = this.#varint()
      if (keyLength < 0) return void this.#fail('header key is null')
      this.#skip(keyLength)
      this.#skip(this.#nullableLength())
    }
  }

  #skip(length: number): void {
    if (length <= 0) return
    if (length > this.#limit - this.#at) return void this.#fail('a field is longer than its record')
    this.#at += length
  }

  #nullableLength(): number {
    const length = this.#varint()
    if (length < -1) this.#fail('a length is below -1')
    return length
  }

  /** A zigzag varint of 32 bits. After a problem the value means nothing. */
  #varint(): number {
    if (this.#at < this.#limit) {
      const byte = this.bytes[this.#at]!
      if (byte < 0x80) {
        this.#at++
        return (byte >>> 1) ^ -(byte & 1)
      }
    }
    return this.#longVarint()
  }

  #longVarint(): number {
    let raw = 0
    for (let shift = 0; shift <= 28; shift += 7) {
      if (this.#at >= this.#limit) return this.#failNumber('record stops inside a varint')
      const byte = this.bytes[this.#at++]!
      raw |= (byte & 0x7f) << shift
      if (byte < 0x80) {
        if (shift === 28 && byte > 0x0f) break
        return (raw >>> 1) ^ -(raw & 1)
      }
    }
    return this.#failNumber('varint has more than 32 bits')
  }

  /** A zigzag varint of 64 bits; beyond 2^53 it loses low bits, never its sign or its order of size. */
  #varlong(): number {
    let low = 0
    for (let shift = 0; shift <= 21; shift += 7) {
      if (this.#at >= this.#limit) return this.#failNumber('record stops inside a varint')
      const byte = this.bytes[this.#at++]!
      low |= (byte & 0x7f) << shift
      if (byte < 0x80) return (low >>> 1) ^ -(low & 1)
    }
    return this.#longVarlong(low)
  }

  /** Bytes 5 to 10; `low` holds 28 bits. The last byte may hold one bit. */
  #longVarlong(low: number): number {
    let raw = low
    let scale = 2 ** 28
    for (let index = 5; index <= 10; index++) {
      if (this.#at >= this.#limit) return this.#failNumber('record stops inside a varint')
      const byte = this.bytes[this.#at++]!
      raw += (byte & 0x7f) * scale
      scale *= 128
      if (byte < 0x80) {
        if (index === 10 && byte > 1) break
        return (low & 1) === 0 ? raw / 2 : -((raw + 1) / 2)
      }
    }
    return this.#failNumber('varint has more than 64 bits')
  }

  #fail(problem: string): false {
    this.problem ??= problem
    return false
  }

  #failNumber(problem: string): number {
    this.problem ??= problem
    return 0
  }
}

/** Reads headers whose framing a cursor has already walked. */
export function headersAt(bytes: Uint8Array, start: number, count: number): RecordHeader[] {
  const headers: RecordHeader[] = []
  // Not a TextDecoder: it refuses views of shared memory.
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  let at = start
  const length = () => {
    let raw = 0
    let shift = 0
    let byte: number
    do {
      byte = bytes[at++]!
      raw |= (byte & 0x7f) << shift
      shift += 7
    } while (byte >= 0x80)
    return (raw >>> 1) ^ -(raw & 1)
  }
  for (let left = count; left > 0; left--) {
    const keyLength = length()
    const key = text.toString('utf8', at, at + keyLength)
    at += keyLength
    const valueLength = length()
    headers.push({ key, value: valueLength < 0 ? null : bytes.subarray(at, at + valueLength) })
    if (valueLength > 0) at += valueLength
  }
  return headers
}
