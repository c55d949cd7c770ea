/**
 * Values that say who sent them: lane, place in the lane, run, and a sum over everything, so that a reader can tell any
 * record from any other, and a damaged one from all of them.
 *
 *   value => lane:uint32 sequence:uint32 run:uint32 crc:uint32 filling:byte*     big endian
 *   crc covers lane, sequence, run and the filling.
 */
import { assert } from '../../base/assert.ts'
import { Prng } from '../../base/random.ts'
import type { Bytes } from '../../base/units.ts'
import { crc32c } from '../../wire/batch/crc32c.ts'

/** The smallest value. Bytes. */
export const VALUE_BYTES_MIN = 16
const CRC_AT = 12
const UINT32 = 2 ** 32

/** What a value says of itself. */
export interface ValueMark {
  readonly lane: number
  readonly sequence: number
  /** Tells runs apart that use one data directory, or one cluster, after another. */
  readonly run: number
}

const FILLING_BYTES = 64 * 1024
/** Half noise, half zeros, so that codecs have something to do and do not win everything. */
const filling = makeFilling()

/** A new value of `bytes` bytes. */
export function encodeValue({ lane, sequence, run }: ValueMark, bytes: Bytes): Uint8Array {
  assert(bytes >= VALUE_BYTES_MIN, 'a value has room for its mark', { bytes })
  const value = new Uint8Array(bytes)
  const view = new DataView(value.buffer)
  view.setUint32(0, lane)
  view.setUint32(4, sequence)
  view.setUint32(8, run)
  let at = VALUE_BYTES_MIN
  let from = (sequence * 31) % FILLING_BYTES
  while (at < bytes) {
    const piece = filling.subarray(from, Math.min(FILLING_BYTES, from + bytes - at))
    value.set(piece, at)
    at += piece.length
    from = 0
  }
  view.setUint32(CRC_AT, sumOf(value))
  return value
}

/** What the value says, or in words what is wrong with it. */
export function decodeValue(value: Uint8Array | null): ValueMark | string {
  if (value === null) return 'a record without a value'
  if (value.length < VALUE_BYTES_MIN) return `a value of ${value.length} bytes`
  const view = new DataView(value.buffer, value.byteOffset, value.length)
  if (view.getUint32(CRC_AT) !== sumOf(value)) return `a damaged value of ${value.length} bytes`
  return { lane: view.getUint32(0), sequence: view.getUint32(4), run: view.getUint32(8) }
}

function sumOf(value: Uint8Array): number {
  const head = crc32c(value, 0, CRC_AT)
  const rest = crc32c(value, VALUE_BYTES_MIN, value.length)
  return (head ^ Math.imul(rest, 0x9e3779b1)) >>> 0
}

function makeFilling(): Uint8Array {
  const random = new Prng('filling')
  const bytes = new Uint8Array(FILLING_BYTES)
  for (let at = 0; at < FILLING_BYTES; at += 16) {
    const view = new DataView(bytes.buffer, at, 8)
    view.setUint32(0, random.u32())
    view.setUint32(4, random.u32())
  }
  return bytes
}

/** One number for lane and sequence, both below 2^32; lanes below 2^20 keep it exact. */
export function valueIdOf(lane: number, sequence: number): number {
  return lane * UINT32 + sequence
}

export function laneOfValueId(id: number): number {
  return Math.floor(id / UINT32)
}

export function sequenceOfValueId(id: number): number {
  return id % UINT32
}
