/** How `ottla consume` prints a record: a small part of the format language of kcat and rpk, compiled once. */
import type { BatchRecord } from '../../wire/batch/iterate.ts'
import { unescaped } from './escapes.ts'
import { CommandError, Failure } from './failure.ts'

export interface PrintedRecord {
  readonly topic: string
  readonly partition: number
  readonly record: BatchRecord
}

/** Bytes, because keys and values need not be text. */
export type RecordFormat = (printed: PrintedRecord) => readonly Uint8Array[]

type Piece = (printed: PrintedRecord) => Uint8Array

const NOTHING = new Uint8Array(0)
const PIECES: ReadonlyMap<string, Piece> = new Map<string, Piece>([
  ['v', ({ record }) => record.value ?? NOTHING],
  ['k', ({ record }) => record.key ?? NOTHING],
  ['t', ({ topic }) => Buffer.from(topic)],
  ['p', ({ partition }) => Buffer.from(String(partition))],
  ['o', ({ record }) => Buffer.from(String(record.offset))],
  ['d', ({ record }) => Buffer.from(String(record.timestamp))],
  ['h', ({ record }) => Buffer.from(record.headers.map(({ key, value }) => `${key}=${text(value) ?? ''}`).join(','))],
  ['%', () => Buffer.from('%')],
])

/** `json`, or text with %-marks. Throws a CommandError. */
export function recordFormat(format: string): RecordFormat {
  if (format === 'json') return printed => [Buffer.from(`${JSON.stringify(jsonOf(printed))}\n`)]
  const pieces: Piece[] = []
  for (const part of format.split(/(%.)/s)) {
    if (part === '') continue
    if (part.startsWith('%')) pieces.push(pieceOf(part, format))
    else {
      const fixed = Buffer.from(unescaped(part))
      pieces.push(() => fixed)
    }
  }
  return printed => pieces.map(piece => piece(printed))
}

function pieceOf(mark: string, format: string): Piece {
  const piece = PIECES.get(mark.slice(1))
  if (piece === undefined) {
    const known = [...PIECES.keys()].map(letter => `%${letter}`).join(' ')
    throw new CommandError(
      `--format ${format}: there is no ${mark}; known are ${known}, and the whole format json`,
      Failure.usage,
    )
  }
  return piece
}

function jsonOf({ topic, partition, record }: PrintedRecord): object {
  return {
    topic,
    partition,
    offset: record.offset,
    timestamp: record.timestamp,
    headers: record.headers.map(({ key, value }) => [key, text(value)]),
    key: text(record.key),
    value: text(record.value),
  }
}

function text(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8')
}
