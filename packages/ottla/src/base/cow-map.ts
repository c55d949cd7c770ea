/**
 * A map that never changes, of which changed copies are cheap: entries lie in small shards, and a copy shares all shards
 * but those it writes to. For the metadata image, where one record must not copy 10,000 topics. Changes are made through
 * a draft, so that many of them copy a shard once.
 */
import { assert } from './assert.ts'

/** A shard splits in two (all of them do) when there are more entries than this for each. */
const SHARD_ENTRIES_MAX = 32

type Shards<K, V> = readonly ReadonlyMap<K, V>[]

export class CowMap<K extends string | number, V> {
  readonly #shards: Shards<K, V>
  readonly size: number

  private constructor(shards: Shards<K, V>, size: number) {
    this.#shards = shards
    this.size = size
  }

  static empty<K extends string | number, V>(): CowMap<K, V> {
    return new CowMap<K, V>([new Map()], 0)
  }

  get(key: K): V | undefined {
    return this.#shards[shardOf(key, this.#shards.length)]!.get(key)
  }

  has(key: K): boolean {
    return this.#shards[shardOf(key, this.#shards.length)]!.has(key)
  }

  /** Changes of this map, to be finished into another. */
  draft(): CowDraft<K, V> {
    return new CowDraft(this.#shards, this.size, (shards, size) => new CowMap(shards, size))
  }

  /** Entries in each shard: what a change copies at most. */
  shardSizes(): number[] {
    return this.#shards.map(shard => shard.size)
  }

  /** In no order that means anything; the same for maps made by the same changes. */
  *[Symbol.iterator](): Generator<[K, V]> {
    for (const shard of this.#shards) yield* shard
  }

  *values(): Generator<V> {
    for (const shard of this.#shards) yield* shard.values()
  }

  *keys(): Generator<K> {
    for (const shard of this.#shards) yield* shard.keys()
  }
}

export class CowDraft<K extends string | number, V> {
  #shards: ReadonlyMap<K, V>[] | Shards<K, V>
  #size: number
  /** Shards that are ours to write. Null while nothing was written. */
  #own: (Map<K, V> | undefined)[] | null = null
  readonly #make: (shards: Shards<K, V>, size: number) => CowMap<K, V>
  #finished = false

  constructor(shards: Shards<K, V>, size: number, make: (shards: Shards<K, V>, size: number) => CowMap<K, V>) {
    this.#shards = shards
    this.#size = size
    this.#make = make
  }

  get size(): number {
    return this.#size
  }

  get(key: K): V | undefined {
    return this.#shards[shardOf(key, this.#shards.length)]!.get(key)
  }

  set(key: K, value: V): this {
    const shard = this.#owned(key)
    const before = shard.size
    shard.set(key, value)
    this.#size += shard.size - before
    if (this.#size > this.#shards.length * SHARD_ENTRIES_MAX) this.#split()
    return this
  }

  /** Whether the key was there. */
  delete(key: K): boolean {
    if (!this.#shards[shardOf(key, this.#shards.length)]!.has(key)) return false
    this.#size -= 1
    return this.#owned(key).delete(key)
  }

  /** The map with the changes. The draft cannot be used after it. */
  finish(): CowMap<K, V> {
    this.#finished = true
    return this.#make(this.#shards, this.#size)
  }

  #owned(key: K): Map<K, V> {
    assert(!this.#finished, 'a finished draft is not changed')
    const index = shardOf(key, this.#shards.length)
    if (this.#own === null) {
      this.#shards = [...this.#shards]
      this.#own = new Array(this.#shards.length).fill(undefined)
    }
    let shard = this.#own[index]
    if (shard === undefined) {
      shard = new Map(this.#shards[index])
      this.#own[index] = shard
      ;(this.#shards as ReadonlyMap<K, V>[])[index] = shard
    }
    return shard
  }

  /** Twice as many shards, all of them ours. Each entry goes to the shard it was in, or to its twin. */
  #split(): void {
    const count = this.#shards.length * 2
    const shards = Array.from({ length: count }, () => new Map<K, V>())
    for (const shard of this.#shards) {
      for (const [key, value] of shard) shards[shardOf(key, count)]!.set(key, value)
    }
    this.#shards = shards
    this.#own = shards
  }
}

/** `count` is a power of two. FNV-1a over UTF-16 code units, its high bits folded in; numbers are spread likewise. */
function shardOf(key: string | number, count: number): number {
  if (count === 1) return 0
  let hash = 0x811c9dc5
  if (typeof key === 'number') hash = Math.imul(hash ^ key, 0x01000193)
  else for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193)
  return (hash ^ (hash >>> 15)) & (count - 1)
}
