/**
 * Which partition a record goes to. Records with a key go where the Java client puts them, so that clients of any
 * language keep a key's records together. Source: Kafka's default partitioner (murmur2, positive, modulo the count).
 */

const SEED = 0x9747b28c
const MULTIPLIER = 0x5bd1e995
const SHIFT = 24

/** The partition of a key; `partitionCount` is 1 or more. An empty key is a key. */
export function partitionOf(key: Uint8Array, partitionCount: number): number {
  return (murmur2(key) & 0x7fff_ffff) % partitionCount
}

/** 32 bits of MurmurHash2 (Austin Appleby) with the seed that Kafka uses, as a signed number. */
export function murmur2(bytes: Uint8Array): number {
  const wholeEnd = bytes.length & ~3
  let hash = SEED ^ bytes.length
  for (let at = 0; at < wholeEnd; at += 4) {
    const word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
    hash = Math.imul(hash, MULTIPLIER) ^ mixed(word)
  }
  const rest = bytes.length - wholeEnd
  if (rest === 3) hash ^= bytes[wholeEnd + 2]! << 16
  if (rest >= 2) hash ^= bytes[wholeEnd + 1]! << 8
  if (rest >= 1) hash = Math.imul(hash ^ bytes[wholeEnd]!, MULTIPLIER)
  hash = Math.imul(hash ^ (hash >>> 13), MULTIPLIER)
  return hash ^ (hash >>> 15)
}

function mixed(word: number): number {
  const product = Math.imul(word, MULTIPLIER)
  return Math.imul(product ^ (product >>> SHIFT), MULTIPLIER)
}
