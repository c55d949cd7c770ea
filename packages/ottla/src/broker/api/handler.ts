/**
 * What an API handler is: a function of a request and its context to a reply. Handlers authorize, delegate and answer;
 * they know no bytes, no sockets and no order of replies (broker/net), and take no decision of their own (core).
 */
import type { Millis } from '../../base/units.ts'
import type { NetAddress } from '../../ports/net.ts'
import type { BrokerServices } from '../../runtime/services.ts'
import type { AnyApi, Api } from '../../wire/api.ts'

/** The connection that a request came on, as long as it lives. */
export interface ConnectionSignal {
  readonly closed: boolean
  /**
   * Calls `listener` once when the connection is gone or about to end: stop waiting. Before it returns, when it is so
   * already. The returned function takes it back.
   */
  onClose(listener: () => void): () => void
}

export interface ApiContext {
  readonly services: BrokerServices
  /** Name of the listener that the connection came in on: what Metadata answers with. */
  readonly listener: string
  readonly connectionId: number
  readonly peer: NetAddress
  readonly clientId: string
  readonly apiVersion: number
  readonly signal: ConnectionSignal
  /**
   * Grants up to `bytes` of the memory that replies of this connection, and of all of them, may hold until they are
   * sent: 0 or more. What was granted counts until the reply is ready, then its true size does.
   */
  reserveReplyBytes(bytes: number): number
  /** Gives back what was granted so far: whoever only waits holds nothing. */
  returnReplyBytes(): void
  /** Monotonic. */
  now(): Millis
}

export interface Reply<Response> {
  /** Null: nothing is sent (Produce with acks=0), or `pieces` are. */
  readonly body: Response | null
  /** Instead of `body`: its bytes in the version of the request, for bodies that are encoded in slices. */
  readonly pieces?: readonly Uint8Array[]
  /** Called once when the bytes of `body` have left, or were dropped. */
  readonly release?: () => void
  /** Why the connection must be closed once this reply is sent. */
  readonly close?: string
}

/**
 * Runs synchronously up to its first `await`: until then views into the request are valid, and requests of one
 * connection are seen in the order in which they were sent.
 */
export type Handler<Request, Response> = (
  context: ApiContext,
  request: Request,
) => Reply<Response> | Promise<Reply<Response>>

/** An API and who answers it. */
export interface Served {
  readonly api: AnyApi
  // biome-ignore lint/suspicious/noExplicitAny: as AnyApi, the messages of different APIs have no common shape
  readonly handle: Handler<any, any>
}

/** Ties a handler to its API; the types of both must fit. */
export function serve<Request, RequestInput, Response, ResponseInput>(
  api: Api<Request, RequestInput, Response, ResponseInput>,
  handle: Handler<Request, ResponseInput>,
): Served {
  return { api, handle }
}
