/**
 * Sizes and writing of Kafka's variable-length integers: seven bits a byte, lowest first; `varint` and `varlong` are
 * zigzag encoded. Writers check nothing about room: callers reserve it. Reading is in cursor-reader.ts.
 * Source: KIP-482 (unsigned), the record format of KIP-98 (zigzag).
 */

/** Bytes of the longest 32-bit and 64-bit forms. */
export const VARINT_BYTES_MAX = 5
export const VARLONG_BYTES_MAX = 10

const TWO_7 = 128
const TWO_31 = 2_147_483_648

/** Bytes that `value`, 0 to 2^32 - 1, takes as an unsigned varint. */
export function sizeOfUvarint(value: number): number {
  if (value < 0x80) return 1
  if (value < 0x4000) return 2
  if (value < 0x20_0000) return 3
  return value < 0x1000_0000 ? 4 : 5
}

/** Writes `value`, 0 to 2^32 - 1; returns the position after it. */
export function putUvarint(bytes: Uint8Array, at: number, value: number): number {
  let rest = value >>> 0
  while (rest > 0x7f) {
    bytes[at++] = (rest & 0x7f) | 0x80
    rest >>>= 7
  }
  bytes[at++] = rest
  return at
}

/** Bytes that the 32-bit integer `value` takes as a zigzag varint. */
export function sizeOfVarint(value: number): number {
  return sizeOfUvarint(((value << 1) ^ (value >> 31)) >>> 0)
}

/** Writes the 32-bit integer `value` zigzag encoded; returns the position after it. */
export function putVarint(bytes: Uint8Array, at: number, value: number): number {
  return putUvarint(bytes, at, ((value << 1) ^ (value >> 31)) >>> 0)
}

/** Bytes that the safe integer `value` takes as a zigzag varlong. */
export function sizeOfVarlong(value: number): number {
  if (value >= -TWO_31 && value < TWO_31) return sizeOfVarint(value)
  let rest = Math.floor(magnitude(value) / 64)
  let size = 1
  for (; rest > 0; size++) rest = Math.floor(rest / TWO_7)
  return size
}

/** Writes the safe integer `value` zigzag encoded; returns the position after it. */
export function putVarlong(bytes: Uint8Array, at: number, value: number): number {
  if (value >= -TWO_31 && value < TWO_31) return putVarint(bytes, at, value)
  // The zigzag form is 2 * magnitude + sign, which may pass 2^53: the first byte takes the sign and six bits apart.
  const positive = magnitude(value)
  let rest = Math.floor(positive / 64)
  let low = (positive % 64) * 2 + (value < 0 ? 1 : 0)
  while (rest > 0) {
    bytes[at++] = low | 0x80
    low = rest % TWO_7
    rest = Math.floor(rest / TWO_7)
  }
  bytes[at++] = low
  return at
}

/** The zigzag form without its sign bit: value for 0 and up, -value - 1 below. */
function magnitude(value: number): number {
  return value < 0 ? -value - 1 : value
}
