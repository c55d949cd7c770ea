/**
 * Who may connect: caps on connections in all and per address, and a pace for new ones. Above the pace a connection
 * waits for its turn unread; only when the queue would get too long is it refused (docs/reliability.md I1, J).
 */
import type { Millis } from '../../base/units.ts'
import { ADMISSION_WAIT_MS_MAX, type NetLimits } from './limits.ts'

export type Admission =
  | { readonly kind: 'admitted'; readonly waitMs: Millis }
  | { readonly kind: 'refused'; readonly why: string }

export class Admissions {
  #limits: NetLimits
  readonly #perAddress = new Map<string, number>()
  #count = 0
  /** When the next connection's turn is: a full second's worth may come at once, then one per 1/rate. */
  #nextTurnAt: Millis = Number.NEGATIVE_INFINITY

  constructor(limits: NetLimits) {
    this.#limits = limits
  }

  /** For those who enter from now on. Whoever is in stays in, and turns that were given stand. */
  limit(limits: NetLimits): void {
    this.#limits = limits
  }

  /** Counts the connection when it is admitted; `leave` must follow. */
  enter(host: string, now: Millis): Admission {
    const fromHost = this.#perAddress.get(host) ?? 0
    if (this.#count >= this.#limits.connectionsMax) return refused(`max.connections=${this.#limits.connectionsMax}`)
    if (fromHost >= this.#limits.connectionsPerAddressMax) {
      return refused(`max.connections.per.ip=${this.#limits.connectionsPerAddressMax}`)
    }
    const turnAt = Math.max(this.#nextTurnAt, now - 1000)
    const waitMs = Math.max(0, turnAt - now)
    if (waitMs > ADMISSION_WAIT_MS_MAX) {
      return refused(`max.connection.creation.rate=${this.#limits.connectionsPerSecond}`)
    }
    this.#nextTurnAt = turnAt + 1000 / this.#limits.connectionsPerSecond
    this.#count++
    this.#perAddress.set(host, fromHost + 1)
    return { kind: 'admitted', waitMs }
  }

  leave(host: string): void {
    const left = (this.#perAddress.get(host) ?? 1) - 1
    if (left === 0) this.#perAddress.delete(host)
    else this.#perAddress.set(host, left)
    this.#count--
  }
}

function refused(limit: string): Admission {
  return { kind: 'refused', why: `${limit} is reached` }
}
