/** What is done to the process, and how often. */
import type { Prng } from '../../../packages/ottla/src/base/random.ts'

/**
 * - `kill`: kill -9 while clients write and read;
 * - `kill-while-compacting`: the same, while the cleaner is at work, if that is soon;
 * - `kill-while-starting`: the same, and once more while it recovers;
 * - `kill-while-stopping`: SIGTERM, then kill -9 before or after it got to its end;
 * - `stop`: SIGTERM only; it must end by itself, with code 0.
 */
export type Fault = 'kill' | 'kill-while-compacting' | 'kill-while-starting' | 'kill-while-stopping' | 'stop'

const SHARES: readonly (readonly [Fault, number])[] = [
  ['kill-while-compacting', 0.25],
  ['kill-while-starting', 0.15],
  ['kill-while-stopping', 0.1],
  ['stop', 0.12],
]

export function drawFault(random: Prng): Fault {
  let left = random.u32() / 2 ** 32
  for (const [fault, share] of SHARES) {
    left -= share
    if (left < 0) return fault
  }
  return 'kill'
}
