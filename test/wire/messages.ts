/** The declared messages with their codecs, found by the names that the corpus uses. */

import type { Reader, Writer } from '../../packages/ottla/src/base/cursor.ts'
import { allApis, allRecords } from '../../packages/ottla/src/wire/gen/all.ts'
import { readApis, readRecords } from '../../tools/gen/generate.ts'
import type { StructModel } from '../../tools/gen/model.ts'
import { describeRange, type Range } from '../../tools/gen/range.ts'
import { recordNames } from './record-names.ts'

export interface Message {
  readonly versions: Range
  readonly body: StructModel
  /** Fields of the corpus that the codec handles itself: the version in front of a record. */
  readonly leading: readonly string[]
  decode(r: Reader, version: number): Record<string, unknown>
  encode(w: Writer, version: number, message: Record<string, unknown>): void
}

/** By API key and 'request' or 'response'; records by the corpus's name, or ours where it has none. */
export type Messages = ReadonlyMap<string, Message>

export const messageKey = (key: number, kind: string, name: string): string =>
  kind === 'record' ? name : `${key} ${kind}`

export async function loadMessages(schemaFolder: string): Promise<Messages> {
  const messages = new Map<string, Message>()
  for (const { model } of await readApis(schemaFolder)) {
    const { key } = model.definition
    const api = allApis.find(one => one.key === key)
    if (api === undefined) throw new Error(`API ${key} is declared but not generated`)
    const common = { versions: model.range, leading: [] }
    messages.set(`${key} request`, {
      ...common,
      body: model.request,
      decode: api.decodeRequest,
      encode: api.encodeRequest,
    })
    messages.set(`${key} response`, {
      ...common,
      body: model.response,
      decode: api.decodeResponse,
      encode: api.encodeResponse,
    })
  }
  for (const { models } of await readRecords(schemaFolder)) {
    for (const model of models) {
      const codec = allRecords.find(one => one.name === model.definition.name)
      if (codec === undefined) throw new Error(`record ${model.definition.name} is declared but not generated`)
      messages.set(recordNames.get(model.definition.name)?.corpus ?? model.definition.name, {
        versions: model.range,
        body: model.body,
        leading: ['Version'],
        decode: r => codec.decode(r),
        encode: codec.encode,
      })
    }
  }
  return messages
}

/** Why a version is not covered, or null when it is. */
export function outside(message: Message, version: number): string | null {
  if (version < message.versions.min) return 'of versions below the declared minimum'
  return version > message.versions.max ? `of versions above the declared ${describeRange(message.versions)}` : null
}
