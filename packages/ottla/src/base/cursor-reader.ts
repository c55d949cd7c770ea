/**
 * Reads Kafka's primitive types from a range of bytes that a peer or a disk supplied. Every read checks bounds; every
 * count is checked against the bytes that are left before anything is allocated for it. Bytes and records come out as
 * views, never copies. Any violation is a DecodeError; nothing else is thrown. Which fields follow each other is not
 * known here: that is in the generated codecs (wire/gen).
 * Source: KIP-482 for compact forms and tagged fields; the limits are those of Apache Kafka 4.4.
 */
import { textAt } from './cursor-text.ts'
import { uuidAt } from './cursor-uuid.ts'
import type { Uuid } from './uuid.ts'

/** Elements that one array may have. */
const ARRAY_ELEMENTS_MAX = 1_000_000
/** Tagged fields that one message may have, all its structs together. */
const TAGS_MAX = 10_000
/** Bytes that a string may have, in either form. */
const STRING_BYTES_MAX = 0x7fff
const TWO_32 = 4_294_967_296
const NO_BYTES = new Uint8Array(0)

/** What one message may hold, whatever its size: memory for it is bounded by this as well as by the bytes received. */
export interface ReaderLimits {
  /** Elements of all arrays of one message together. */
  readonly elementsMax: number
}

export const requestLimits: ReaderLimits = { elementsMax: 1_000_000 }
/** A reply about a large cluster may list hundreds of thousands of partitions with their replicas. */
export const responseLimits: ReaderLimits = { elementsMax: 16_000_000 }

/** A tagged field that the version at hand does not know. Kept as it came, so that a message passed on loses nothing. */
export interface UnknownTag {
  readonly tag: number
  readonly bytes: Uint8Array
}

/** The bytes are not what they should be. `at` is the position, in bytes, from the start of the range that was read. */
export class DecodeError extends Error {
  readonly at: number

  constructor(message: string, at: number) {
    super(message)
    this.name = 'DecodeError'
    this.at = at
  }
}

export class Reader {
  /** Position of the next read, as an index of the array given to `reset`. */
  at = 0
  /** First position not to be read. */
  end = 0
  /** What is being decoded; for error messages only. Generated decoders set it. */
  message = 'message'
  #bytes: Uint8Array = NO_BYTES
  #start = 0
  #elementsLeft: number
  #tagsLeft = TAGS_MAX
  readonly #limits: ReaderLimits

  constructor(bytes: Uint8Array = NO_BYTES, limits: ReaderLimits = requestLimits) {
    this.#limits = limits
    this.#elementsLeft = limits.elementsMax
    this.reset(bytes)
  }

  /** Starts on the range `start` to `end` (exclusive) of `bytes`, with fresh limits. */
  reset(bytes: Uint8Array, start = 0, end = bytes.length): this {
    if (start < 0 || end > bytes.length || start > end)
      throw new RangeError(`no range ${start}..${end} in ${bytes.length} bytes`)
    this.#bytes = bytes
    this.#start = start
    this.at = start
    this.end = end
    this.message = 'message'
    this.#elementsLeft = this.#limits.elementsMax
    this.#tagsLeft = TAGS_MAX
    return this
  }

  /** Bytes not read yet. */
  get remaining(): number {
    return this.end - this.at
  }

  fail(problem: string, field?: string): never {
    const where = field === undefined ? this.message : `${this.message}.${field}`
    const at = this.at - this.#start
    throw new DecodeError(`${where}: ${problem} (byte ${at} of ${this.end - this.#start})`, at)
  }

