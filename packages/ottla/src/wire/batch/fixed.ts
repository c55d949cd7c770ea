/**
 * Fixed-width big-endian numbers at a position of a byte array, without a DataView: making one costs more than all the
 * reads of a batch header, and a batch arrives in a new array each time. Callers check bounds; nothing here does.
 */

const TWO_32 = 4_294_967_296

export function int16At(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) >> 16) | bytes[at + 1]!
}

export function int32At(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
}

export function uint32At(bytes: Uint8Array, at: number): number {
  return int32At(bytes, at) >>> 0
}

/** A 64-bit field as a number. Beyond 2^53 - 1 either way it saturates, which keeps every comparison true. */
export function int53At(bytes: Uint8Array, at: number): number {
  const value = int32At(bytes, at) * TWO_32 + uint32At(bytes, at + 4)
  if (value > Number.MAX_SAFE_INTEGER) return Number.MAX_SAFE_INTEGER
  return Math.max(value, Number.MIN_SAFE_INTEGER)
}

/** The exact 64-bit value; some 40 ns, so not for a path that runs for each batch. */
export function int64At(bytes: Uint8Array, at: number): bigint {
  return (BigInt(int32At(bytes, at)) << 32n) | BigInt(uint32At(bytes, at + 4))
}

export function putInt16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8
  bytes[at + 1] = value
}

export function putInt32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24
  bytes[at + 1] = value >>> 16
  bytes[at + 2] = value >>> 8
  bytes[at + 3] = value
}

/** `value` is a safe integer of either sign. */
export function putInt53(bytes: Uint8Array, at: number, value: number): void {
  putInt32(bytes, at, Math.floor(value / TWO_32))
  putInt32(bytes, at + 4, value >>> 0)
}

export function putInt64(bytes: Uint8Array, at: number, value: bigint): void {
  putInt32(bytes, at, Number(BigInt.asIntN(32, value >> 32n)))
  putInt32(bytes, at + 4, Number(BigInt.asIntN(32, value)))
}
