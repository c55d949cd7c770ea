import assert from 'node:assert/strict'
import { test } from 'node:test'
import { expectSameRecords, featuresOf, type InteropRecord, type ReadRecord, variedRecords } from './records.ts'

const written = variedRecords(1_000_000)
const read = (records: readonly InteropRecord[]): ReadRecord[] =>
  records.map((record, index) => ({ ...record, partition: 0, offset: 5 + index }))

test('records that were read as they were written are the same', () => {
  expectSameRecords(written, read(written), 5)
})

const changes: Record<string, (record: ReadRecord) => ReadRecord> = {
  'a null key read as empty': record => ({ ...record, key: record.key ?? new Uint8Array() }),
  'an empty value read as null': record => ({ ...record, value: record.value?.length === 0 ? null : record.value }),
  'a null header value read as empty': record => ({
    ...record,
    headers: record.headers.map(([name, value]) => [name, value ?? new Uint8Array()] as const),
  }),
  'headers in another order': record => ({ ...record, headers: record.headers.toReversed() }),
  'a value with one byte changed': record => ({ ...record, value: record.value?.map(byte => byte ^ 1) ?? null }),
  'a timestamp a millisecond off': record => ({ ...record, timestampMs: record.timestampMs + 1 }),
  'an offset too high': record => ({ ...record, offset: record.offset + 1 }),
}

for (const [what, change] of Object.entries(changes)) {
  test(`${what} is a difference`, () => {
    assert.throws(() => expectSameRecords(written, read(written).map(change), 5), /records differ/)
  })
}

test('a record too few and a record too many are differences', () => {
  assert.throws(() => expectSameRecords(written, read(written).slice(1), 6), /records differ/)
  assert.throws(() => expectSameRecords(written, read([...written, ...written]), 5), /records differ/)
})

test('a late byte of a long value counts', () => {
  const value = Buffer.alloc(100_000)
  const other = Buffer.from(value)
  other[99_999] = 1
  const record = { key: null, headers: [], timestampMs: 1 }
  assert.throws(
    () => expectSameRecords([{ ...record, value }], read([{ ...record, value: other }]), 5),
    /records differ/,
  )
})

test('the varied records have every feature between them', () => {
  const found = new Set(written.flatMap(record => [...featuresOf(record)]))
  assert.deepEqual(
    [...found].toSorted(),
    [
      'binary header value',
      'empty header value',
      'empty key',
      'empty value',
      'header',
      'neither key nor value',
      'null header value',
      'null value',
      'own timestamp',
      'repeated header name',
    ].toSorted(),
  )
})