  /** Reserves the next `count` bytes and returns their position. */
  #take(count: number): number {
    const at = this.at
    if (count > this.end - at) this.fail(`${count} bytes wanted, ${this.end - at} left`)
    this.at = at + count
    return at
  }

  int8(): number {
    return (this.#bytes[this.#take(1)]! << 24) >> 24
  }

  /** Any byte but 0 is true. */
  bool(): boolean {
    return this.#bytes[this.#take(1)]! !== 0
  }

  int16(): number {
    const at = this.#take(2)
    return ((this.#bytes[at]! << 24) >> 16) | this.#bytes[at + 1]!
  }

  uint16(): number {
    return this.int16() & 0xffff
  }

  /** The next int16, not consumed: the type or version with which records in logs begin. */
  peekInt16(): number {
    const value = this.int16()
    this.at -= 2
    return value
  }

  int32(): number {
    const bytes = this.#bytes
    const at = this.#take(4)
    return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
  }

  uint32(): number {
    return this.int32() >>> 0
  }

  /** A 64-bit field as a number; beyond 2^53 - 1 either way it saturates, which keeps every comparison true. */
  int53(): number {
    const high = this.int32()
    const value = high * TWO_32 + (this.int32() >>> 0)
    if (value > Number.MAX_SAFE_INTEGER) return Number.MAX_SAFE_INTEGER
    return Math.max(value, Number.MIN_SAFE_INTEGER)
  }

  /** The exact 64-bit value. */
  int64(): bigint {
    const high = this.int32()
    return (BigInt(high) << 32n) | BigInt(this.int32() >>> 0)
  }

  float64(): number {
    const at = this.#take(8)
    return new DataView(this.#bytes.buffer, this.#bytes.byteOffset + at, 8).getFloat64(0)
  }

  uuid(): Uuid {
    return uuidAt(this.#bytes, this.#take(16))
  }

  /** 0 to 2^32 - 1, at most five bytes. Longer than needed is legal, as in Kafka; more than 32 bits is not. */
  uvarint(): number {
    const first = this.#bytes[this.#take(1)]!
    if (first < 0x80) return first
    let value = first & 0x7f
    for (let shift = 7; shift < 28; shift += 7) {
      const byte = this.#bytes[this.#take(1)]!
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
    const last = this.#bytes[this.#take(1)]!
    if (last > 0x0f) this.fail('a varint has more than 32 bits')
    return (value | (last << 28)) >>> 0
  }

  /** A zigzag encoded 32-bit integer. */
  varint(): number {
    const raw = this.uvarint()
    return (raw >>> 1) ^ -(raw & 1)
  }

  /** A zigzag encoded 64-bit integer as a number, at most ten bytes; saturates as `int53` does. */
  varlong(): number {
    const first = this.#bytes[this.#take(1)]!
    // Without the sign bit the value has six bits in the first byte and seven in each other.
    let positive = (first & 0x7f) >>> 1
    let byte = first
    let scale = 64
    for (let count = 1; byte > 0x7f; count++) {
      byte = this.#bytes[this.#take(1)]!
      if (count === 9 && byte > 1) this.fail('a varlong has more than 64 bits')
      positive += (byte & 0x7f) * scale
      scale *= 128
    }
    if (positive > Number.MAX_SAFE_INTEGER) positive = Number.MAX_SAFE_INTEGER
    if ((first & 1) === 0) return positive
    return Math.max(-positive - 1, Number.MIN_SAFE_INTEGER)
  }

  /** Length of a string, -1 for null. */
  #stringLength(flexible: boolean, field: string): number {
    const length = flexible ? this.uvarint() - 1 : this.int16()
    if (length < -1 || length > STRING_BYTES_MAX) this.fail(`a string cannot have ${length} bytes`, field)
    return length
  }

  #text(length: number, field: string): string {
    if (length === 0) return ''
    const at = this.at
    if (length > this.end - at) this.fail(`a string of ${length} bytes wanted, ${this.end - at} left`, field)
    const text = textAt(this.#bytes, at, at + length)
    if (text === undefined) this.fail('a string is not UTF-8', field)
    this.at = at + length
    return text
  }

  string(flexible: boolean, field: string): string {
    const length = this.#stringLength(flexible, field)
    if (length < 0) this.fail('must not be null', field)
    return this.#text(length, field)
  }

  nullableString(flexible: boolean, field: string): string | null {
    const length = this.#stringLength(flexible, field)
    return length < 0 ? null : this.#text(length, field)
  }

  bytes(flexible: boolean, field: string): Uint8Array {
    const view = this.nullableBytes(flexible, field)
    if (view === null) this.fail('must not be null', field)
    return view
  }

  /** A view: valid as long as the bytes behind the reader stay as they are. */
  nullableBytes(flexible: boolean, field: string): Uint8Array | null {
    const length = flexible ? this.uvarint() - 1 : this.int32()
    if (length <= 0) {
      if (length < -1) this.fail(`cannot have ${length} bytes`, field)
      return length < 0 ? null : NO_BYTES
    }
    return this.view(length, field)
  }

  /** The next `length` bytes as a view. */
  view(length: number, field?: string): Uint8Array {
    const at = this.at
    if (length > this.end - at) this.fail(`${length} bytes wanted, ${this.end - at} left`, field)
    this.at = at + length
    return this.#bytes.subarray(at, at + length)
  }

  /** Count of an array whose elements take at least `elementBytesMin` bytes each. */
  arrayLength(flexible: boolean, elementBytesMin: number, field: string): number {
    const count = this.nullableArrayLength(flexible, elementBytesMin, field)
    if (count < 0) this.fail('must not be null', field)
    return count
  }

  /** As `arrayLength`; -1 for null. */
  nullableArrayLength(flexible: boolean, elementBytesMin: number, field: string): number {
    const count = flexible ? this.uvarint() - 1 : this.int32()
    if (count <= 0) {
      if (count < -1) this.fail(`cannot have ${count} elements`, field)
      return count
    }
    if (count > ARRAY_ELEMENTS_MAX || count > this.#elementsLeft) this.fail(`${count} elements are too many`, field)
    if (count * elementBytesMin > this.end - this.at) this.fail(`${count} elements do not fit in the bytes left`, field)
    this.#elementsLeft -= count
    return count
  }

  /** Whether a nullable struct is there: one byte, negative for null. */
  present(): boolean {
    return this.int8() >= 0
  }

  /** Count of the tagged fields at the end of a struct. */
  tagCount(): number {
    const count = this.uvarint()
    if (count === 0) return 0
    if (count > this.#tagsLeft) this.fail(`${count} tagged fields are too many`)
    if (count * 2 > this.end - this.at) this.fail(`${count} tagged fields do not fit in the bytes left`)
    this.#tagsLeft -= count
    return count
  }

  /** The next tag, which must be above `previous` (-1 for the first). */
  tag(previous: number): number {
    const tag = this.uvarint()
    if (tag <= previous) this.fail(`tag ${tag} after tag ${previous}`)
    return tag
  }

  /** Reads the size of a tagged field and narrows the range to it; gives the end to put back with `leaveTag`. */
  enterTag(): number {
    const size = this.uvarint()
    const outer = this.end
    if (size > outer - this.at) this.fail(`a tagged field of ${size} bytes, ${outer - this.at} left`)
    this.end = this.at + size
    return outer
  }

  leaveTag(outer: number): void {
    if (this.at !== this.end) this.fail(`${this.end - this.at} bytes too many in a tagged field`)
    this.end = outer
  }

  /** Between `enterTag` and `leaveTag`: takes the whole field into `kept`, a new list where there is none. */
  keepTag(kept: UnknownTag[] | undefined, tag: number): UnknownTag[] {
    const field = { tag, bytes: this.view(this.end - this.at) }
    if (kept === undefined) return [field]
    kept.push(field)
    return kept
  }

  /** The tagged fields of a struct whose version knows none. */
  unknownTags(): UnknownTag[] | undefined {
    const count = this.tagCount()
    let kept: UnknownTag[] | undefined
    for (let i = 0, tag = -1; i < count; i++) {
      tag = this.tag(tag)
      const outer = this.enterTag()
      kept = this.keepTag(kept, tag)
      this.leaveTag(outer)
    }
    return kept
  }
}
