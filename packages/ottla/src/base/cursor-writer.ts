/**
 * Writes Kafka's primitive types into a growing chunk and hands out what was written as a gather list, so that record
 * bytes are referenced and not copied. What was handed out is never written again: a message gets its own part of the
 * chunk, and a chunk lives as long as somebody holds a part of it. Values are checked: a number that does not fit, a
 * null where the version has none, a string that is not well formed, is an EncodeError.
 */

import type { UnknownTag } from './cursor-reader.ts'
import { putAscii, utf8Of } from './cursor-text.ts'
import { putUuid } from './cursor-uuid.ts'
import { putUvarint, sizeOfUvarint, VARINT_BYTES_MAX } from './varint.ts'

const CHUNK_BYTES = 16_384
/** A message begins in a new chunk where the old one has less room than this. */
const ROOM_BYTES_MIN = 512
/** Records up to this size are copied: cheaper than one more piece in the gather list. */
const COPIED_BYTES_MAX = 512
const STRING_BYTES_MAX = 0x7fff
const INT32_MAX = 0x7fff_ffff
const SIZE_BYTES = 4
const TWO_32 = 4_294_967_296
const NO_TAGS: readonly UnknownTag[] = []

/** A message that cannot be put on the wire in the version asked for. */
export class EncodeError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'EncodeError'
  }
}

export class Writer {
  #chunk: Uint8Array = new Uint8Array(CHUNK_BYTES)
  /** First byte of the piece being written, and the position of the next write. */
  #start = 0
  #at = 0
  /** Finished pieces of the message at hand, and their bytes together. */
  #pieces: Uint8Array[] = []
  #piecesBytes = 0
  #framed = false

  /** Begins a message with the four bytes of a frame's size in front. Drops a message that was not finished. */
  begin(): this {
    this.beginBare()
    this.#framed = true
    this.#at += SIZE_BYTES
    return this
  }

  /** Begins bytes without a frame size. */
  beginBare(): this {
    if (this.#chunk.length > CHUNK_BYTES || this.#chunk.length - this.#start < ROOM_BYTES_MIN) {
      this.#chunk = new Uint8Array(CHUNK_BYTES)
      this.#start = 0
    }
    this.#at = this.#start
    this.#pieces = []
    this.#piecesBytes = 0
    this.#framed = false
    return this
  }

  /** Bytes written since `begin`, the frame size included. */
  get length(): number {
    return this.#piecesBytes + this.#at - this.#start
  }

  /** What was written, in order. The record pieces in it are those given to `records`; the others are the caller's. */
  finish(): Uint8Array[] {
    const size = this.length - SIZE_BYTES
    this.#cut()
    const pieces = this.#pieces
    this.#pieces = []
    this.#piecesBytes = 0
    if (this.#framed) {
      if (size > INT32_MAX) throw new EncodeError(`a frame cannot have ${size} bytes`)
      putInt32At(pieces[0]!, 0, size)
    }
    return pieces
  }

  /** As `finish`, but in one piece, which costs a copy where records were given. */
  finishBytes(): Uint8Array {
    const length = this.length
    const pieces = this.finish()
    if (pieces.length <= 1) return pieces[0] ?? new Uint8Array(0)
    const whole = new Uint8Array(length)
    let at = 0
    for (const piece of pieces) {
      whole.set(piece, at)
      at += piece.length
    }
    return whole
  }

  /** Closes the piece at hand. */
  #cut(): void {
    if (this.#at === this.#start) return
    this.#pieces.push(this.#chunk.subarray(this.#start, this.#at))
    this.#piecesBytes += this.#at - this.#start
    this.#start = this.#at
  }

  /** Makes room for `count` bytes and returns their position. */
  #take(count: number): number {
    if (this.#at + count > this.#chunk.length) this.#grow(count)
    const at = this.#at
    this.#at = at + count
    return at
  }

