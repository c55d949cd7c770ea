/**
 * One of the forty behaviours: what a broker does that clients rely on and that is easily got wrong, as a test that
 * knows the broker only by its socket. The numbers are names that never change.
 */
import type { TestCluster } from './cluster.ts'

export interface Behaviour {
  readonly number: number
  readonly title: string
  /** Throws when the broker behaves otherwise. Null: cannot be tested on one plain broker. */
  readonly run: ((cluster: TestCluster) => Promise<void>) | null
  /** Why it is not run; empty when it is. */
  readonly reason: string
}

export function behaviour(number: number, title: string, run: (cluster: TestCluster) => Promise<void>): Behaviour {
  return { number, title, run, reason: '' }
}

/** A behaviour that needs what these tests do not have, named in `reason`. */
export function notApplicable(number: number, title: string, reason: string): Behaviour {
  return { number, title, run: null, reason }
}
