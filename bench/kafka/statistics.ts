/** What is made of the figures of several rounds: medians, spreads, ratios; and quantiles of many latencies. */

/** A median and what lies around it. NaN where nothing was measured. */
export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

/** Of an even number of values, the mean of the two in the middle. NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const upper = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
  const lower = sorted[Math.ceil(sorted.length / 2) - 1] ?? Number.NaN
  return (lower + upper) / 2
}

export function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0) return { median: Number.NaN, min: Number.NaN, max: Number.NaN }
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) }
}

/**
 * The ratio of the medians; its least and greatest are of the single rounds, in which both stood side by side. Rounds
 * that only one side has are left out.
 */
export function ratioOf(ours: readonly number[], theirs: readonly number[]): Spread {
  const rounds = Math.min(ours.length, theirs.length)
  const each = Array.from({ length: rounds }, (_, round) => (ours[round] as number) / (theirs[round] as number))
  return { ...spreadOf(each), median: median(ours) / median(theirs) }
}

/** The value that a share of all is not above, of sorted values; by the nearest rank. `share` 0 to 1. NaN of none. */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const rank = Math.max(1, Math.ceil(sorted.length * share))
  return sorted[rank - 1] ?? Number.NaN
}
