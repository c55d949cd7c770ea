/** What all connections of a broker together hold and have done: the shared limit of unsent replies, and the numbers told outside. */
import type { Observe } from '../../ports/observe.ts'
import type { MetricName } from '../../spec/metrics.ts'
import { UNSENT_BYTES_TOTAL_MAX } from './limits.ts'

export class NetMeter {
  readonly #observe: Observe
  #unsentBytes = 0
  #active = 0

  constructor(observe: Observe) {
    this.#observe = observe
  }

  /** Connections open. */
  get active(): number {
    return this.#active
  }

  /** Bytes that wait to be sent, and bytes granted to replies in the making. */
  get unsentBytes(): number {
    return this.#unsentBytes
  }

  get unsentBytesLeft(): number {
    return Math.max(0, UNSENT_BYTES_TOTAL_MAX - this.#unsentBytes)
  }

  /** `delta` may be negative. */
  addUnsent(delta: number): void {
    this.#unsentBytes += delta
  }

  accepted(): void {
    this.#count('ottla_connections_accepted_total', 1)
    this.#setActive(this.#active + 1)
  }

  refused(): void {
    this.#count('ottla_connections_refused_total', 1)
  }

  /** An accepted connection is gone. */
  gone(): void {
    this.#setActive(this.#active - 1)
  }

  /** The broker, not the peer, ended a connection. */
  dropped(): void {
    this.#count('ottla_connections_dropped_total', 1)
  }

  received(bytes: number): void {
    this.#count('ottla_request_bytes_total', bytes)
  }

  answered(replyBytes: number): void {
    this.#count('ottla_requests_total', 1)
    if (replyBytes > 0) this.#count('ottla_response_bytes_total', replyBytes)
  }

  #count(metric: MetricName, add: number): void {
    this.#observe.count(metric, add)
  }

  #setActive(active: number): void {
    this.#active = active
    const metric: MetricName = 'ottla_connections_active'
    this.#observe.gauge(metric, active)
  }
}
