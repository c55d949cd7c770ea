/** What compaction leaves of a log, and what it leaves alone. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Codec } from '../../wire/batch/header.ts'
import { openTest, testEnv } from '../testing.ts'
import { batchesFrom, CLEAN, CompactedLog, lastOfEachKey, recordsFrom } from './testing.ts'

test('of each key the newest record stays, at its offset, and every offset can be read from', async () => {
  const directory = await openTest(testEnv())
  const it = await CompactedLog.create(directory)
  for (let i = 0; i < 60; i++) await it.put(`k${i % 7}`, `v${i}`)
  await it.close(directory)
  for (let i = 60; i < 70; i++) await it.put(`k${i % 7}`, `v${i}`)
  const { log } = it
  const before = log.sizeBytes
  assert.equal(await directory.cleaner.run(CLEAN), 1)
  const expected = lastOfEachKey(it.history, 60)
  assert.deepEqual(await recordsFrom(log), expected)
  assert.ok(log.sizeBytes < before)
  assert.equal(log.cleanedTo, 60)
  for (let from = 0; from < 70; from++) {
    assert.deepEqual(
      await recordsFrom(log, from),
      expected.filter(({ offset }) => offset >= from),
      `from ${from}`,
    )
  }
  assert.equal(await directory.cleaner.run(CLEAN), 0)
  await directory.close()
})

test('a compressed batch that loses a record is compressed again with its codec; the others keep their bytes', async () => {
  const directory = await openTest(testEnv())
  const it = await CompactedLog.create(directory)
  const records = (i: number) => [
    { key: 'same', value: `v${i}` },
    { key: `own${i}`, value: 'v'.repeat(50) },
  ]
  const codecs = [Codec.gzip, Codec.snappy, Codec.lz4, Codec.zstd, Codec.none]
  for (const [i, codec] of codecs.entries()) await it.append({ records: records(i), codec })
  await it.append({ records: [{ key: 'alone', value: 'v' }], codec: Codec.zstd })
  await it.close(directory)
  const before = await batchesFrom(it.log)
  await directory.cleaner.run(CLEAN)
  const after = await batchesFrom(it.log)
  assert.deepEqual(
    after.flatMap(batch => batch.records),
    lastOfEachKey(it.history, it.log.endOffset),
  )
  assert.deepEqual(
    after.map(({ header }) => [header.baseOffset, header.lastOffsetDelta, header.attributes]),
    before.map(({ header }) => [header.baseOffset, header.lastOffsetDelta, header.attributes]),
  )
  assert.deepEqual(after.slice(4), before.slice(4))
  await directory.close()
})
