/**
 * A small seeded generator (sfc32 by Chris Doty-Humphrey): fast, integer only, the same on every platform. For jitter,
 * load generators and the simulator; never for secrets.
 */

export class Prng {
  #a: number
  #b: number
  #c: number
  #counter = 1

  /** `seed` is any text or number; equal seeds give equal sequences. */
  constructor(seed: string | number) {
    const text = String(seed)
    this.#a = hash32(text, 0x9e3779b9)
    this.#b = hash32(text, 0x243f6a88)
    this.#c = hash32(text, 0xb7e15162)
    for (let i = 0; i < 15; i++) this.u32()
  }

  /** Uniform in 0 to 2^32 - 1. */
  u32(): number {
    const result = (this.#a + this.#b + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + result) | 0
    return result >>> 0
  }

  /** Uniform integer in `low` to `high`, both inclusive; `high - low` below 2^32. */
  int(low: number, high: number): number {
    return low + Math.floor((this.u32() / 0x1_0000_0000) * (high - low + 1))
  }

  /** True with the probability `share`, 0 to 1. */
  chance(share: number): boolean {
    return this.u32() < share * 0x1_0000_0000
  }

  pick<T>(items: readonly T[]): T {
    return items[this.int(0, items.length - 1)] as T
  }

  bytes(count: number): Uint8Array {
    const out = new Uint8Array(count)
    for (let i = 0; i < count; i++) out[i] = this.u32() & 0xff
    return out
  }

  /** Fisher-Yates, in place. */
  shuffle<T>(items: T[]): T[] {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.int(0, i)
      const held = items[i] as T
      items[i] = items[j] as T
      items[j] = held
    }
    return items
  }

  /** An independent generator whose sequence depends on this one's state and the label. */
  fork(label: string): Prng {
    return new Prng(`${this.u32()}:${label}`)
  }
}

/** FNV-1a over UTF-16 code units. */
function hash32(text: string, basis: number): number {
  let hash = basis | 0
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash
}
