/** Seeded randomness: the same seed gives the same choices. */
import { Prng } from '../../base/random.ts'
import type { Random } from '../../ports/random.ts'

export class SeededRandom implements Random {
  readonly #prng: Prng

  constructor(seed: string | number) {
    this.#prng = new Prng(seed)
  }

  u32(): number {
    return this.#prng.u32()
  }

  int(low: number, high: number): number {
    return this.#prng.int(low, high)
  }
}
