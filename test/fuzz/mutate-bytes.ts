/** Damage to bytes that knows nothing of their meaning: flips, cuts, repeats, and integers at their limits. */
import type { Prng } from '../../packages/ottla/src/base/random.ts'

/** Values at which length and count checks go wrong. */
export const LIMITS: readonly number[] = [
  0, 1, -1, -2, 2, 127, 128, -128, 255, 256, 32_767, 32_768, -32_768, 65_535, 65_536, 1_000_000, 1_000_001, 0x7fff_ffff,
  -0x8000_0000, 0x7fff_fffe, 104_857_600, 104_857_601,
]

type Damage = (bytes: Uint8Array, rng: Prng) => Uint8Array

const damages: readonly Damage[] = [
  flipBit,
  setByte,
  putLimit,
  putVarintLimit,
  cutEnd,
  removePiece,
  repeatPiece,
  insertNoise,
]

/** A damaged copy: one to four damages one after another. */
export function mutateBytes(bytes: Uint8Array, rng: Prng): Uint8Array {
  let mutated: Uint8Array = bytes.slice()
  for (let left = rng.int(1, 4); left > 0 && mutated.length > 0; left--) mutated = rng.pick(damages)(mutated, rng)
  return mutated
}

function flipBit(bytes: Uint8Array, rng: Prng): Uint8Array {
  const at = rng.int(0, bytes.length - 1)
  bytes[at] = bytes[at]! ^ (1 << rng.int(0, 7))
  return bytes
}

function setByte(bytes: Uint8Array, rng: Prng): Uint8Array {
  bytes[rng.int(0, bytes.length - 1)] = rng.pick([0, 1, 0x7f, 0x80, 0xff, rng.int(0, 255)])
  return bytes
}

function putLimit(bytes: Uint8Array, rng: Prng): Uint8Array {
  const width = rng.pick([1, 2, 4, 8])
  if (bytes.length < width) return bytes
  const view = new DataView(bytes.buffer, bytes.byteOffset + rng.int(0, bytes.length - width), width)
  const value = rng.pick(LIMITS)
  if (width === 1) view.setInt8(0, value)
  else if (width === 2) view.setInt16(0, value)
  else if (width === 4) view.setInt32(0, value)
  else view.setBigInt64(0, rng.pick([BigInt(value), 2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n, 2n ** 53n + 1n]))
  return bytes
}

function putVarintLimit(bytes: Uint8Array, rng: Prng): Uint8Array {
  const varint = rng.pick([
    [0xff, 0xff, 0xff, 0xff, 0x0f],
    [0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    [0x80, 0x80, 0x80, 0x80, 0x00],
    [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
    [0xfe, 0xff, 0x03],
  ])
  const at = rng.int(0, bytes.length - 1)
  bytes.set(varint.slice(0, bytes.length - at), at)
  return bytes
}

function cutEnd(bytes: Uint8Array, rng: Prng): Uint8Array {
  return bytes.slice(0, rng.int(0, bytes.length - 1))
}

function removePiece(bytes: Uint8Array, rng: Prng): Uint8Array {
  const { from, to } = piece(bytes, rng)
  return join(bytes.subarray(0, from), bytes.subarray(to))
}

function repeatPiece(bytes: Uint8Array, rng: Prng): Uint8Array {
  const { from, to } = piece(bytes, rng)
  const times = rng.int(1, 4)
  return join(
    bytes.subarray(0, to),
    ...Array.from({ length: times }, () => bytes.subarray(from, to)),
    bytes.subarray(to),
  )
}

function insertNoise(bytes: Uint8Array, rng: Prng): Uint8Array {
  const at = rng.int(0, bytes.length)
  return join(bytes.subarray(0, at), rng.bytes(rng.int(1, 16)), bytes.subarray(at))
}

function piece(bytes: Uint8Array, rng: Prng): { from: number; to: number } {
  const from = rng.int(0, bytes.length - 1)
  return { from, to: Math.min(bytes.length, from + rng.int(1, 64)) }
}

export function join(...pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, each) => sum + each.length, 0))
  let at = 0
  for (const each of pieces) {
    whole.set(each, at)
    at += each.length
  }
  return whole
}
