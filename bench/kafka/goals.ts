/** Goals as data, and whether what was measured meets them. Knows nothing of how it was measured. */
import type { FigureName, Sample } from './figures.ts'
import { ratioOf, type Spread, spreadOf } from './statistics.ts'

/**
 * Whose figures stand in a row: ours, those of Apache Kafka, and those of the loop without a broker, which writes what it
 * gets once, or twice as we do: into a journal, and into segments behind it.
 */
export type Side = 'ottla' | 'kafka' | 'bare' | 'bare-twice'

/** Whether it is no broker. */
export function isBare(side: Side): boolean {
  return side === 'bare' || side === 'bare-twice'
}

/** A bound on our figure: on its ratio to that of another side, or on the figure itself where `against` is null. */
export interface Goal {
  readonly figure: FigureName
  readonly against: 'kafka' | 'bare' | null
  /** Either `atLeast` or `atMost`. */
  readonly bound: 'atLeast' | 'atMost'
  readonly value: number
}

export const atLeast = (value: number, figure: FigureName, against: Goal['against'] = 'kafka'): Goal => ({
  figure,
  against,
  bound: 'atLeast',
  value,
})

export const atMost = (value: number, figure: FigureName, against: Goal['against'] = 'kafka'): Goal => ({
  figure,
  against,
  bound: 'atMost',
  value,
})

/** Samples by side, one a round, in the order of the rounds. */
export type Samples = Readonly<Partial<Record<Side, readonly Sample[]>>>

export interface Verdict {
  readonly goal: Goal
  /** What the goal bounds: a ratio, or the figure. */
  readonly measured: Spread
  /** `unmeasured`: a side has no such figure, as when only one side was run. */
  readonly outcome: 'met' | 'missed' | 'unmeasured'
}

export function judge(goal: Goal, samples: Samples): Verdict {
  const ours = valuesOf(samples.ottla, goal.figure)
  const measured = goal.against === null ? spreadOf(ours) : ratioOf(ours, valuesOf(samples[goal.against], goal.figure))
  if (Number.isNaN(measured.median)) return { goal, measured, outcome: 'unmeasured' }
  const met = goal.bound === 'atLeast' ? measured.median >= goal.value : measured.median <= goal.value
  return { goal, measured, outcome: met ? 'met' : 'missed' }
}

export function valuesOf(samples: readonly Sample[] | undefined, figure: FigureName): number[] {
  return (samples ?? []).map(sample => sample[figure]).filter(value => value !== undefined)
}
