/** What stays of a batch, and what stays untouched: cases that the random logs of model.test.ts do not meet. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildMarkerBatch } from '../../wire/batch/build.ts'
import {
  emptyBatchHeader,
  patchBaseOffset,
  patchLeaderEpoch,
  RECORDS_AT,
  readBatchHeader,
  stampCrc,
} from '../../wire/batch/header.ts'
import { openTest, testEnv } from '../testing.ts'
import { SLOT_BYTES } from './offset-map.ts'
import { batchesFrom, CLEAN, CompactedLog, horizonsOf, keyedBatch, recordsFrom } from './testing.ts'

test('control batches stay, and so do records without a key that transactions may decide about', async () => {
  const directory = await openTest(testEnv())
  const it = await CompactedLog.create(directory)
  await it.append({ records: [{ key: null, value: 'maybe' }], transactional: true })
  const marker = buildMarkerBatch({
    type: 'commit',
    producerId: 7n,
    producerEpoch: 0,
    coordinatorEpoch: 1,
    timestampMs: 5,
  })
  patchBaseOffset(marker, 0, 1)
  patchLeaderEpoch(marker, 0, 0)
  await it.log.append(marker, readBatchHeader(marker, 0, emptyBatchHeader()))
  // A key as markers have it, which are told apart by their batch alone.
  await it.append({ records: [{ key: '\0\0\0\x01', value: 'v' }], timestamp: 6 })
  await it.close(directory)
  assert.equal(await directory.cleaner.run(CLEAN), 1)
  const batches = await batchesFrom(it.log)
  assert.deepEqual(
    batches.map(({ header, records }) => [header.baseOffset, records.length]),
    [
      [0, 1],
      [1, 1],
      [2, 1],
    ],
  )
  await directory.close()
})

test('segments of which nothing goes are not written anew, also where an emptied batch keeps a sequence', async () => {
  const env = testEnv()
  const directory = await openTest(env)
  const it = await CompactedLog.create(directory, { 'segment.bytes': '150' })
  await it.append({ records: [{ key: 'a', value: 'x'.repeat(60) }] })
  await it.append({ records: [{ key: 'b', value: '1' }], producer: { id: 5n, sequence: 1 } })
  await it.append({ records: [{ key: 'b', value: 'x'.repeat(60) }] })
  await it.close(directory)
  assert.equal(await directory.cleaner.run(CLEAN), 1)
  const segments = it.log.segments.filter(({ state }) => state === 'closed')
  assert.ok(segments.length > 1)
  assert.ok((await batchesFrom(it.log)).some(({ records }) => records.length === 0))
  await it.put('c', 'x'.repeat(60))
  await it.close(directory)
  assert.equal(await directory.cleaner.run(CLEAN), 1)
  for (const segment of segments) assert.ok(it.log.segments.includes(segment), `the one from ${segment.baseOffset}`)
  await directory.close()
})

test('I-19 a tombstone that a pass does not know yet stays, however old: the value it deletes is still there', async () => {
  const directory = await openTest(testEnv())
  const it = await CompactedLog.create(directory, { 'delete.retention.ms': '0' })
  await it.put('a', 'deleted')
  for (let i = 0; i < 6; i++) await it.put(`k${i}`, 'v')
  await it.put('a', null)
  await it.close(directory)
  // Two keys in a pass: the first one stamps the tombstone's horizon, and has passed it by the second.
  await directory.cleaner.run({ ...CLEAN, mapBytes: 3 * SLOT_BYTES })
  assert.equal(it.log.cleanedTo, 8)
  const left = (await recordsFrom(it.log)).filter(({ key }) => key === 'a')
  assert.deepEqual(
    left.filter(({ value }) => value !== null),
    [],
  )
  await directory.close()
})

test('delete.retention.ms of all time gives a horizon that a batch can hold, and its times stay what they are', async () => {
  const directory = await openTest(testEnv())
  const it = await CompactedLog.create(directory, { 'delete.retention.ms': '9223372036854775807' })
  await it.append({ records: [{ key: 'a', value: null }], timestamp: 1234 })
  await it.close(directory)
  await directory.cleaner.run(CLEAN)
  const batches = await batchesFrom(it.log)
  assert.deepEqual(horizonsOf(batches), [2 ** 51])
  assert.equal(batches[0]?.header.maxTimestamp, 1234)
  assert.deepEqual(await it.log.offsetForTimestamp(1234, it.log.endOffset), {
    offset: 0,
    timestamp: 1234,
    leaderEpoch: 0,
  })
  await directory.close()
})

test('a batch whose offsets do not rise counts for nothing and stays as it is', async () => {
  const directory = await openTest(testEnv())
  const it = await CompactedLog.create(directory)
  await it.put('a', 'kept')
  const records = [
    { key: 'a', value: '1' },
    { key: 'a', value: '2' },
  ]
  const { bytes, header } = keyedBatch(1, { records })
  // Length, attributes, time delta, offset delta: one byte each.
  const second = RECORDS_AT + 1 + (bytes[RECORDS_AT] as number) / 2
  assert.equal(bytes[second + 3], 2)
  bytes[second + 3] = 0
  stampCrc(bytes, 0)
  await it.log.append(bytes, header)
  await it.put('b', 'v')
  await it.close(directory)
  const { sizeBytes } = it.log
  await directory.cleaner.run(CLEAN)
  assert.equal(it.log.sizeBytes, sizeBytes)
  assert.equal((await recordsFrom(it.log))[0]?.value, 'kept')
  await directory.close()
})
