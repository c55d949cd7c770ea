/**
 * A keyed 128-bit hash of a record's key: HalfSipHash-2-4 with 64 bits of result, twice, under two secrets drawn anew for
 * each pass over a log. Two keys of one log that share it would be taken for one, and the older one's record would be
 * lost: with n keys that happens once in 2^129 / n^2 passes (a billion keys: 7 * 10^20), and because nobody knows the
 * secrets, nobody can write keys that make it happen, as they could with a plain hash.
 * Source: Aumasson and Bernstein, SipHash (2012), and the reference HalfSipHash of 2016.
 */
import { assert } from '../../base/assert.ts'

/** What makes one pass's hashes: 16 random bytes. */
export const HASH_SECRET_BYTES = 16
export const HASH_WORDS = 4

export class KeyHash {
  /** The last hash, in four words. */
  readonly words = new Uint32Array(HASH_WORDS)
  readonly #secret: Uint32Array

  constructor(secret: Uint8Array) {
    assert(secret.length === HASH_SECRET_BYTES, 'a hash has a secret of 16 bytes', { bytes: secret.length })
    this.#secret = Uint32Array.from({ length: HASH_WORDS }, (_, i) => wordAt(secret, 4 * i))
  }

  /** Fills `words` with the hash of the key that begins at `start`. */
  of(bytes: Uint8Array, start: number, length: number): Uint32Array {
    const { words } = this
    for (let half = 0; half < HASH_WORDS; half += 2) {
      begin(this.#secret[half] as number, this.#secret[half + 1] as number)
      absorbAll(bytes, start, length)
      end()
      words[half] = low
      words[half + 1] = high
    }
    return words
  }
}

/** Results and state of the function below: an object for each key would cost more than its hash. */
let low = 0
let high = 0
let v0 = 0
let v1 = 0
let v2 = 0
let v3 = 0

function begin(k0: number, k1: number): void {
  v0 = k0
  v1 = k1 ^ 0xee
  v2 = 0x6c796765 ^ k0
  v3 = 0x74656462 ^ k1
}

function absorbAll(bytes: Uint8Array, start: number, length: number): void {
  const whole = length & ~3
  for (let at = start; at < start + whole; at += 4) absorb(wordAt(bytes, at))
  let last = length << 24
  for (let i = whole; i < length; i++) last |= (bytes[start + i] as number) << (8 * (i - whole))
  absorb(last)
}

/** Leaves the 64 bits in `low` and `high`. */
function end(): void {
  v2 ^= 0xee
  rounds(4)
  low = v1 ^ v3
  v1 ^= 0xdd
  rounds(4)
  high = v1 ^ v3
}

function absorb(word: number): void {
  v3 ^= word
  rounds(2)
  v0 ^= word
}

function rounds(count: number): void {
  for (let i = 0; i < count; i++) {
    v0 = (v0 + v1) | 0
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
    v0 = (v0 << 16) | (v0 >>> 16)
    v2 = (v2 + v3) | 0
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
    v0 = (v0 + v3) | 0
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
    v2 = (v2 + v1) | 0
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
    v2 = (v2 << 16) | (v2 >>> 16)
  }
}

function wordAt(bytes: Uint8Array, at: number): number {
  const lowHalf = (bytes[at] as number) | ((bytes[at + 1] as number) << 8)
  return lowHalf | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24)
}