  /** Moves the piece at hand into a larger chunk; finished pieces stay where they are. */
  #grow(count: number): void {
    const written = this.#at - this.#start
    const chunk = new Uint8Array(Math.max(CHUNK_BYTES, 2 * (written + count)))
    chunk.set(this.#chunk.subarray(this.#start, this.#at))
    this.#chunk = chunk
    this.#start = 0
    this.#at = written
  }

  #refuse(kind: string, value: unknown): never {
    throw new EncodeError(`${String(value)} is no ${kind}`)
  }

  int8(value: number): void {
    if ((value << 24) >> 24 !== value) this.#refuse('int8', value)
    const at = this.#take(1)
    this.#chunk[at] = value
  }

  bool(value: boolean): void {
    const at = this.#take(1)
    this.#chunk[at] = value ? 1 : 0
  }

  int16(value: number): void {
    if ((value << 16) >> 16 !== value) this.#refuse('int16', value)
    const at = this.#take(2)
    this.#chunk[at] = value >>> 8
    this.#chunk[at + 1] = value
  }

  uint16(value: number): void {
    if ((value & 0xffff) !== value) this.#refuse('uint16', value)
    this.int16((value << 16) >> 16)
  }

  int32(value: number): void {
    if ((value | 0) !== value) this.#refuse('int32', value)
    const at = this.#take(4)
    putInt32At(this.#chunk, at, value)
  }

  uint32(value: number): void {
    if (value >>> 0 !== value) this.#refuse('uint32', value)
    this.int32(value | 0)
  }

  /** A 64-bit field from a safe integer. */
  int53(value: number): void {
    if (!Number.isSafeInteger(value)) this.#refuse('safe integer', value)
    const at = this.#take(8)
    putInt32At(this.#chunk, at, Math.floor(value / TWO_32))
    putInt32At(this.#chunk, at + 4, value >>> 0)
  }

  int64(value: bigint): void {
    if (BigInt.asIntN(64, value) !== value) this.#refuse('int64', value)
    const at = this.#take(8)
    putInt32At(this.#chunk, at, Number(BigInt.asIntN(32, value >> 32n)))
    putInt32At(this.#chunk, at + 4, Number(BigInt.asIntN(32, value)))
  }

  float64(value: number): void {
    const at = this.#take(8)
    new DataView(this.#chunk.buffer, this.#chunk.byteOffset + at, 8).setFloat64(0, value)
  }

  uuid(value: string): void {
    const at = this.#take(16)
    if (!putUuid(this.#chunk, at, value)) this.#refuse('uuid', value)
  }

  uvarint(value: number): void {
    if (value >>> 0 !== value) this.#refuse('unsigned varint', value)
    const at = this.#take(VARINT_BYTES_MAX)
    this.#at = putUvarint(this.#chunk, at, value)
  }

  string(flexible: boolean, value: string | null, field: string): void {
    if (value === null) throw new EncodeError(`${field} must not be null in this version`)
    const room = (flexible ? sizeOfUvarint(value.length + 1) : 2) + value.length
    const at = this.#take(room)
    // Longer strings go the slow way, which refuses them by their true size.
    if (value.length <= STRING_BYTES_MAX && putAscii(this.#chunk, at + room - value.length, value)) {
      this.#textLength(flexible, value.length, at)
      return
    }
    this.#at = at
    this.#utf8(flexible, value, field)
  }

  #textLength(flexible: boolean, length: number, at: number): void {
    if (flexible) {
      putUvarint(this.#chunk, at, length + 1)
    } else {
      this.#chunk[at] = length >>> 8
      this.#chunk[at + 1] = length
    }
  }

  #utf8(flexible: boolean, value: string, field: string): void {
    const bytes = utf8Of(value)
    if (bytes === undefined) throw new EncodeError(`${field} holds half of a surrogate pair`)
    if (bytes.length > STRING_BYTES_MAX)
      throw new EncodeError(`${field} has ${bytes.length} bytes, at most ${STRING_BYTES_MAX} fit`)
    if (flexible) this.uvarint(bytes.length + 1)
    else this.int16(bytes.length)
    this.raw(bytes)
  }

  nullableString(flexible: boolean, value: string | null, field: string): void {
    if (value !== null) this.string(flexible, value, field)
    else if (flexible) this.uvarint(0)
    else this.int16(-1)
  }

  /** Copies `bytes` as they are, without a length. */
  raw(bytes: Uint8Array): void {
    const at = this.#take(bytes.length)
    this.#chunk.set(bytes, at)
  }

  /** Length of bytes, records or an array in front of them; -1 for null. */
  #length(flexible: boolean, length: number): void {
    if (flexible) this.uvarint(length + 1)
    else this.int32(length)
  }

  bytes(flexible: boolean, value: Uint8Array | null, field: string): void {
    if (value === null) throw new EncodeError(`${field} must not be null in this version`)
    this.#length(flexible, value.length)
    this.raw(value)
  }

  nullableBytes(flexible: boolean, value: Uint8Array | null, field: string): void {
    if (value === null) this.#length(flexible, -1)
    else this.bytes(flexible, value, field)
  }

  records(flexible: boolean, value: Uint8Array | readonly Uint8Array[] | null, field: string): void {
    if (value === null) throw new EncodeError(`${field} must not be null in this version`)
    if (value instanceof Uint8Array) {
      this.#length(flexible, value.length)
      this.splice(value)
      return
    }
    let length = 0
    for (const piece of value) length += piece.length
    this.#length(flexible, length)
    for (const piece of value) this.splice(piece)
  }

  nullableRecords(flexible: boolean, value: Uint8Array | readonly Uint8Array[] | null, field: string): void {
    if (value === null) this.#length(flexible, -1)
    else this.records(flexible, value, field)
  }

  /** Takes `bytes` into the gather list by reference (small ones are copied): they must stay as they are until sent. */
  splice(bytes: Uint8Array): void {
    if (bytes.length <= COPIED_BYTES_MAX) {
      this.raw(bytes)
      return
    }
    this.#cut()
    this.#pieces.push(bytes)
    this.#piecesBytes += bytes.length
  }

  arrayLength(flexible: boolean, length: number): void {
    this.#length(flexible, length)
  }

  /** A null array; `allowed` is whether the version at hand has it. */
  nullArray(flexible: boolean, allowed: boolean, field: string): void {
    if (!allowed) throw new EncodeError(`${field} must not be null in this version`)
    this.#length(flexible, -1)
  }

  /** In front of a nullable struct: whether it is there. */
  present(value: boolean): void {
    this.int8(value ? 1 : -1)
  }

  /** Writes `tag` and leaves a byte for the size; gives the mark for `endTag`. Nothing may be spliced in between. */
  beginTag(tag: number): number {
    this.uvarint(tag)
    this.#take(1)
    return this.#at - this.#start
  }

  /** Fills in the size of the tagged field begun at `mark`, moving its bytes when the size takes more than one. */
  endTag(mark: number): void {
    const size = this.#at - this.#start - mark
    const extra = sizeOfUvarint(size) - 1
    if (extra > 0) {
      this.#take(extra)
      const from = this.#start + mark
      this.#chunk.copyWithin(from + extra, from, from + size)
    }
    putUvarint(this.#chunk, this.#start + mark - 1, size)
  }

  /** All tagged fields of a struct whose version knows none. */
  unknownTags(kept: readonly UnknownTag[] | undefined): void {
    this.uvarint(kept === undefined ? 0 : kept.length)
    if (kept !== undefined) this.unknownTagsFrom(kept, 0, Number.POSITIVE_INFINITY)
  }

  /** Writes those of `kept` from index `from` on whose tag is below `below`; returns the index of the next. */
  unknownTagsFrom(kept: readonly UnknownTag[] = NO_TAGS, from: number, below: number): number {
    let index = from
    for (; index < kept.length && kept[index]!.tag < below; index++) {
      const { tag, bytes } = kept[index]!
      this.uvarint(tag)
      this.uvarint(bytes.length)
      this.raw(bytes)
    }
    return index
  }
}

function putInt32At(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24
  bytes[at + 1] = value >>> 16
  bytes[at + 2] = value >>> 8
  bytes[at + 3] = value
}
