/**
 * Which APIs and versions exist, looked up by key, without loading any codec. Handlers and clients import the codecs
 * they need from wire/gen; wire/gen/all.ts has every one.
 */
import type { ApiRow } from './api.ts'
import { apiRows } from './gen/apis.ts'

const byKey: (ApiRow | undefined)[] = []
for (const row of apiRows) byKey[row.key] = row

/** The API with this key, or undefined when there is none. Any int16 may be asked for. */
export function apiRowOf(key: number): ApiRow | undefined {
  return key >= 0 ? byKey[key] : undefined
}

/** Whether the codecs know this version of the API. */
export function isKnownVersion(row: ApiRow, version: number): boolean {
  return version >= row.min && version <= row.max
}
