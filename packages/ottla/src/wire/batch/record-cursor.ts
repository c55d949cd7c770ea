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
/** Length, attributes, two deltas and the key's length in the longest form that the fast path takes. Bytes. */
const PLAIN_FRAME_BYTES = 9
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
    if (this.#at >= this.#end || this.problem !== null) return false
    if (!this.#nextPlain() && !this.#nextAny()) return false
    this.#at = this.recordEnd
    this.count++
    return true
  }

  /**
   * The usual record, at a fifth of the cost: lengths and deltas of one or two bytes, no headers. Everything is spelled
   * out, because a call per varint is what costs. Says false for any other record, right or wrong, for `nextAny` to read.
   */
  #nextPlain(): boolean {
    const bytes = this.bytes
    const start = this.#at
    // Five varints of two bytes and the attributes lie within; the two reads behind the key and the value are checked.
    const readable = this.#end - PLAIN_FRAME_BYTES
    if (start > readable) return false
    let at = start
    let byte = 0
    let length = bytes[at++]!
    if (length > 0x7f) {
      byte = bytes[at++]!
      length = (length & 0x7f) | (byte << 7)
    }
    const end = at + (length >>> 1)
    let time = bytes[at + 1]!
    at += 2
    let last = byte
    if (time > 0x7f) {
      byte = bytes[at++]!
      last |= byte
      time = (time & 0x7f) | (byte << 7)
    }
    let delta = bytes[at++]!
    if (delta > 0x7f) {
      byte = bytes[at++]!
      last |= byte
      delta = (delta & 0x7f) | (byte << 7)
    }
    let keyLength = bytes[at++]!
    if (keyLength > 0x7f) {
      byte = bytes[at++]!
      last |= byte
      keyLength = (keyLength & 0x7f) | (byte << 7)
    }
    keyLength = (keyLength >>> 1) ^ -(keyLength & 1)
    const keyStart = at
    if (keyLength > 0) at += keyLength
    if (at > this.#end - 3) return false
    let valueLength = bytes[at++]!
    if (valueLength > 0x7f) {
      byte = bytes[at++]!
      last |= byte
      valueLength = (valueLength & 0x7f) | (byte << 7)
    }
    valueLength = (valueLength >>> 1) ^ -(valueLength & 1)
    const valueStart = at
    if (valueLength > 0) at += valueLength
    // One look at everything unusual: a third byte, a length that is odd or below -1, a header, an end that is not there.
    if (last > 0x7f || (length & 1) !== 0 || keyLength < -1 || valueLength < -1) return false
    if (at >= this.#end || bytes[at] !== 0 || at + 1 !== end) return false
    this.recordStart = start
    this.recordEnd = end
    this.timestampDelta = (time >>> 1) ^ -(time & 1)
    this.offsetDelta = (delta >>> 1) ^ -(delta & 1)
    this.keyStart = keyStart
    this.keyLength = keyLength
    this.valueStart = valueStart
    this.valueLength = valueLength
    this.headersStart = end
    this.headersCount = 0
    return true
  }

  /** Any record, with the reason when it is wrong. */
  #nextAny(): boolean {
    const bytes = this.bytes
    const start = this.#at
    problem = null
    const length = varint(bytes, start, this.#end)
    const end = after + length
    if (problem !== null || length < SMALLEST_BODY_BYTES || end > this.#end) return this.#stop(lengthProblem(length))
    this.recordStart = start
    this.recordEnd = end
    // The byte skipped holds attributes: no bit of them means anything yet.
    this.timestampDelta = varlong(bytes, after + 1, end)
    this.offsetDelta = varint(bytes, after, end)
    this.keyLength = varint(bytes, after, end)
    this.keyStart = after
    this.valueLength = varint(bytes, past(after, this.keyLength, end), end)
    this.valueStart = after
    this.headersCount = varint(bytes, past(after, this.valueLength, end), end)
    this.headersStart = after
    if (this.headersCount !== 0) skipHeaders(bytes, after, end, this.headersCount)
    if (problem !== null) return this.#stop(problem)
    return after === end || this.#stop('record ends before its length says')
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

  #stop(reason: string): false {
    this.problem = reason
    return false
  }
}

/**
 * Results of the readers below, beside what they return: the position after what was read, and the first thing wrong since
 * `next` cleared it. Not fields and not objects, because a record costs some twenty of these reads; nothing here waits or
 * re-enters. After a problem `after` is the limit, so that later reads touch nothing and `next` looks once, at the end.
 */
let after = 0
let problem: string | null = null

/** A zigzag varint of 32 bits at `at`. After a problem the value means nothing. */
function varint(bytes: Uint8Array, at: number, limit: number): number {
  if (at + 1 < limit) {
    const first = bytes[at]!
    if (first < 0x80) {
      after = at + 1
      return (first >>> 1) ^ -(first & 1)
    }
    const second = bytes[at + 1]!
    if (second < 0x80) {
      after = at + 2
      const raw = (first & 0x7f) | (second << 7)
      return (raw >>> 1) ^ -(raw & 1)
    }
  }
  return longVarint(bytes, at, limit)
}

function longVarint(bytes: Uint8Array, at: number, limit: number): number {
  let raw = 0
  for (let shift = 0; shift <= 28; shift += 7) {
    if (at >= limit) return fail('record stops inside a varint', limit)
    const byte = bytes[at++]!
    raw |= (byte & 0x7f) << shift
    if (byte < 0x80) {
      if (shift === 28 && byte > 0x0f) break
      after = at
      return (raw >>> 1) ^ -(raw & 1)
    }
  }
  return fail('varint has more than 32 bits', limit)
}

/** A zigzag varint of 64 bits; beyond 2^53 it loses low bits, never its sign or its order of size. */
function varlong(bytes: Uint8Array, at: number, limit: number): number {
  if (at < limit) {
    const first = bytes[at]!
    if (first < 0x80) {
      after = at + 1
      return (first >>> 1) ^ -(first & 1)
    }
  }
  return longVarlong(bytes, at, limit)
}

function longVarlong(bytes: Uint8Array, at: number, limit: number): number {
  let raw = 0
  let odd = 0
  let scale = 1
  for (let index = 1; index <= 10; index++) {
    if (at >= limit) return fail('record stops inside a varint', limit)
    const byte = bytes[at++]!
    if (index === 1) odd = byte & 1
    raw += (byte & 0x7f) * scale
    scale *= 128
    if (byte < 0x80) {
      // The tenth byte holds the last of 64 bits.
      if (index === 10 && byte > 1) break
      after = at
      return odd === 0 ? raw / 2 : -((raw + 1) / 2)
    }
  }
  return fail('varint has more than 64 bits', limit)
}

/** The position after a field of `length` bytes, null when -1. */
function past(at: number, length: number, limit: number): number {
  if (length >= 0 && length <= limit - at) return at + length
  if (length === -1) return at
  fail(length < 0 ? 'a length is below -1' : 'a field is longer than its record', limit)
  return limit
}

function skipHeaders(bytes: Uint8Array, at: number, limit: number, count: number): void {
  if (count < 0) fail('header count is negative', limit)
  for (let left = count; left > 0 && problem === null; left--) {
    const keyLength = varint(bytes, at, limit)
    if (keyLength < 0) fail('header key is null', limit)
    const valueLength = varint(bytes, past(after, keyLength, limit), limit)
    at = past(after, valueLength, limit)
    after = at
  }
}

function fail(reason: string, limit: number): number {
  problem ??= reason
  after = limit
  return 0
}

function lengthProblem(length: number): string {
  return problem ?? (length < SMALLEST_BODY_BYTES ? 'record length is too small' : 'record is longer than its batch')
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
