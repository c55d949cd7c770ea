/**
 * LZ4 blocks in plain JavaScript: the exact inflated size without inflating, and a decoder for machines where lz4-napi
 * has no binary. Every length and distance is checked before it is used. Source: LZ4 block format description 1.5.1.
 */
import { CompressionError } from './errors.ts'

const SHORTEST_MATCH = 4
/** A length nibble with this value goes on in the bytes that follow. */
const LONG = 15

/** Inflated size of the block in `bytes[start, end)`; stops early, with a larger number, once it passes `limit`. Bytes. */
export function lz4BlockSize(bytes: Uint8Array, start: number, end: number, limit: number): number {
  let at = start
  let size = 0
  while (at < end) {
    const token = bytes[at++]!
    let literals = token >>> 4
    if (literals === LONG) {
      let more = 255
      for (; more === 255 && at < end; literals += more) more = bytes[at++]!
    }
    at += literals
    size += literals
    if (at > end) throw corrupt('literals')
    if (at === end || size > limit) return size
    at += 2
    let match = (token & LONG) + SHORTEST_MATCH
    if ((token & LONG) === LONG) {
      let more = 255
      for (; more === 255 && at < end; match += more) more = bytes[at++]!
    }
    size += match
    if (size > limit) return size
  }
  throw corrupt('its last sequence')
}

/**
 * Inflates the block in `bytes[start, end)` into `into` from `outAt`; matches may reach back to `historyStart`. Returns
 * the position after the last byte written.
 */
export function inflateLz4Block(
  bytes: Uint8Array,
  range: { start: number; end: number },
  into: Uint8Array,
  outAt: number,
  historyStart: number,
): number {
  const { start, end } = range
  let at = start
  while (at < end) {
    const token = bytes[at++]!
    let literals = token >>> 4
    if (literals === LONG) {
      let more = 255
      for (; more === 255 && at < end; literals += more) more = bytes[at++]!
    }
    if (literals > end - at || literals > into.length - outAt) throw corrupt('literals')
    if (literals > 0) into.set(bytes.subarray(at, at + literals), outAt)
    at += literals
    outAt += literals
    if (at === end) return outAt
    if (end - at < 2) throw corrupt('a distance')
    const distance = bytes[at]! | (bytes[at + 1]! << 8)
    at += 2
    let match = (token & LONG) + SHORTEST_MATCH
    if ((token & LONG) === LONG) {
      let more = 255
      for (; more === 255 && at < end; match += more) more = bytes[at++]!
    }
    if (distance === 0 || distance > outAt - historyStart) throw corrupt('a distance')
    if (match > into.length - outAt) throw corrupt('a match')
    outAt = repeat(into, outAt, distance, match)
  }
  throw corrupt('its last sequence')
}

/**
 * Copies `count` bytes from `distance` before `at` to `at`; the two may overlap, which repeats what lies between, as
 * LZ4 and Snappy both mean it. Returns the position after them.
 */
export function repeat(into: Uint8Array, at: number, distance: number, count: number): number {
  const end = at + count
  if (distance >= count) {
    into.copyWithin(at, at - distance, end - distance)
    return end
  }
  if (distance === 1) {
    into.fill(into[at - 1]!, at, end)
    return end
  }
  for (; at < end; at++) into[at] = into[at - distance]!
  return end
}

function corrupt(where: string): CompressionError {
  return new CompressionError('corrupt', `LZ4 block is wrong in ${where}`)
}
