/**
 * The CRC-32C of two runs of bytes that follow each other, from the sums of each: whoever has summed a batch need not read
 * it again for the sum of what it becomes a part of. A sum is a polynomial over GF(2) modulo the CRC's; n bytes behind it
 * multiply it by x^(8n). Source: Mark Adler, crc32_combine in zlib 1.2.12 (the method); RFC 3720 for the polynomial.
 */
import { assert } from '../../base/assert.ts'

/** Bits reversed, as in crc32c.ts: the highest bit is x^0. */
const POLYNOMIAL = 0x82f63b78
const ONE = 0x80000000
/** x^(2^k) modulo the polynomial, as far as bits of 32-bit numbers of bytes need. */
const POWERS = squares()

let lastBytes = 0
let lastFactor = ONE

/**
 * The sum of two runs, unsigned, where `second` is the sum of the `secondBytes` behind those that `first` is of. About
 * 0.1 µs when `secondBytes` is what it was in the call before, else 1 µs.
 */
export function crc32cJoin(first: number, second: number, secondBytes: number): number {
  assert(secondBytes >>> 0 === secondBytes, 'bytes are counted in 32 bits', { secondBytes })
  if (secondBytes !== lastBytes) {
    lastFactor = shift(secondBytes)
    lastBytes = secondBytes
  }
  return (multiply(lastFactor, first) ^ second) >>> 0
}

/** x^(8n) modulo the polynomial. */
function shift(bytes: number): number {
  let product = ONE
  for (let left = bytes, k = 3; left !== 0; left >>>= 1, k++) {
    if (left & 1) product = multiply(POWERS[k] as number, product)
  }
  return product
}

/** The product modulo the polynomial. */
function multiply(a: number, b: number): number {
  let product = 0
  let shifted = b
  for (let left = a | 0; left !== 0; left <<= 1) {
    if (left < 0) product ^= shifted
    shifted = shifted & 1 ? (shifted >>> 1) ^ POLYNOMIAL : shifted >>> 1
  }
  return product
}

function squares(): Int32Array {
  const powers = new Int32Array(35)
  powers[0] = ONE >>> 1
  for (let k = 1; k < powers.length; k++) {
    const before = powers[k - 1] as number
    powers[k] = multiply(before, before)
  }
  return powers
}
