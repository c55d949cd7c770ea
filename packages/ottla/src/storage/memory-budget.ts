/**
 * The memory in which data waits for the disk and tail reads find it: power-of-two blocks cut from a few large slabs
 * (buddy system, Knuth vol. 1, 2.5). What a block is used for is piece.ts. When the capacity is reached, users are asked
 * to give back what they only keep for reading; when nothing is left to give, a block is handed out all the same and
 * the directories say `no room` until enough is written (J11).
 */
import { assert } from '../base/assert.ts'
import type { Bytes } from '../base/units.ts'
import type { Disk } from '../ports/disk.ts'

/** Smallest block. Bytes. */
export const BLOCK_BYTES_MIN = 4096
const SLAB_BYTES_MAX = 16 * 1024 * 1024

/** Memory on loan, until `give`. Holds what its last user left in it. */
export interface Block {
  readonly bytes: Uint8Array
  readonly slab: number
  /** In its slab. */
  readonly at: number
}

export class MemoryBudget {
  readonly capacityBytes: Bytes
  readonly #disk: Disk
  readonly #slabBytes: number
  readonly #slabs: Uint8Array[] = []
  /** Free blocks by size; keys are unique over all slabs. */
  readonly #free = new Map<number, Map<number, Block>>()
  readonly #reclaimers = new Set<() => boolean>()
  #inUseBytes = 0

  constructor(disk: Disk, options: { readonly bytes: Bytes }) {
    this.#disk = disk
    this.capacityBytes = options.bytes
    this.#slabBytes = Math.max(BLOCK_BYTES_MIN, Math.min(SLAB_BYTES_MAX, powerOfTwoAtMost(options.bytes)))
  }

  /** Blocks on loan. Bytes. */
  get inUseBytes(): Bytes {
    return this.#inUseBytes
  }

  /** `reclaim` gives back one block that nobody needs to keep, or says false. Returns the way to withdraw. */
  onPressure(reclaim: () => boolean): () => void {
    this.#reclaimers.add(reclaim)
    return () => {
      this.#reclaimers.delete(reclaim)
    }
  }

  /** A block of at least `sizeBytes`, the next power of two. Never fails; see `inUseBytes`. */
  take(sizeBytes: Bytes): Block {
    const bytes = powerOfTwoAtLeast(Math.max(sizeBytes, BLOCK_BYTES_MIN))
    while (this.#inUseBytes + bytes > this.capacityBytes && this.#reclaimOne()) {
      // Each turn gave back a block.
    }
    this.#inUseBytes += bytes
    return this.#cut(bytes) ?? this.#grow(bytes)
  }

  give(block: Block): void {
    const bytes = block.bytes.length
    this.#inUseBytes -= bytes
    assert(this.#inUseBytes >= 0, 'a block is given back once', { bytes, slab: block.slab, at: block.at })
    this.#join(block)
  }

  /** Everybody who borrowed is gone: the slabs are for others. A block that is still on loan keeps all of them. */
  close(): void {
    this.#free.clear()
    const slabs = this.#slabs.splice(0)
    if (this.#inUseBytes === 0) for (const slab of slabs) this.#disk.reuse(slab)
  }

  #reclaimOne(): boolean {
    for (const reclaim of this.#reclaimers) if (reclaim()) return true
    return false
  }

  #cut(bytes: number): Block | null {
    const slabBytes = Math.max(bytes, this.#slabBytes)
    let size = bytes
    while (size <= slabBytes && (this.#free.get(size)?.size ?? 0) === 0) size *= 2
    if (size > slabBytes) return null
    const free = this.#free.get(size) as Map<number, Block>
    const [key, found] = free.entries().next().value as [number, Block]
    free.delete(key)
    let block = found
    while (block.bytes.length > bytes) {
      const half = block.bytes.length / 2
      this.#put({ bytes: block.bytes.subarray(half), slab: block.slab, at: block.at + half })
      block = { bytes: block.bytes.subarray(0, half), slab: block.slab, at: block.at }
    }
    return block
  }

  /** A larger block than a slab gets a slab of its own, which is kept for the next of its size. */
  #grow(bytes: number): Block {
    const slab = this.#slabs.length
    const memory = this.#disk.slab(Math.max(bytes, this.#slabBytes))
    this.#slabs.push(memory)
    this.#put({ bytes: memory, slab, at: 0 })
    const block = this.#cut(bytes)
    assert(block !== null, 'a new slab has room', { bytes })
    return block
  }

  #join(block: Block): void {
    let joined = block
    const slab = this.#slabs[block.slab] as Uint8Array
    while (joined.bytes.length < slab.length) {
      const size = joined.bytes.length
      const buddyAt = joined.at % (2 * size) === 0 ? joined.at + size : joined.at - size
      const free = this.#free.get(size)
      const key = blockKey(joined.slab, buddyAt)
      if (free?.has(key) !== true) break
      free.delete(key)
      const at = Math.min(joined.at, buddyAt)
      joined = { bytes: slab.subarray(at, at + 2 * size), slab: joined.slab, at }
    }
    this.#put(joined)
  }

  #put(block: Block): void {
    const size = block.bytes.length
    let free = this.#free.get(size)
    if (free === undefined) {
      free = new Map()
      this.#free.set(size, free)
    }
    const key = blockKey(block.slab, block.at)
    assert(!free.has(key), 'a block is free once', { slab: block.slab, at: block.at, size })
    free.set(key, block)
  }
}

/** Slabs are smaller than 2^32 bytes. */
function blockKey(slab: number, at: number): number {
  return slab * 0x1_0000_0000 + at
}

export function powerOfTwoAtLeast(value: number): number {
  return 2 ** Math.ceil(Math.log2(value))
}

export function powerOfTwoAtMost(value: number): number {
  return 2 ** Math.floor(Math.log2(value))
}
