/** Randomness from the engine: fast, not for secrets. */
import type { Random } from '../../ports/random.ts'

export class NodeRandom implements Random {
  u32(): number {
    return Math.floor(Math.random() * 0x1_0000_0000)
  }

  int(low: number, high: number): number {
    return low + Math.floor(Math.random() * (high - low + 1))
  }
}
