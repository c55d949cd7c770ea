/** The ways to produce that differ in what they are promised. */
import type { LaneRules } from '../../../packages/ottla/src/sim/checkers/lane.ts'

export interface ProducerKind {
  readonly name: string
  readonly acks: -1 | 0 | 1
  readonly idempotent: boolean
  /** Batches of one partition that are out at a time. */
  readonly inFlightMax: number
  /** Sends what it does not know the outcome of again until it does. Else it goes on with the next. */
  readonly retries: boolean
}

export const producerKinds: readonly ProducerKind[] = [
  { name: 'exact', acks: -1, idempotent: true, inFlightMax: 5, retries: true },
  { name: 'exact-leader', acks: 1, idempotent: true, inFlightMax: 5, retries: true },
  { name: 'stubborn', acks: -1, idempotent: false, inFlightMax: 1, retries: true },
  { name: 'stubborn-leader', acks: 1, idempotent: false, inFlightMax: 1, retries: true },
  { name: 'once', acks: -1, idempotent: false, inFlightMax: 5, retries: false },
  { name: 'blind', acks: 0, idempotent: false, inFlightMax: 5, retries: false },
]

/**
 * All of them keep their order: those that retry have one batch out or sequences; the others send each batch once, on
 * one connection at a time, and the process that might have kept one back is dead when they connect again.
 */
export function laneRulesOf(kind: ProducerKind, producer: string): LaneRules {
  return { producer, idempotent: kind.idempotent, ordered: true, visibleWhenAcknowledged: kind.acks === -1 }
}
