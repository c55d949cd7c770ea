/** Built batches against what another implementation wrote, and back through every reader. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { BatchBuilder, type BuildOptions, buildMarkerBatch, readMarker } from './build.ts'
import { BatchError, CompressionError } from './errors.ts'
import { putInt32 } from './fixed.ts'
import * as layout from './header.ts'
import { type BatchRecord, forEachRecord, readRecords } from './iterate.ts'
import { recodeBatch } from './recode.ts'
import { concatBytes, corpusBatches, sharedMemory } from './testing.ts'

const utf8 = new TextEncoder()
const codecs = Object.values(layout.Codec)

const bytes = (maxLength: number) => fc.uint8Array({ maxLength })
const nullable = (maxLength: number) => fc.option(bytes(maxLength), { nil: null })
const record = fc.record({
  key: nullable(40),
  value: nullable(300),
  headers: fc.array(fc.record({ key: fc.string({ unit: 'grapheme', maxLength: 12 }), value: nullable(30) }), {
    maxLength: 4,
  }),
  timestamp: fc.oneof(
    fc.constant(-1),
    fc.integer({ min: 0, max: 2 ** 51 }),
    fc.integer({ min: 1.7e12, max: 1.7e12 + 5000 }),
  ),
})

test('a batch of every codec gives its records back', () => {
  const builder = new BatchBuilder(1)
  fc.assert(
    fc.property(fc.array(record, { minLength: 1, maxLength: 20 }), fc.constantFrom(...codecs), (records, codec) => {
      for (const r of records) builder.append(r.key, r.value, r.headers, r.timestamp)
      const batch = builder.build({ codec, baseOffset: 7 })
      const back = [...readRecords(batch, 0)].map(whole)
      const expected = records.map((r, index) => whole({ ...r, offset: 7 + index }))
      assert.deepEqual(back, expected)
    }),
    { numRuns: 150 },
  )
})

test('headers of batches written by another implementation are read', () => {
  for (const { hex, expected } of corpusBatches) {
    const batch = Uint8Array.from(Buffer.from(hex, 'hex'))
    const header = layout.readBatchHeader(batch, 0, layout.emptyBatchHeader())
    assert.equal(header.baseOffset, expected.baseOffset)
    assert.equal(header.batchLength, expected.batchLength)
    assert.equal(header.sizeBytes, batch.length)
    assert.equal(header.partitionLeaderEpoch, expected.leaderEpoch)
    assert.equal(header.crc, expected.crc >>> 0)
    assert.equal(header.attributes, expected.attributes)
    assert.equal(header.lastOffsetDelta, expected.lastOffsetDelta)
    assert.equal(header.baseTimestamp, expected.baseTimestamp)
    assert.equal(header.maxTimestamp, expected.maxTimestamp)
    assert.equal(layout.producerIdAt(batch, 0), expected.producerId)
    assert.equal(header.hasProducerId, expected.producerId >= 0n)
    assert.equal(header.producerEpoch, expected.producerEpoch)
    assert.equal(header.baseSequence, expected.baseSequence)
    assert.equal(header.recordsCount, expected.recordsCount)
    assert.ok(layout.batchCrcMatches(batch, 0, header))
  }
})

test('records of batches written by another implementation are read, and survive a build of our own', () => {
  for (const { hex, expected } of corpusBatches) {
    const batch = Uint8Array.from(Buffer.from(hex, 'hex'))
    const theirs = [...readRecords(batch, 0)]
    assert.equal(theirs.length, expected.recordsCount)
    const builder = new BatchBuilder()
    for (const r of theirs) builder.append(r.key, r.value, r.headers, r.timestamp)
    const { baseOffset, producerId, producerEpoch, baseSequence, leaderEpoch } = expected
    const again = builder.build({ baseOffset, producerId, producerEpoch, baseSequence, leaderEpoch })
    assert.deepEqual([...readRecords(again, 0)].map(whole), theirs.map(whole))
    const [ours, original] = [again, batch].map(b => layout.readBatchHeader(b, 0, layout.emptyBatchHeader()))
    assert.equal(ours!.recordsCount, original!.recordsCount)
    assert.equal(ours!.baseSequence, original!.baseSequence)
    assert.equal(layout.producerIdAt(again, 0), producerId)
  }
})

test('the builder writes the bytes that the format description gives', () => {
  const builder = new BatchBuilder()
  builder.append(utf8.encode('k'), null, [{ key: 'h', value: utf8.encode('v') }], 1000)
  builder.append(null, utf8.encode('ab'), [], 998)
  const batch = builder.build({ producerId: 5n, producerEpoch: 1, baseSequence: 7 })
  const expected =
    '0000000000000000 00000046 ffffffff 02 CRCCRCCR 0000 00000001 00000000000003e8 00000000000003e8' +
    '0000000000000005 0001 00000007 00000002' +
    '16 00 00 00 02 6b 01 02 02 68 02 76' +
    '10 00 03 02 01 04 61 62 00'
  assert.equal(
    Buffer.from(batch)
      .toString('hex')
      .replace(/(?<=^.{34}).{8}/, 'CRCCRCCR'),
    expected.replaceAll(' ', ''),
  )
})

test('64-bit fields saturate as numbers and stay exact as producer ids', () => {
  const batch = oneRecord()
  batch.fill(0xff, layout.PRODUCER_ID_AT, layout.PRODUCER_ID_AT + 8)
  batch[layout.PRODUCER_ID_AT] = 0x7f
  batch.set(batch.subarray(layout.PRODUCER_ID_AT, layout.PRODUCER_ID_AT + 8), 0)
  batch.fill(0, layout.MAX_TIMESTAMP_AT, layout.MAX_TIMESTAMP_AT + 8)
  batch[layout.MAX_TIMESTAMP_AT] = 0x80
  const header = layout.readBatchHeader(batch, 0, layout.emptyBatchHeader())
  assert.equal(layout.producerIdAt(batch, 0), 2n ** 63n - 1n)
  assert.equal(header.hasProducerId, true)
  assert.equal(header.baseOffset, Number.MAX_SAFE_INTEGER)
  assert.equal(header.maxTimestamp, Number.MIN_SAFE_INTEGER)
})

test('patching offset and epoch leaves the CRC alone, stamping a time renews it', () => {
  const batch = oneRecord()
  const header = layout.emptyBatchHeader()
  for (const offset of [0, 1, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1]) {
    layout.patchBaseOffset(batch, 0, offset)
    layout.patchLeaderEpoch(batch, 0, 17)
    layout.readBatchHeader(batch, 0, header)
    assert.deepEqual([header.baseOffset, header.partitionLeaderEpoch], [offset, 17])
    assert.ok(layout.batchCrcMatches(batch, 0, header))
  }
  layout.stampLogAppendTime(batch, 0, 1_700_000_000_123)
  layout.readBatchHeader(batch, 0, header)
  assert.equal(layout.isLogAppendTime(header), true)
  assert.equal(header.maxTimestamp, 1_700_000_000_123)
  assert.ok(layout.batchCrcMatches(batch, 0, header))
  layout.patchBaseOffset(batch, 0, 40)
  assert.deepEqual(
    [...readRecords(batch, 0)].map(r => [r.offset, r.timestamp]),
    [[40, 1_700_000_000_123]],
  )
})

test('a marker batch reads back as the marker', () => {
  const marker = {
    type: 'commit',
    producerId: 2n ** 60n,
    producerEpoch: 3,
    coordinatorEpoch: 9,
    timestampMs: 5,
  } as const
  const batch = buildMarkerBatch(marker)
  const header = layout.readBatchHeader(batch, 0, layout.emptyBatchHeader())
  assert.ok(layout.isControl(header) && layout.isTransactional(header))
  assert.equal(layout.producerIdAt(batch, 0), 2n ** 60n)
  assert.equal(header.producerEpoch, 3)
  const [record] = [...readRecords(batch, 0)]
  assert.deepEqual(readMarker(record!.key, record!.value), { type: 'commit', coordinatorEpoch: 9 })
  assert.equal(readMarker(Uint8Array.of(0, 0, 0, 2), new Uint8Array(6)), null)
  assert.equal(readMarker(null, null), null)
})

test('a batch cut at any byte is refused, never read past its end', () => {
  for (const codec of codecs) {
    const batch = oneRecord(codec)
    for (let length = 0; length < batch.length; length++) {
      const cut = batch.slice(0, length)
      assert.throws(() => [...readRecords(cut, 0)], { name: 'BatchError', kind: 'partial' })
    }
  }
})

test('any changed byte under the CRC is noticed', () => {
  const batch = oneRecord(layout.Codec.gzip)
  for (let at = layout.CRC_AT; at < batch.length; at++) {
    const changed = batch.slice()
    changed[at] = changed[at]! ^ 0x10
    assert.throws(() => [...readRecords(changed, 0)], { name: 'BatchError', kind: 'crc' })
  }
})

test('whatever the record bytes, reading ends with records or one of our errors', () => {
  const header = oneRecord().slice(0, layout.HEADER_BYTES)
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), fc.integer({ min: 0, max: 7 }), (junk, codec) => {
      const batch = new Uint8Array(layout.HEADER_BYTES + junk.length)
      batch.set(header)
      batch.set(junk, layout.HEADER_BYTES)
      batch[layout.ATTRIBUTES_AT + 1] = codec
      batch[layout.BATCH_LENGTH_AT + 3] = batch.length - layout.LOG_OVERHEAD_BYTES
      try {
        forEachRecord(batch, 0, r => void r.headers(), { verifyCrc: false, limitBytes: 1000 })
      } catch (error) {
        assert.ok(error instanceof BatchError || error instanceof CompressionError, String(error))
      }
    }),
    { numRuns: 2000 },
  )
})

test('a count that the records do not bear out is an error after the last record', () => {
  const batch = oneRecord()
  batch[layout.RECORDS_COUNT_AT + 3] = 2
  layout.stampCrc(batch, 0)
  assert.throws(() => [...readRecords(batch, 0)], { name: 'BatchError', kind: 'records' })
})

test('a batch of another magic, of an impossible length, or with bad record framing is refused by name', () => {
  const cases: [string, (batch: Uint8Array) => void][] = [
    ['magic', batch => batch.fill(1, layout.MAGIC_AT, layout.MAGIC_AT + 1)],
    ['size', batch => batch.fill(0, layout.BATCH_LENGTH_AT, layout.BATCH_LENGTH_AT + 4)],
    ['size', batch => batch.fill(0xff, layout.BATCH_LENGTH_AT, layout.BATCH_LENGTH_AT + 4)],
    ['records', batch => batch.fill(0x7e, layout.RECORDS_AT, layout.RECORDS_AT + 1)],
  ]
  for (const [kind, damage] of cases) {
    const batch = oneRecord()
    damage(batch)
    assert.throws(() => [...readRecords(batch, 0, { verifyCrc: false })], { name: 'BatchError', kind })
  }
  // The walk stops at a bad record even when the header counts only those before it.
  const batch = concatBytes(oneRecord(), Uint8Array.of(1))
  putInt32(batch, layout.BATCH_LENGTH_AT, batch.length - layout.LOG_OVERHEAD_BYTES)
  assert.throws(() => [...readRecords(batch, 0, { verifyCrc: false })], { name: 'BatchError', kind: 'records' })
})

test('a batch recoded to another codec holds the same records and producer fields', () => {
  const fields = { baseOffset: 30, producerId: 9n, producerEpoch: 2, baseSequence: 11, transactional: true }
  for (const from of codecs) {
    const batch = oneRecord(from, fields)
    const header = layout.readBatchHeader(batch, 0, layout.emptyBatchHeader())
    for (const to of codecs) {
      const recoded = recodeBatch(concatBytes(Uint8Array.of(1), batch), 1, header, { codec: to, limitBytes: 1000 })
      const after = layout.readBatchHeader(recoded, 0, layout.emptyBatchHeader())
      assert.deepEqual([...readRecords(recoded, 0)].map(whole), [...readRecords(batch, 0)].map(whole))
      assert.equal(layout.codecBits(after), to)
      const { batchLength, sizeBytes, crc, attributes } = after
      assert.deepEqual({ ...header, batchLength, sizeBytes, crc, attributes }, after)
      assert.equal(layout.producerIdAt(recoded, 0), 9n)
      assert.ok(layout.isTransactional(after))
      const back = recodeBatch(recoded, 0, after, { codec: from, limitBytes: 1000 })
      assert.deepEqual(Buffer.from(back), Buffer.from(batch))
    }
  }
})

test('a visitor stops a walk, and a batch may lie over shared memory', () => {
  const builder = new BatchBuilder()
  for (let index = 0; index < 5; index++)
    builder.append(null, utf8.encode(`v${index}`), [{ key: 'é', value: null }], index)
  const batch = builder.build()
  const shared = sharedMemory(1)
  shared.set(batch, 100)
  const seen: string[] = []
  forEachRecord(shared, 100, r => {
    seen.push(`${r.offset}@${r.timestamp} ${r.headers()[0]!.key}`)
    return seen.length < 2
  })
  assert.deepEqual(seen, ['0@0 é', '1@1 é'])
})

test('an empty batch cannot be built, and a builder is empty after a build', () => {
  const builder = new BatchBuilder()
  assert.throws(() => builder.build(), { name: 'Bug' })
  builder.append(null, null, [], 3)
  assert.equal(builder.sizeBytes, layout.HEADER_BYTES + 7)
  builder.build()
  assert.deepEqual([builder.count, builder.sizeBytes, builder.maxTimestamp], [0, layout.HEADER_BYTES, -1])
})

test('the bound on a record is never below what appending it adds', () => {
  fc.assert(
    fc.property(record, r => {
      const builder = new BatchBuilder()
      builder.append(r.key, r.value, r.headers, r.timestamp)
      assert.ok(builder.sizeBytes - layout.HEADER_BYTES <= BatchBuilder.recordBytesMax(r.key, r.value, r.headers))
    }),
  )
})

function oneRecord(codec: layout.CodecId = 0, options: BuildOptions = {}): Uint8Array {
  const builder = new BatchBuilder()
  builder.append(
    utf8.encode('key'),
    utf8.encode('value value value value'),
    [{ key: 'h', value: utf8.encode('x') }],
    1000,
  )
  return builder.build({ ...options, codec })
}

function whole(r: BatchRecord) {
  const headers = r.headers.map(header => [header.key, hex(header.value)])
  return { offset: r.offset, timestamp: r.timestamp, key: hex(r.key), value: hex(r.value), headers }
}

function hex(value: Uint8Array | null): string | null {
  return value === null ? null : Buffer.from(value).toString('hex')
}
