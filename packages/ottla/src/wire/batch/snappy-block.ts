/**
 * Raw Snappy blocks: the claimed size, and a decoder in plain JavaScript for machines where the snappy package has no
 * binary. Every length and distance is checked before it is used. Source: Snappy compressed format description, 2011.
 */
import { CompressionError } from './errors.ts'
import { repeat } from './lz4-block.ts'

/** A tag of three bytes gives 64 bytes, and no tag does better. */
const LARGEST_RATIO = 22
const HEADER_BYTES_MAX = 5

/**
 * Inflated size claimed by the block. A claim that its length cannot bear is corrupt, so that a few
 * bytes never reserve a lot of memory. Bytes.
 */
export function snappyBlockSize(bytes: Uint8Array): number {
  const size = readSize(bytes)
  if (size > bytes.length * LARGEST_RATIO) throw corrupt('claims more than its length can hold')
  return size
}

/** Inflates a block into `into` from `outAt`. Returns how many bytes it wrote: exactly the claimed size. */
export function inflateSnappyBlock(bytes: Uint8Array, into: Uint8Array, outAt: number): number {
  const end = bytes.length
  const size = readSize(bytes)
  const outStart = outAt
  const outEnd = outAt + size
  let at = 0
  while (bytes[at]! >= 0x80) at++
  at++
  while (at < end) {
    const tag = bytes[at++]!
    const kind = tag & 0b11
    if (kind === 0) {
      let length = (tag >>> 2) + 1
      if (length > 60) {
        const width = length - 60
        if (width > end - at) throw corrupt('stops early')
        length = littleEndian(bytes, at, width) + 1
        at += width
      }
      if (length > end - at || length > outEnd - outAt) throw corrupt('literal is too long')
      into.set(bytes.subarray(at, at + length), outAt)
      at += length
      outAt += length
      continue
    }
    const width = kind === 3 ? 4 : kind
    if (width > end - at) throw corrupt('stops early')
    const length = kind === 1 ? ((tag >>> 2) & 0b111) + 4 : (tag >>> 2) + 1
    const distance = kind === 1 ? ((tag >>> 5) << 8) | bytes[at]! : littleEndian(bytes, at, width)
    at += width
    if (distance === 0 || distance > outAt - outStart) throw corrupt('copies from before its start')
    if (length > outEnd - outAt) throw corrupt('copy is too long')
    outAt = repeat(into, outAt, distance, length)
  }
  if (outAt !== outEnd) throw corrupt('gives less than it claims')
  return size
}

function readSize(bytes: Uint8Array): number {
  let size = 0
  for (let index = 0; index < HEADER_BYTES_MAX; index++) {
    if (index >= bytes.length) throw corrupt('stops early')
    const byte = bytes[index]!
    size += (byte & 0x7f) * 2 ** (7 * index)
    if (byte < 0x80) {
      if (size >= 2 ** 32) break
      return size
    }
  }
  throw corrupt('claims more than 32 bits')
}

function littleEndian(bytes: Uint8Array, at: number, width: number): number {
  let value = 0
  for (let index = width - 1; index >= 0; index--) value = value * 256 + bytes[at + index]!
  return value
}

function corrupt(what: string): CompressionError {
  return new CompressionError('corrupt', `Snappy: block ${what}`)
}
