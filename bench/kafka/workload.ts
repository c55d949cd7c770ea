/** What a workload offers to the run, and what the run offers to a workload. */
import type { Sample } from './figures.ts'
import type { Durability, Fleet } from './fleet.ts'
import type { Side } from './goals.ts'

/** Who is measured, and what its acknowledgements mean. */
export interface Contender {
  readonly side: Side
  readonly durability: Durability
}

export interface Bench {
  readonly fleet: Fleet
  /** Of one round of one contender. Tools with a number of records to move choose it so that they take about as long. */
  readonly measureMs: number
  /** What lies in the data directory of a broker whose start is timed. */
  readonly startBytes: number
  /** Topics of ten partitions, where many partitions are measured. */
  readonly topics: number
}

export interface Workload {
  readonly title: string
  /** Rounds at most, where one takes minutes; else as many as the run was told. */
  readonly roundsMax?: number
  /** Makes what the rounds need and warms up. The rounds of contenders that were prepared are then interleaved. */
  prepare(bench: Bench, contender: Contender): Promise<Prepared>
}

/** One contender, ready. */
export interface Prepared {
  /** The durability in effect, as the broker itself tells it. */
  readonly durability: string
  /** One round. */
  measure(): Promise<Sample>
  /** Deletes what was made. */
  release(): Promise<void>
}
