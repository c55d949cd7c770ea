/**
 * Finding out what the broker can (KIP-35, KIP-511): ask with our newest ApiVersions; a broker that does not know it
 * answers in the oldest form and says which it knows; ask again with that.
 */
import type { Reader } from '../base/cursor.ts'
import type { Millis } from '../base/units.ts'
import { errorCodeOf, errorNameOf } from '../spec/errors.ts'
import type { ApiRow } from '../wire/api.ts'
import { type ApiVersionsResponse, apiVersionsApi, decodeApiVersionsResponse } from '../wire/gen/api-versions.ts'
import type { Connection } from './connection.ts'
import { ConnectionError } from './connection-error.ts'

/** Both inclusive. */
export interface VersionRange {
  readonly min: number
  readonly max: number
}

export interface NegotiationOptions {
  readonly software: { readonly name: string; readonly version: string }
  readonly timeoutMs: Millis
}

/** What the broker offers, by API key. Rejects with a ConnectionError. */
export async function negotiate(
  connection: Connection,
  options: NegotiationOptions,
): Promise<ReadonlyMap<number, VersionRange>> {
  let response = await ask(connection, apiVersionsApi.max, options)
  if (errorNameOf(response.errorCode) === 'UNSUPPORTED_VERSION') {
    const offered = rangesOf(response).get(apiVersionsApi.key)
    response = await ask(connection, commonVersion(apiVersionsApi, offered) ?? 0, options)
  }
  if (response.errorCode !== 0) {
    const name = errorNameOf(response.errorCode) ?? `error ${response.errorCode}`
    throw new ConnectionError('protocol', connection.address, `the broker refused ApiVersions: ${name}`)
  }
  return rangesOf(response)
}

/** The highest version that is known to us and offered; null when there is none. */
export function commonVersion(api: ApiRow, offered: VersionRange | undefined): number | null {
  if (offered === undefined) return null
  const version = Math.min(api.max, offered.max)
  return version >= Math.max(api.min, offered.min) ? version : null
}

function ask(connection: Connection, version: number, options: NegotiationOptions): Promise<ApiVersionsResponse> {
  const { software, timeoutMs } = options
  return new Promise((resolve, reject) => {
    connection.send(
      apiVersionsApi,
      { clientSoftwareName: software.name, clientSoftwareVersion: software.version },
      { version, timeoutMs, decode, resolve: response => resolve(response as ApiVersionsResponse), reject },
    )
  })
}

/** A reply that says "version not supported" is written in version 0, whatever version was asked in. */
function decode(r: Reader, version: number): ApiVersionsResponse {
  const isRefusal = r.peekInt16() === errorCodeOf('UNSUPPORTED_VERSION')
  return decodeApiVersionsResponse(r, isRefusal ? 0 : version)
}

function rangesOf(response: ApiVersionsResponse): Map<number, VersionRange> {
  return new Map(response.apiKeys.map(range => [range.apiKey, { min: range.minVersion, max: range.maxVersion }]))
}
