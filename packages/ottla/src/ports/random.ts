/** Randomness that nobody's safety rests on: jitter, sampling, choice among equals. See crypto.ts for the other kind. */
export interface Random {
  /** Uniform in 0 to 2^32 - 1. */
  u32(): number
  /** Uniform integer, both ends inclusive. */
  int(low: number, high: number): number
}
