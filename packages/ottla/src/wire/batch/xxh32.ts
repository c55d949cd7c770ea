/** XXH32, the checksum inside LZ4 frames. Source: xxHash fast digest algorithm, version 0.1.1. */

const PRIME_1 = 0x9e3779b1
const PRIME_2 = 0x85ebca77
const PRIME_3 = 0xc2b2ae3d
const PRIME_4 = 0x27d4eb2f
const PRIME_5 = 0x165667b1

/** XXH32 of `bytes[start, end)` with seed 0, unsigned. */
export function xxh32(bytes: Uint8Array, start: number, end: number): number {
  let at = start
  let hash = PRIME_5
  if (end - start >= 16) {
    let a = (PRIME_1 + PRIME_2) | 0
    let b = PRIME_2
    let c = 0
    let d = -PRIME_1 | 0
    for (const last = end - 16; at <= last; at += 16) {
      a = round(a, littleEndian(bytes, at))
      b = round(b, littleEndian(bytes, at + 4))
      c = round(c, littleEndian(bytes, at + 8))
      d = round(d, littleEndian(bytes, at + 12))
    }
    hash = rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18)
  }
  hash = (hash + (end - start)) | 0
  for (; at + 4 <= end; at += 4)
    hash = Math.imul(rotate(hash + Math.imul(littleEndian(bytes, at), PRIME_3), 17), PRIME_4)
  for (; at < end; at++) hash = Math.imul(rotate(hash + Math.imul(bytes[at]!, PRIME_5), 11), PRIME_1)
  hash = Math.imul(hash ^ (hash >>> 15), PRIME_2)
  hash = Math.imul(hash ^ (hash >>> 13), PRIME_3)
  return (hash ^ (hash >>> 16)) >>> 0
}

function round(lane: number, input: number): number {
  return Math.imul(rotate(lane + Math.imul(input, PRIME_2), 13), PRIME_1)
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits))
}

function littleEndian(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
}
