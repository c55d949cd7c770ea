/**
 * From a frame to a request for a handler, and from a handler's reply to bytes. Key and version are checked first:
 * nothing else of a frame can be read, and nothing is allocated, before they are known (KAFKA-5062).
 */
import { errorCodeOf } from '../../spec/errors.ts'
import { isKnownVersion } from '../../wire/api-table.ts'
import {
  decodeRequestHeaderRest,
  decodeRequestPrefix,
  encodeResponseHeader,
  type RequestHeader,
} from '../../wire/header.ts'
import type { Reply, Served } from '../api/handler.ts'
import type { ConnectionShared } from './connection-shared.ts'
import type { ReplySlot } from './reply-queue.ts'
import { type RequestConnection, RequestContext } from './request-context.ts'

/** API key, version and correlation id: nothing shorter is a request. Bytes. */
export const REQUEST_BYTES_MIN = 8
export const PRODUCE_KEY = 0
const FETCH_KEY = 1
const API_VERSIONS_KEY = 18

export type DecodedRequest =
  | { readonly kind: 'request'; readonly served: Served; readonly context: RequestContext; readonly request: unknown }
  /** Answered here: ApiVersions of a version that we do not know. */
  | { readonly kind: 'answered'; readonly chunks: readonly Uint8Array[] }
  /** There is no way to answer: the connection must be closed. */
  | { readonly kind: 'refused'; readonly why: string }

export interface RequestFrame {
  readonly bytes: Uint8Array
  readonly start: number
  readonly end: number
  readonly slot: ReplySlot
}

// One is enough: a header is read and copied from before anything else can run.
const header: RequestHeader = { apiKey: 0, apiVersion: 0, correlationId: 0, clientId: null }

/** The key that the frame at `start` claims. */
export function apiKeyAt(bytes: Uint8Array, start: number): number {
  return ((bytes[start] as number) << 8) | (bytes[start + 1] as number)
}

/** Whether requests of this API bring records, or fetch them. */
export function movesRecords(apiKey: number): boolean {
  return apiKey === PRODUCE_KEY || apiKey === FETCH_KEY
}

/**
 * Throws a DecodeError for header or body bytes that are not what key and version say. Bytes behind the body belong to
 * the frame and are ignored, as Apache Kafka does: librdkafka 2.16 sends Metadata v13 with three of them.
 */
export function decodeRequest(
  shared: ConnectionShared,
  connection: RequestConnection,
  frame: RequestFrame,
): DecodedRequest {
  const reader = shared.reader.reset(frame.bytes, frame.start, frame.end)
  const { apiKey, apiVersion, correlationId } = decodeRequestPrefix(reader, header)
  const served = shared.apis.find(apiKey)
  if (served === undefined) return { kind: 'refused', why: `API key ${apiKey} is not known` }
  const { api } = served
  if (!isKnownVersion(api, apiVersion)) {
    if (apiKey === API_VERSIONS_KEY)
      return { kind: 'answered', chunks: refuseApiVersions(shared, served, correlationId) }
    return { kind: 'refused', why: `${api.name} v${apiVersion} is not known; ${api.min} to ${api.max} are` }
  }
  const clientId = decodeRequestHeaderRest(reader, api, header).clientId ?? ''
  const request = api.decodeRequest(reader, apiVersion)
  const context = new RequestContext(connection, { api, apiVersion, correlationId, clientId, slot: frame.slot })
  return { kind: 'request', served, context, request }
}

/** The frame of a reply: size, header, body. Records in it are referenced, not copied. Nothing for no reply. */
export function encodeReply(shared: ConnectionShared, context: RequestContext, reply: Reply<unknown>): Uint8Array[] {
  if (reply.body === null && reply.pieces === undefined) return []
  const writer = shared.writer.begin()
  encodeResponseHeader(writer, context.api, context.apiVersion, context.correlationId)
  if (reply.pieces === undefined) context.api.encodeResponse(writer, context.apiVersion, reply.body)
  else for (const piece of reply.pieces) writer.splice(piece)
  return writer.finish()
}

/** A client that is newer than we are learns our versions from a reply that every client can read (KIP-511). */
function refuseApiVersions(shared: ConnectionShared, served: Served, correlationId: number): Uint8Array[] {
  const writer = shared.writer.begin()
  encodeResponseHeader(writer, served.api, 0, correlationId)
  served.api.encodeResponse(writer, 0, {
    errorCode: errorCodeOf('UNSUPPORTED_VERSION'),
    apiKeys: shared.apis.advertised.filter(range => range.apiKey === API_VERSIONS_KEY),
  })
  return writer.finish()
}
