/** The cursor against a reader that is slow and obvious: same records, same place of the first bad one. */
import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { test } from 'node:test'
import fc from 'fast-check'
import { BatchBuilder } from './build.ts'
import { RECORDS_AT } from './header.ts'
import { RecordCursor } from './record-cursor.ts'

type Field = [start: number, length: number]
interface Plain {
  range: [number, number]
  timestampDelta: number
  offsetDelta: number
  key: Field
  value: Field
  headers: [key: string, value: string | null][]
}

const length = fc.oneof(
  fc.constant(-1),
  fc.nat(5),
  fc.integer({ min: 60, max: 70 }),
  fc.integer({ min: 8188, max: 8196 }),
)
const record = fc.record({
  key: length,
  value: length,
  headers: fc.array(fc.record({ key: fc.string({ maxLength: 5 }), value: fc.integer({ min: -1, max: 70 }) }), {
    maxLength: 3,
  }),
  timestamp: fc.oneof(
    fc.integer({ min: -1, max: 70 }),
    fc.integer({ min: 8000, max: 9000 }),
    fc.nat(2 ** 31 - 1),
    fc.nat(2 ** 51),
  ),
})

test('records of every shape are walked as the slow reader walks them', () => {
  fc.assert(
    fc.property(fc.array(record, { minLength: 1, maxLength: 8 }), records => {
      const built = build(records)
      const expected = readSlowly(built)
      assert.equal(expected.length, records.length)
      assert.deepEqual(walk(built), { records: expected, whole: true })
    }),
    { numRuns: 300 },
  )
})

test('more than 8,191 records, whose offset deltas need three bytes', () => {
  const built = build(Array.from({ length: 8200 }, () => ({ key: -1, value: 1, headers: [], timestamp: 0 })))
  const cursor = new RecordCursor().reset(built, 0, built.length)
  while (cursor.next()) assert.equal(cursor.offsetDelta, cursor.count - 1)
  assert.deepEqual([cursor.count, cursor.problem, cursor.atEnd], [8200, null, true])
})

test('damaged and random bytes: the same records up to the first bad one, and a reason for it', () => {
  const small = fc.array(
    fc.record({
      key: fc.integer({ min: -1, max: 3 }),
      value: fc.integer({ min: -1, max: 3 }),
      headers: fc.constant([]),
      timestamp: fc.nat(200),
    }),
    { minLength: 1, maxLength: 4 },
  )
  const damages = fc.array(fc.tuple(fc.nat(60), fc.oneof(fc.nat(255), fc.nat(20))), { minLength: 1, maxLength: 2 })
  const damaged = fc.tuple(small, damages).map(([records, changes]) => {
    const bytes = build(records)
    for (const [at, value] of changes) bytes[at % bytes.length] = value
    return bytes
  })
  fc.assert(
    fc.property(fc.oneof(damaged, fc.uint8Array({ minLength: 1, maxLength: 40 })), bytes => {
      const expected = readSlowly(bytes)
      const whole = (expected.at(-1)?.range[1] ?? 0) === bytes.length
      assert.deepEqual(walk(bytes), { records: expected, whole })
    }),
    { numRuns: 5000 },
  )
})

test('a cursor keeps to its range and can be used again, and released', () => {
  const built = build([{ key: 1, value: 1, headers: [], timestamp: 0 }])
  const wide = new Uint8Array(built.length + 40).fill(0x10)
  wide.set(built, 20)
  const cursor = new RecordCursor().reset(wide, 20, 20 + built.length)
  assert.deepEqual([cursor.next(), cursor.next(), cursor.problem], [true, false, null])
  for (let end = 21; end < 20 + built.length; end++) {
    cursor.reset(wide, 20, end)
    assert.equal(cursor.next(), false)
    assert.notEqual(cursor.problem, null)
  }
  cursor.release()
  assert.deepEqual([cursor.bytes.length, cursor.next(), cursor.problem], [0, false, null])
})

function build(
  records: readonly {
    key: number
    value: number
    headers: readonly { key: string; value: number }[]
    timestamp: number
  }[],
) {
  const builder = new BatchBuilder()
  const bytes = (length: number) => (length < 0 ? null : new Uint8Array(length).fill(length))
  for (const r of records) {
    const headers = r.headers.map(header => ({ key: header.key, value: bytes(header.value) }))
    builder.append(bytes(r.key), bytes(r.value), headers, r.timestamp)
  }
  return builder.build().slice(RECORDS_AT)
}

function walk(bytes: Uint8Array): { records: Plain[]; whole: boolean } {
  const cursor = new RecordCursor().reset(bytes, 0, bytes.length)
  const records: Plain[] = []
  while (cursor.next()) {
    records.push({
      range: [cursor.recordStart, cursor.recordEnd],
      timestampDelta: cursor.timestampDelta,
      offsetDelta: cursor.offsetDelta,
      key: [cursor.keyStart, cursor.keyLength],
      value: [cursor.valueStart, cursor.valueLength],
      headers: cursor
        .headers()
        .map(({ key, value }) => [key, value === null ? null : Buffer.from(value).toString('hex')]),
    })
  }
  assert.equal(cursor.problem === null, cursor.atEnd)
  return { records, whole: cursor.atEnd }
}

/** Records up to the first that is wrong. Numbers are put together as bigints, bit by bit as the format says. */
function readSlowly(bytes: Uint8Array): Plain[] {
  const records: Plain[] = []
  let at = 0
  const number = (limit: number, bits: number): number => {
    let raw = 0n
    for (let shift = 0; ; shift += 7) {
      if (at >= limit) throw new RangeError('limit')
      const byte = bytes[at++]!
      raw |= BigInt(byte & 0x7f) << BigInt(shift)
      if (raw >= 1n << BigInt(bits) || shift >= bits) throw new RangeError('bits')
      if (byte < 0x80) return Number(raw % 2n === 0n ? raw / 2n : -(raw + 1n) / 2n)
    }
  }
  const field = (limit: number, smallest: number): Field => {
    const length = number(limit, 32)
    const start = at
    if (length < smallest || at + Math.max(0, length) > limit) throw new RangeError('length')
    at += Math.max(0, length)
    return [start, length]
  }
  const slice = ([start, length]: Field) => Buffer.from(bytes.subarray(start, start + length))
  const one = (): Plain => {
    const start = at
    const size = number(bytes.length, 32)
    const end = at + size
    if (size < 6 || end > bytes.length) throw new RangeError('size')
    at++
    const timestampDelta = number(end, 64)
    const offsetDelta = number(end, 32)
    const key = field(end, -1)
    const value = field(end, -1)
    const headers: Plain['headers'] = []
    const count = number(end, 32)
    if (count < 0) throw new RangeError('count')
    for (let left = count; left > 0; left--) {
      const name = slice(field(end, 0)).toString('utf8')
      const content = field(end, -1)
      headers.push([name, content[1] < 0 ? null : slice(content).toString('hex')])
    }
    if (at !== end) throw new RangeError('end')
    return { range: [start, end], timestampDelta, offsetDelta, key, value, headers }
  }
  try {
    while (at < bytes.length) records.push(one())
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
  }
  return records
}
