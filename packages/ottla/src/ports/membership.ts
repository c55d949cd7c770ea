/**
 * Who is alive, and who is the controller. An incarnation is one start of a process: a broker that comes back is a
 * new one (ARCHITECTURE.md §4).
 */
import type { BrokerId } from '../base/units.ts'

export interface BrokerPresence {
  readonly brokerId: BrokerId
  /** 16 bytes as text, new at each start. */
  readonly incarnation: string
  /** Opaque: endpoints, rack, log directories. */
  readonly registration: Uint8Array
}

export type RegisterResult =
  | { readonly kind: 'ok' }
  /** Another living incarnation has this broker id. */
  | { readonly kind: 'taken'; readonly incarnation: string }
  | { readonly kind: 'unknown' }

export interface Leadership {
  /** Higher than every epoch before it. */
  readonly epoch: number
  /** False from the moment the role may have passed on, by this process's own clock. */
  valid(): boolean
  resign(): Promise<void>
}

export interface Membership {
  register(presence: BrokerPresence): Promise<RegisterResult>
  /** Those alive now, by id. */
  alive(): Promise<readonly BrokerPresence[]>
  /** Calls `changed` soon after the set or the controller changed (may coalesce). */
  watch(changed: () => void): () => void
  /** Resolves when this broker has become controller; null once `close` was called. */
  campaign(brokerId: BrokerId, incarnation: string): Promise<Leadership | null>
  /** The controller as last seen, or null. */
  controller(): Promise<{ readonly brokerId: BrokerId; readonly epoch: number } | null>
  /** Leaves: presence ends at once, a held leadership is resigned. */
  close(): Promise<void>
}
