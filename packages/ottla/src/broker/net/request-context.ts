/** One request's view of its connection: what handlers get as `ApiContext`. */
import type { Millis } from '../../base/units.ts'
import type { NetAddress } from '../../ports/net.ts'
import type { BrokerServices } from '../../runtime/services.ts'
import type { AnyApi } from '../../wire/api.ts'
import type { ApiContext, ConnectionSignal } from '../api/handler.ts'
import type { ReplySlot } from './reply-queue.ts'

/** What a request needs of its connection. */
export interface RequestConnection {
  readonly services: BrokerServices
  readonly listener: string
  readonly id: number
  readonly peer: NetAddress
  readonly signal: ConnectionSignal
  /** Grants up to `bytes` of what replies may hold, until `unreserve`. */
  reserve(bytes: number): number
  unreserve(bytes: number): void
}

export class RequestContext implements ApiContext {
  readonly api: AnyApi
  readonly apiVersion: number
  readonly correlationId: number
  readonly clientId: string
  readonly slot: ReplySlot
  readonly #connection: RequestConnection
  #reservedBytes = 0

  constructor(
    connection: RequestConnection,
    request: { api: AnyApi; apiVersion: number; correlationId: number; clientId: string; slot: ReplySlot },
  ) {
    this.#connection = connection
    this.api = request.api
    this.apiVersion = request.apiVersion
    this.correlationId = request.correlationId
    this.clientId = request.clientId
    this.slot = request.slot
  }

  get services(): BrokerServices {
    return this.#connection.services
  }

  get listener(): string {
    return this.#connection.listener
  }

  get connectionId(): number {
    return this.#connection.id
  }

  get peer(): NetAddress {
    return this.#connection.peer
  }

  get signal(): ConnectionSignal {
    return this.#connection.signal
  }

  reserveReplyBytes(bytes: number): number {
    const granted = this.#connection.reserve(bytes)
    this.#reservedBytes += granted
    return granted
  }

  returnReplyBytes(): void {
    this.#connection.unreserve(this.#reservedBytes)
    this.#reservedBytes = 0
  }

  now(): Millis {
    return this.#connection.services.clock.monoMs()
  }
}
