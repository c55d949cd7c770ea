/** Batches with fewer records: what stays is what it was. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { BatchBuilder } from './build.ts'
import {
  type BatchHeader,
  type CodecId,
  computeBatchCrc,
  emptyBatchHeader,
  hasDeleteHorizon,
  producerIdAt,
  readBatchHeader,
  stampLogAppendTime,
} from './header.ts'
import { openBatch, readRecords } from './iterate.ts'
import { RecordCursor } from './record-cursor.ts'
import { emptiedBatch, KeptRecords, thinBatch } from './thin.ts'

const utf8 = new TextEncoder()

interface Given {
  readonly value: string | null
  readonly timestamp: number
  readonly header: string | null
  readonly stays: boolean
}

const given: fc.Arbitrary<Given> = fc.record({
  value: fc.option(fc.string({ maxLength: 300 })),
  timestamp: fc.integer({ min: -1, max: 2 ** 45 }),
  header: fc.option(fc.string({ maxLength: 5 })),
  stays: fc.boolean(),
})

function build(records: readonly Given[], codec: CodecId): Uint8Array {
  const builder = new BatchBuilder()
  for (const [i, { value, timestamp, header }] of records.entries()) {
    const headers = header === null ? [] : [{ key: header, value: null }]
    builder.append(utf8.encode(`k${i}`), value === null ? null : utf8.encode(value), headers, timestamp)
  }
  return builder.build({ codec, baseOffset: 70, leaderEpoch: 3, producerId: 9n, producerEpoch: 1, baseSequence: 5 })
}

function keptOf(bytes: Uint8Array, at: number, records: readonly Given[]): KeptRecords {
  const kept = new KeptRecords()
  const cursor = openBatch(bytes, at, new RecordCursor())
  for (let i = 0; cursor.next(); i++) if (records[i]?.stays) kept.keep(cursor)
  return kept
}

const headerOf = (bytes: Uint8Array, at = 0): BatchHeader => readBatchHeader(bytes, at, emptyBatchHeader())

test('records that stay keep offset, time, key, value and headers; the batch keeps all but count, sizes and sum', () => {
  fc.assert(
    fc.property(
      fc.array(given, { minLength: 1, maxLength: 20 }),
      fc.integer({ min: 0, max: 4 }) as fc.Arbitrary<CodecId>,
      fc.option(fc.integer({ min: 0, max: 2 ** 45 })),
      fc.boolean(),
      (records, codec, deleteHorizonMs, logAppendTime) => {
        const at = 3
        const bytes = new Uint8Array([0, 0, 0, ...build(records, codec)])
        if (logAppendTime) stampLogAppendTime(bytes, at, 12_345)
        const before = headerOf(bytes, at)
        const kept = keptOf(bytes, at, records)
        fc.pre(kept.count > 0)
        const thin = thinBatch(bytes, at, before, { kept, deleteHorizonMs })
        const all = [...readRecords(bytes, at)]
        const left = [...readRecords(thin, 0)]
        const shown = (list: typeof all) =>
          list.map(record => ({
            offset: record.offset,
            timestamp: record.timestamp,
            key: record.key,
            value: record.value,
            headers: record.headers,
          }))
        assert.deepEqual(shown(left), shown(all.filter((_, i) => records[i]?.stays)))
        const after = headerOf(thin)
        assert.equal(after.crc, computeBatchCrc(thin, 0, thin.length))
        assert.equal(hasDeleteHorizon(after), deleteHorizonMs !== null)
        assert.equal(after.baseTimestamp, deleteHorizonMs ?? before.baseTimestamp)
        assert.equal(after.maxTimestamp, Math.max(...left.map(({ timestamp }) => timestamp)))
        for (const field of [
          'baseOffset',
          'lastOffsetDelta',
          'partitionLeaderEpoch',
          'producerEpoch',
          'baseSequence',
        ] as const) {
          assert.equal(after[field], before[field], field)
        }
        assert.equal(after.attributes & 0b111, codec)
      },
    ),
    { seed: 1 },
  )
})

test('an emptied batch is a header that keeps offsets, sequence, producer and largest time', () => {
  const bytes = build([{ value: 'v', timestamp: 8, header: null, stays: false }], 4)
  const empty = emptiedBatch(bytes, 0, headerOf(bytes))
  const { sizeBytes, baseOffset, lastOffsetDelta, baseSequence, maxTimestamp, recordsCount, attributes } =
    headerOf(empty)
  assert.deepEqual([sizeBytes, baseOffset, lastOffsetDelta, baseSequence], [61, 70, 0, 5])
  assert.deepEqual([maxTimestamp, recordsCount, attributes, producerIdAt(empty, 0)], [8, 0, 0, 9n])
  assert.deepEqual([...readRecords(empty, 0)], [])
})
