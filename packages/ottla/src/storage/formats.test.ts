/** File formats, both ways, and what they make of bytes that are none of theirs. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { crc32c } from '../wire/batch/crc32c.ts'
import { type CheckpointEntry, decodeCheckpoint, encodeCheckpoint, encodeEntry } from './checkpoint-file.ts'
import type { ProducerEntry } from './env.ts'
import {
  formatEpochs,
  formatMetaProperties,
  formatOffsets,
  formatPartitionMetadata,
  parseEpochs,
  parseFolderName,
  parseMetaProperties,
  parseOffsets,
  parsePartitionMetadata,
  retiredFolderName,
} from './kafka-files.ts'
import { decodeProducerSnapshot, encodeProducerSnapshot } from './producer-snapshot.ts'
import { parseSegmentFile } from './segment.ts'
import { TOPIC_ID } from './testing.ts'

const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record(model, { noNullPrototype: true }) as fc.Arbitrary<T>
const offset = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })
const int32 = fc.integer({ min: 0, max: 2 ** 31 - 1 })
const producedBatch = record({
  firstSequence: int32,
  lastSequence: int32,
  lastOffset: offset,
  offsetDelta: int32,
  timestamp: offset,
})
const producer: fc.Arbitrary<ProducerEntry> = record({
  producerId: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
  producerEpoch: fc.integer({ min: 0, max: 32767 }),
  coordinatorEpoch: fc.integer({ min: -1, max: 1000 }),
  currentTxnFirstOffset: fc.constant(-1),
  lastTimestamp: offset,
  batches: fc.array(producedBatch, { maxLength: 5 }),
})
const entry: fc.Arbitrary<CheckpointEntry> = record({
  topicId: fc.constant(TOPIC_ID),
  partition: int32,
  journaled: fc.boolean(),
  startOffset: offset,
  endOffset: offset,
  highWatermark: offset,
  active: record({
    baseOffset: offset,
    sizeBytes: int32,
    indexEntries: int32,
    timeEntries: int32,
    indexedBytes: int32,
    maxTimestamp: offset,
    maxTimestampOffset: offset,
    firstTimestamp: fc.constant(-1),
  }),
  epochs: fc.array(record({ epoch: int32, startOffset: offset }), { maxLength: 4 }),
  producers: record({ offset, entries: fc.array(producer, { maxLength: 3 }) }),
})
const ringId = Uint8Array.from({ length: 16 }, (_, i) => i)

test('a checkpoint comes back as it was written', () => {
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 5 }), offset, (entries, replayFrom) => {
      const bytes = encodeCheckpoint({ ringId, replayFrom }, entries.map(encodeEntry))
      assert.deepEqual(decodeCheckpoint(bytes), { ringId, replayFrom, entries })
    }),
    { numRuns: 60 },
  )
})

test('a checkpoint with any byte changed, or cut anywhere, is damaged or newer, never something else', () => {
  const [sample] = fc.sample(entry, { numRuns: 1, seed: 7 })
  assert.ok(sample)
  const bytes = encodeCheckpoint({ ringId, replayFrom: 5 }, [encodeEntry(sample)])
  for (let i = 0; i < bytes.length; i++) {
    const spoilt = bytes.slice()
    spoilt[i] = (spoilt[i] as number) ^ 0x40
    assert.ok(['damaged', 'newer'].includes(String(decodeCheckpoint(spoilt))), `byte ${i}`)
    assert.equal(decodeCheckpoint(bytes.subarray(0, i)), 'damaged')
  }
})

test('a producer snapshot keeps what Kafka keeps: the newest batch of each', () => {
  fc.assert(
    fc.property(fc.array(producer, { maxLength: 4 }), entries => {
      const back = decodeProducerSnapshot(encodeProducerSnapshot(entries))
      assert.ok(back)
      assert.deepEqual(
        back.map(({ producerId, producerEpoch }) => [producerId, producerEpoch]),
        entries.map(({ producerId, producerEpoch }) => [producerId, producerEpoch]),
      )
      for (const [i, { batches }] of entries.entries()) {
        const last = batches.at(-1)
        assert.equal(back[i]?.batches[0]?.lastSequence, last?.lastSequence)
        assert.equal(back[i]?.batches[0]?.lastOffset, last?.lastOffset)
      }
    }),
    { numRuns: 60 },
  )
})

test('the first sequence in a snapshot is found back where numbers wrapped', () => {
  const batch = { firstSequence: 2 ** 31 - 2, lastSequence: 1, lastOffset: 9, offsetDelta: 3, timestamp: 5 }
  const one = { producerId: 1n, producerEpoch: 0, coordinatorEpoch: -1, currentTxnFirstOffset: -1, lastTimestamp: 5 }
  assert.deepEqual(decodeProducerSnapshot(encodeProducerSnapshot([{ ...one, batches: [batch] }]))?.[0]?.batches, [
    batch,
  ])
})

test('a snapshot that is damaged or cut is none', () => {
  const one = { producerId: 1n, producerEpoch: 0, coordinatorEpoch: -1, currentTxnFirstOffset: -1, lastTimestamp: 5 }
  const bytes = encodeProducerSnapshot([{ ...one, batches: [] }])
  for (let i = 2; i < bytes.length; i++) {
    assert.equal(decodeProducerSnapshot(bytes.subarray(0, i)), null)
    const spoilt = bytes.slice()
    spoilt[i] = (spoilt[i] as number) ^ 1
    assert.equal(decodeProducerSnapshot(spoilt), null)
  }
})

test('a snapshot with a right sum and another count of producers than it says is none', () => {
  const one = { producerId: 1n, producerEpoch: 0, coordinatorEpoch: -1, currentTxnFirstOffset: -1, lastTimestamp: 5 }
  for (const count of [-1, 0, 1, 3, 2 ** 31 - 1]) {
    const bytes = encodeProducerSnapshot([1n, 2n].map(producerId => ({ ...one, producerId, batches: [] })))
    const view = new DataView(bytes.buffer, bytes.byteOffset)
    view.setInt32(6, count)
    view.setUint32(2, crc32c(bytes, 6, bytes.length))
    assert.equal(decodeProducerSnapshot(bytes), null, String(count))
  }
})

test('text checkpoints come back, and anything malformed is none', () => {
  const text = formatOffsets([
    ['a-b', 0, 5],
    ['c', 12, 2 ** 53 - 1],
  ])
  assert.equal(text, '0\n2\na-b 0 5\nc 12 9007199254740991\n')
  assert.deepEqual(
    [...(parseOffsets(text) ?? [])],
    [
      ['a-b-0', 5],
      ['c-12', 2 ** 53 - 1],
    ],
  )
  assert.deepEqual(parseEpochs(formatEpochs([{ epoch: 1, startOffset: 0 }])), [{ epoch: 1, startOffset: 0 }])
  for (const bad of [
    '',
    '0',
    '0\n2\na 0 5\n',
    '1\n0\n',
    '0\n1\na 0\n',
    '0\n1\na x 5\n',
    '0\n1\na 0 -5\n',
    '0\n1\na 0 99999999999999999\n',
  ]) {
    assert.equal(parseOffsets(bad), null, JSON.stringify(bad))
  }
  for (const bad of ['0\n2\n1 5\n1 9\n', '0\n2\n1 5\n2 4\n', '0\n1\n-1 5\n']) assert.equal(parseEpochs(bad), null)
})

test('partition.metadata and meta.properties', () => {
  assert.equal(parsePartitionMetadata(formatPartitionMetadata(TOPIC_ID)), TOPIC_ID)
  assert.equal(parsePartitionMetadata('version: 0\ntopic_id: short'), null)
  assert.equal(parsePartitionMetadata('version: 1\ntopic_id: AAAAAAAAAAAAAAAAAAAAFA'), null)
  const meta = { version: 1, nodeId: 3, clusterId: 'abc', directoryId: TOPIC_ID }
  assert.deepEqual(parseMetaProperties(formatMetaProperties(meta)), meta)
  assert.deepEqual(parseMetaProperties('#Mon\nbroker.id=4\nversion=0\ncluster.id=x y\n'), {
    version: 0,
    nodeId: 4,
    clusterId: 'x y',
    directoryId: null,
  })
  assert.equal(parseMetaProperties('version=1\n'), null)
})

test('folder and file names', () => {
  assert.deepEqual(parseFolderName('a-b.c_d-12'), { topic: 'a-b.c_d', partition: 12 })
  for (const name of ['a', 'a-', 'a-01', '-1', '..-0', '.-0', 'a b-0', 'a-99999999999', '__proto__']) {
    assert.equal(parseFolderName(name), null, name)
  }
  assert.deepEqual(parseFolderName('__proto__-0'), { topic: '__proto__', partition: 0 })
  const long = retiredFolderName(`${'x'.repeat(249)}-11`, 'f'.repeat(32), 'delete')
  assert.ok(long.length <= 255 && /\.f{32}-delete$/.test(long))
  assert.deepEqual(parseSegmentFile('00000000000000000042.timeindex'), { baseOffset: 42, kind: 'timeindex' })
  for (const name of ['42.log', '00000000000000000042.log.deleted', '99999999999999999999.log']) {
    assert.equal(parseSegmentFile(name), null)
  }
})
