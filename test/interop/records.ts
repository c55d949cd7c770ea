/**
 * The records that clients write and read in the interop scenarios, and their exact comparison: key, value, headers
 * in order, timestamp, offset. A record's features name what some clients cannot express, so that those are left out
 * with a reason instead of being silently different.
 */
import { shorten } from './children.ts'

export type Header = readonly [name: string, value: Uint8Array | null]

export interface InteropRecord {
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: readonly Header[]
  /** Creation time that the writer asks for. Milliseconds since 1970. */
  readonly timestampMs: number
}

export interface ReadRecord extends InteropRecord {
  readonly partition: number
  readonly offset: number
}

/** What a record needs from a client beyond keys and values with bytes in them. */
export const recordFeatures = [
  'null value',
  'neither key nor value',
  'empty key',
  'empty value',
  'header',
  'null header value',
  'empty header value',
  'binary header value',
  'repeated header name',
  'own timestamp',
] as const
export type RecordFeature = (typeof recordFeatures)[number]

export function featuresOf(record: InteropRecord): ReadonlySet<RecordFeature> {
  const found = new Set<RecordFeature>(['own timestamp'])
  if (record.key?.length === 0) found.add('empty key')
  if (record.value === null) found.add('null value')
  if (record.value === null && record.key === null) found.add('neither key nor value')
  if (record.value?.length === 0) found.add('empty value')
  if (record.headers.length > 0) found.add('header')
  const names = new Set<string>()
  for (const [name, value] of record.headers) {
    if (names.has(name)) found.add('repeated header name')
    names.add(name)
    if (value === null) found.add('null header value')
    else if (value.length === 0) found.add('empty header value')
    else if (value.includes(0)) found.add('binary header value')
  }
  return found
}

const text = (value: string): Uint8Array => Buffer.from(value)
const allBytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))

/**
 * About twenty records that together hold every shape a record can have, and enough repeated text that each codec
 * makes them smaller (a client may send a batch as it is when compression does not pay).
 */
export function variedRecords(startMs: number): InteropRecord[] {
  const shapes: Omit<InteropRecord, 'timestampMs'>[] = []
  const add = (key: Uint8Array | null, value: Uint8Array | null, ...headers: Header[]) =>
    shapes.push({ key, value, headers })
  for (let index = 0; index < 6; index++) add(text(`key-${index}`), text(`value ${index} 오뜰라`))
  for (let index = 0; index < 3; index++) add(text('repetitive'), text(`line ${index} of a long story. `.repeat(40)))
  add(allBytes, allBytes)
  add(Buffer.from([0xff]), Buffer.from([0]))
  for (let index = 0; index < 3; index++) add(null, text(`no key ${index}`))
  add(text('tombstone-1'), null)
  add(text('tombstone-2'), null)
  add(null, null)
  add(text(''), text('the key is empty, not null'))
  add(text('the value is empty'), text(''))
  add(text(''), text(''))
  add(text('headers-1'), text('one'), ['trace', text('abc-123')])
  add(text('headers-2'), text('two'), ['first', text('1')], ['이름', text('카프카')])
  add(text('headers-3'), text('three'), ['twice', text('a')], ['twice', text('b')])
  add(text('headers-4'), text('four'), ['nothing', null])
  add(text('headers-5'), text('five'), ['empty', text('')])
  add(text('headers-6'), text('six'), ['bytes', Buffer.from([0, 1, 2, 0xfe, 0xff])])
  // Times go back now and then, as they do when several machines write.
  return shapes.map((shape, index) => ({
    ...shape,
    timestampMs: startMs + index * 1_000 - (index % 5 === 4 ? 2_500 : 0),
  }))
}

/** Records with pseudo-random bytes that no codec can shrink. `bytes` is the length of each value. */
export function largeRecords(count: number, bytes: number, startMs: number): InteropRecord[] {
  let state = 0x9e3779b9
  return Array.from({ length: count }, (_, index) => {
    const value = Buffer.alloc(bytes)
    for (let position = 0; position < bytes; position++) {
      state ^= state << 13
      state ^= state >>> 17
      state ^= state << 5
      value[position] = state & 0xff
    }
    return { key: text(`large-${index}`), value, headers: [], timestampMs: startMs + index }
  })
}

/** Small records with a counter in key and value, one second apart. */
export function numberedRecords(count: number, startMs: number, stepMs = 1_000): InteropRecord[] {
  return Array.from({ length: count }, (_, index) => ({
    key: text(`k${index}`),
    value: text(`number ${index}`),
    headers: [],
    timestampMs: startMs + index * stepMs,
  }))
}

/** How closely a reader can be compared. */
export interface Comparison {
  /** The window in which the writer's clock stamped the records, when it cannot send timestamps of ours. */
  readonly stampedWithin?: readonly [fromMs: number, toMs: number]
  /** What the reader shows of a record, when it cannot show everything. Applied to both sides. */
  readonly shownAs?: (record: InteropRecord) => InteropRecord
}

/** Throws at the first difference between what was written and what was read. Offsets count on from `firstOffset`. */
export function expectSameRecords(
  expected: readonly InteropRecord[],
  actual: readonly ReadRecord[],
  firstOffset: number,
  comparison: Comparison = {},
): void {
  const shown = comparison.shownAs ?? ((record: InteropRecord) => record)
  const problems: string[] = []
  if (actual.length !== expected.length) problems.push(`${actual.length} records read, ${expected.length} written`)
  for (let index = 0; index < Math.min(actual.length, expected.length) && problems.length < 5; index++) {
    const read = actual[index]!
    const before = problems.length
    if (read.offset !== firstOffset + index) problems.push(`offset ${read.offset}, expected ${firstOffset + index}`)
    const [left, right] = [shown(expected[index]!), shown(read)]
    if (contentOf(left) !== contentOf(right)) problems.push(`read ${contentOf(right)}\n      wrote ${contentOf(left)}`)
    const window = comparison.stampedWithin ?? [left.timestampMs, left.timestampMs]
    if (read.timestampMs < window[0] || read.timestampMs > window[1])
      problems.push(`timestamp ${read.timestampMs}, expected ${window[0]}..${window[1]}`)
    if (problems.length > before) problems[before] = `record ${index}: ${problems[before]}`
  }
  if (problems.length > 0) throw new Error(`records differ: ${problems.join('\n    ')}`)
}

function contentOf(record: InteropRecord): string {
  const bytes = (value: Uint8Array | null) =>
    value === null ? 'null' : `${value.length}:${shorten(Buffer.from(value).toString('hex'), 2_000)}${checksum(value)}`
  const headers = record.headers.map(([name, value]) => `${name}=${bytes(value)}`).join(',')
  return `key=${bytes(record.key)} value=${bytes(record.value)} headers=[${headers}]`
}

/** A few digits that differ when bytes beyond the shortened text differ. */
function checksum(value: Uint8Array): string {
  if (value.length <= 1_000) return ''
  let sum = 0
  for (const byte of value) sum = (Math.imul(sum, 31) + byte) | 0
  return `#${(sum >>> 0).toString(16)}`
}
