/** Why records were not acknowledged, and what is known of them. */
import type { WireErrorName } from '../spec/errors.ts'

/**
 * - `refused`: they are not in the log and never will be;
 * - `unknown`: they may be in the log: the answer was lost, or said that not all is well yet.
 */
export type ProduceOutcome = 'refused' | 'unknown'

export class ProduceFailure extends Error {
  readonly outcome: ProduceOutcome

  constructor(outcome: ProduceOutcome, message: string, cause: unknown) {
    super(message, { cause })
    this.name = 'ProduceFailure'
    this.outcome = outcome
  }
}

/** Answers after which the batch may be in the log all the same. */
const MAY_BE_WRITTEN: ReadonlySet<WireErrorName> = new Set([
  'UNKNOWN_SERVER_ERROR',
  'REQUEST_TIMED_OUT',
  'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
  'NETWORK_EXCEPTION',
  'KAFKA_STORAGE_ERROR',
])

export function outcomeOf(error: WireErrorName): ProduceOutcome {
  return MAY_BE_WRITTEN.has(error) ? 'unknown' : 'refused'
}
