/** One line of the corpus against our codecs: fields, bytes, and that nothing is left over. */
import { DecodeError, EncodeError, Reader, Writer } from '../../packages/ottla/src/base/cursor.ts'
import { checkBatchLine } from './check-batch.ts'
import { compareFields } from './compare.ts'
import { type Message, type Messages, messageKey, outside } from './messages.ts'
import { recordFieldName } from './record-names.ts'

export interface CorpusLine {
  readonly key: number
  readonly name: string
  readonly version: number
  readonly kind: 'request' | 'response' | 'record'
  readonly hex: string
  readonly fields: Readonly<Record<string, unknown>>
}

/** By 'Name kind', then dotted path: Kafka's name of a field. */
export type Names = Readonly<Record<string, Readonly<Record<string, string>>>>

export type Verdict =
  | { readonly kind: 'agrees' }
  | { readonly kind: 'skipped'; readonly reason: string }
  | { readonly kind: 'differs'; readonly differences: readonly string[] }

export function checkLine(line: CorpusLine, messages: Messages, names: Names): Verdict {
  if (line.name === 'RecordBatch' || line.name === 'Record') return verdictOf(checkBatchLine(line))
  const message = messages.get(messageKey(line.key, line.kind, line.name))
  if (message === undefined) return { kind: 'skipped', reason: 'of messages not declared (tier 3)' }
  const reason = outside(message, line.version)
  if (reason !== null) return { kind: 'skipped', reason }
  try {
    return verdictOf(checkMessage(line, message, names))
  } catch (error) {
    if (error instanceof DecodeError || error instanceof EncodeError)
      return verdictOf([`${error.name}: ${error.message}`])
    throw error
  }
}

const verdictOf = (differences: readonly string[]): Verdict =>
  differences.length === 0 ? { kind: 'agrees' } : { kind: 'differs', differences }

function checkMessage(line: CorpusLine, message: Message, names: Names): string[] {
  const bytes = Uint8Array.from(Buffer.from(line.hex, 'hex'))
  const reader = new SaturationReader(bytes)
  const decoded = message.decode(reader, line.version)
  const differences = compareFields(decoded, withoutLeading(line.fields, message.leading), {
    struct: message.body,
    version: line.version,
    nameOf: nameFinder(line, names),
  })
  if (reader.remaining > 0) differences.push(`${reader.remaining} bytes left over`)
  const writer = new Writer().beginBare()
  message.encode(writer, line.version, decoded)
  const wanted = Buffer.from(reader.saturated(bytes)).toString('hex')
  const encoded = Buffer.from(writer.finishBytes()).toString('hex')
  if (encoded !== wanted) differences.push(bytesDiffer(encoded, wanted))
  return differences
}

function withoutLeading(fields: CorpusLine['fields'], leading: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !leading.includes(name)))
}

function nameFinder(line: CorpusLine, names: Names): (path: string) => string {
  if (line.kind === 'record') return path => recordFieldName(line.name, path)
  const known = names[`${line.name} ${line.kind}`] ?? {}
  return path => known[path] ?? `(no name for ${path})`
}

function bytesDiffer(encoded: string, wanted: string): string {
  let at = 0
  while (at < wanted.length && encoded.slice(at, at + 2) === wanted.slice(at, at + 2)) at += 2
  const around = (hex: string): string => hex.slice(Math.max(0, at - 16), at + 24)
  return `encoded differs at byte ${at / 2}: wanted ..${around(wanted)}.. (${wanted.length / 2} bytes), got ..${around(encoded)}.. (${encoded.length / 2} bytes)`
}

/** Remembers where a 64-bit value did not fit a number, so that the bytes can be compared with the saturated one. */
class SaturationReader extends Reader {
  readonly #places: { at: number; value: number }[] = []

  override int53(): number {
    const at = this.at
    const value = super.int53()
    if (Math.abs(value) === Number.MAX_SAFE_INTEGER) this.#places.push({ at, value })
    return value
  }

  /** A copy of the bytes, as a peer that knows 53 bits only would have written them. */
  saturated(bytes: Uint8Array): Uint8Array {
    const copy = bytes.slice()
    const view = new DataView(copy.buffer)
    for (const { at, value } of this.#places) view.setBigInt64(at, BigInt(value))
    return copy
  }
}
