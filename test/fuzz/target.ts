/** What the fuzzer runs inputs against, and what it calls a finding. */
import type { Prng } from '../../packages/ottla/src/base/random.ts'

export interface Target {
  readonly name: string
  /** Valid inputs to begin with. */
  readonly seeds: readonly Uint8Array[]
  /** A new input from one that was kept. */
  mutate(input: Uint8Array, rng: Prng): Uint8Array
  /**
   * Feeds the input. Gives a short word for what happened: a new one makes the input worth keeping. Whatever it throws is
   * a crash: expected refusals are caught inside.
   */
  run(input: Uint8Array): string | Promise<string>
  /** Memory that an input of so many bytes may take. Bytes. */
  allowedBytes(inputBytes: number): number
}

export type FindingKind = 'crash' | 'hang' | 'memory'

export interface Finding {
  readonly kind: FindingKind
  readonly target: string
  readonly input: Uint8Array
  readonly what: string
}

export const HANG_MS = 50
