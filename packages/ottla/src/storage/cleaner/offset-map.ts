/**
 * The newest offset of each key, in memory of a fixed size: open addressing over slots of 24 bytes, 16 of them the key's
 * hash (key-hash.ts). It holds no key. When it is full, the pass that fills it cleans what it knows and another one goes
 * on, so any number of keys is cleaned with it. Source of the idea: Kafka SkimpyOffsetMap.
 */
import { assert } from '../../base/assert.ts'
import type { Bytes, Offset } from '../../base/units.ts'
import { HASH_WORDS, KeyHash } from './key-hash.ts'

export const SLOT_BYTES = 24
const SLOT_WORDS = SLOT_BYTES / 4
const TWO_32 = 4_294_967_296

/** Where a key lies; a record cursor says so of its record. */
export interface KeyPlace {
  readonly bytes: Uint8Array
  readonly keyStart: number
  readonly keyLength: number
}

export interface OffsetMapOptions {
  /** What it may take at most. At least two slots. */
  readonly bytes: Bytes
  /** Share of the slots that is filled. Above 0, below 1. */
  readonly loadFactor: number
  /** See key-hash.ts. Never the same twice. */
  readonly secret: Uint8Array
}

export class OffsetMap {
  /** Keys that it takes. At least one. */
  readonly capacity: number
  size = 0
  readonly #hash: KeyHash
  readonly #slotCount: number
  /** Per slot the hash, then the offset plus one, its high word first; an empty slot is all zeros. */
  readonly #slots: Uint32Array

  constructor(options: OffsetMapOptions) {
    this.#slotCount = largestPrime(Math.floor(options.bytes / SLOT_BYTES))
    this.capacity = Math.max(1, Math.floor(this.#slotCount * options.loadFactor))
    assert(this.capacity < this.#slotCount, 'one slot stays empty', { bytes: options.bytes, load: options.loadFactor })
    this.#slots = new Uint32Array(this.#slotCount * SLOT_WORDS)
    this.#hash = new KeyHash(options.secret)
  }

  /** What a map takes that is to hold so many keys. Bytes. */
  static bytesFor(keys: number, loadFactor: number): Bytes {
    // Slots are counted in primes, which lie close to each other.
    return SLOT_BYTES * (Math.ceil(keys / loadFactor) + 1000)
  }

  /** Notes the offset of a key. False, and nothing noted, when the key is new and the map full. */
  put(key: KeyPlace, offset: Offset): boolean {
    const slots = this.#slots
    const at = this.#find(key)
    if (slots[at + HASH_WORDS] === 0 && slots[at + HASH_WORDS + 1] === 0) {
      if (this.size === this.capacity) return false
      slots.set(this.#hash.words, at)
      this.size++
    }
    slots[at + HASH_WORDS] = Math.floor((offset + 1) / TWO_32)
    slots[at + HASH_WORDS + 1] = (offset + 1) >>> 0
    return true
  }

  /** The offset noted last; -1 for a key that is not there. */
  get(key: KeyPlace): Offset {
    const at = this.#find(key)
    return (this.#slots[at + HASH_WORDS] as number) * TWO_32 + (this.#slots[at + HASH_WORDS + 1] as number) - 1
  }

  /** Position of the key's slot, or of the empty one where it belongs. */
  #find(key: KeyPlace): number {
    const slots = this.#slots
    const count = this.#slotCount
    const hash = this.#hash.of(key.bytes, key.keyStart, key.keyLength)
    // The count is prime, so that every step visits every slot; one at least is empty.
    const step = 1 + ((hash[1] as number) % (count - 1))
    let slot = (hash[0] as number) % count
    for (;;) {
      const at = slot * SLOT_WORDS
      if (slots[at + HASH_WORDS] === 0 && slots[at + HASH_WORDS + 1] === 0) return at
      const same =
        slots[at] === hash[0] && slots[at + 1] === hash[1] && slots[at + 2] === hash[2] && slots[at + 3] === hash[3]
      if (same) return at
      slot += step
      if (slot >= count) slot -= count
    }
  }
}

function largestPrime(atMost: number): number {
  assert(atMost >= 2, 'a map has two slots at least', { slots: atMost })
  let count = atMost
  while (!isPrime(count)) count--
  return count
}

function isPrime(count: number): boolean {
  for (let by = 2; by * by <= count; by++) if (count % by === 0) return false
  return true
}
