/**
 * Headers of requests and responses, both directions. Version 1 of the request header adds the client id, version 2
 * tagged fields, for flexible request versions; the response header has them from version 1 on. The client id keeps its
 * long form everywhere, and the response to ApiVersions its plain header, because who reads it cannot know the version.
 * Source: KIP-482, KIP-511. Header version 0, of ControlledShutdown v0 only, is not supported.
 */
import type { Reader, UnknownTag, Writer } from '../base/cursor.ts'
import type { ApiRow } from './api.ts'

const API_VERSIONS_KEY = 18

/** The part in front of every request, in every version: enough to refuse one whose API or version is not known. */
export interface RequestPrefix {
  apiKey: number
  apiVersion: number
  correlationId: number
}

export interface RequestHeader extends RequestPrefix {
  clientId: string | null
  unknownTags?: readonly UnknownTag[] | undefined
}

/** Reads the first eight bytes into `into`. Check key and version next; nothing else can be read without them. */
export function decodeRequestPrefix(r: Reader, into: RequestPrefix): RequestPrefix {
  r.message = 'RequestHeader'
  into.apiKey = r.int16()
  into.apiVersion = r.int16()
  into.correlationId = r.int32()
  return into
}

/** Reads what follows the prefix: the client id, and tagged fields when the version is flexible. */
export function decodeRequestHeaderRest(r: Reader, api: ApiRow, into: RequestHeader): RequestHeader {
  r.message = 'RequestHeader'
  into.clientId = r.nullableString(false, 'clientId')
  into.unknownTags = into.apiVersion >= api.flexibleFrom ? r.unknownTags() : undefined
  return into
}

export function encodeRequestHeader(w: Writer, api: ApiRow, header: RequestHeader): void {
  w.int16(header.apiKey)
  w.int16(header.apiVersion)
  w.int32(header.correlationId)
  w.nullableString(false, header.clientId, 'clientId')
  if (header.apiVersion >= api.flexibleFrom) w.unknownTags(header.unknownTags)
}

/** Whether the response to this request has tagged fields in its header. */
export function hasFlexibleResponseHeader(api: ApiRow, version: number): boolean {
  return version >= api.flexibleFrom && api.key !== API_VERSIONS_KEY
}

export function encodeResponseHeader(w: Writer, api: ApiRow, version: number, correlationId: number): void {
  w.int32(correlationId)
  if (hasFlexibleResponseHeader(api, version)) w.unknownTags(undefined)
}

/** Reads the correlation id in front of every response; it says which request, and so which API and version, it answers. */
export function decodeCorrelationId(r: Reader): number {
  r.message = 'ResponseHeader'
  return r.int32()
}

/** Reads what follows the correlation id. Tagged fields of response headers are skipped: none is defined. */
export function decodeResponseHeaderRest(r: Reader, api: ApiRow, version: number): void {
  r.message = 'ResponseHeader'
  if (hasFlexibleResponseHeader(api, version)) r.unknownTags()
}
