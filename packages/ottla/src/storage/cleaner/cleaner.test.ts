/** What compaction leaves of a log, and what it leaves alone. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Codec } from '../../wire/batch/header.ts'
import { retainLog } from '../retention.ts'
import { openTest, testEnv } from '../testing.ts'
import { batchesFrom, CLEAN, CompactedLog, horizonsOf, lastOfEachKey, recordsFrom } from './testing.ts'

const DAY_MS = 86_400_000

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

test('KIP-534: a tombstone gets a horizon when it is first met, goes when that has passed, and not before', async () => {
  const env = testEnv()
  const directory = await openTest(env)
  const it = await CompactedLog.create(directory, { 'delete.retention.ms': String(DAY_MS) })
  const timestamp = 5000
  await it.append({ records: [{ key: 'a', value: '1' }], timestamp })
  const mixed = [{ key: 'a', value: null }, ...['b', 'c'].map(key => ({ key, value: 'v' }))]
  await it.append({ records: mixed, timestamp, codec: Codec.gzip })
  await it.close(directory)
  const metAtMs = env.clock.wallMs()
  await directory.cleaner.run(CLEAN)
  const [met] = await batchesFrom(it.log)
  assert.deepEqual(horizonsOf(await batchesFrom(it.log)), [metAtMs + DAY_MS])
  assert.deepEqual(
    met?.records.map(({ key }) => key),
    ['a', 'b', 'c'],
  )
  assert.equal(met?.header.maxTimestamp, timestamp + 2)
  // The times of records are told from the horizon now, and are what they were.
  assert.equal((await it.log.offsetForTimestamp(timestamp + 1, it.log.endOffset))?.offset, 2)
  const runAgain = async (key: string) => {
    await it.put(key, 'v')
    await it.close(directory)
    assert.equal(await directory.cleaner.run(CLEAN), 1)
    return (await recordsFrom(it.log)).map(record => record.key)
  }
  env.clock.jump(DAY_MS - 1)
  assert.deepEqual(await runAgain('d'), ['a', 'b', 'c', 'd'])
  assert.deepEqual(horizonsOf(await batchesFrom(it.log)), [metAtMs + DAY_MS], 'a horizon does not move')
  env.clock.jump(1)
  assert.deepEqual(await runAgain('e'), ['b', 'c', 'd', 'e'])
  assert.equal((await it.log.offsetForTimestamp(timestamp + 2, it.log.endOffset))?.offset, 3)
  await directory.close()
})

test('I-08 the last batch of an idempotent producer stays, empty, with its sequence and offsets', async () => {
  const directory = await openTest(testEnv())
  const it = await CompactedLog.create(directory)
  const records = [
    { key: 'a', value: '1' },
    { key: 'b', value: '2' },
  ]
  await it.append({ records, producer: { id: 5n, sequence: 40 }, codec: Codec.zstd })
  await it.append({ records, producer: { id: 5n, sequence: 42 }, codec: Codec.zstd, timestamp: 9_000_000 })
  await it.append({ records })
  await it.close(directory)
  for (let i = 0; i < 2; i++) {
    await directory.cleaner.run(CLEAN)
    const batches = await batchesFrom(it.log)
    assert.deepEqual(
      batches
        .slice(0, 2)
        .map(({ header, producerId, records: left }) => [
          header.baseOffset,
          header.lastOffsetDelta,
          producerId,
          left.length,
        ]),
      [
        [2, 1, 5n, 0],
        [4, 1, null, 2],
      ],
    )
    assert.equal(batches[0]?.header.baseSequence, 42)
    await it.put('c', String(i))
    await it.close(directory)
  }
  // The emptied batch has the largest time, and no record has it.
  assert.deepEqual((await it.log.maxTimestamp(it.log.endOffset))?.offset, it.log.endOffset - 1)
  assert.equal(await it.log.offsetForTimestamp(8_000_000, it.log.endOffset), null)
  // Once the producer has gone on, nothing needs it.
  await it.append({ records, producer: { id: 5n, sequence: 44 } })
  await it.close(directory)
  await directory.cleaner.run(CLEAN)
  assert.ok((await batchesFrom(it.log)).every(({ header }) => header.recordsCount > 0))
  await directory.close()
})

test('what transactions may still decide about replaces nothing and keeps its tombstones', async () => {
  const env = testEnv()
  const directory = await openTest(env)
  const it = await CompactedLog.create(directory, { 'delete.retention.ms': '0' })
  await it.put('a', 'plain')
  await it.put('b', 'plain')
  await it.append({ records: [{ key: 'a', value: null }], transactional: true })
  await it.append({ records: [{ key: 'c', value: 'maybe' }], transactional: true })
  await it.put('c', 'plain')
  await it.close(directory)
  for (let i = 0; i < 2; i++) {
    await directory.cleaner.run(CLEAN)
    const seen = (await recordsFrom(it.log)).slice(0, 4)
    assert.deepEqual(
      seen.map(({ key, value }) => [key, value]),
      [
        ['a', 'plain'],
        ['b', 'plain'],
        ['a', null],
        ['c', 'plain'],
      ],
    )
    await it.put('d', String(i))
    await it.close(directory)
  }
  await directory.close()
})

test('records without a key, from before the topic was compacted, go', async () => {
  const directory = await openTest(testEnv())
  const it = await CompactedLog.create(directory)
  await it.append({
    records: [
      { key: null, value: '1' },
      { key: 'a', value: '2' },
    ],
  })
  await it.append({ records: [{ key: null, value: '3' }] })
  await it.close(directory)
  await directory.cleaner.run(CLEAN)
  assert.deepEqual(
    (await recordsFrom(it.log)).map(({ value }) => value),
    ['2'],
  )
  await directory.close()
})

test('both policies: what is compacted is deleted by age all the same', async () => {
  const env = testEnv()
  const directory = await openTest(env)
  const config = { 'cleanup.policy': 'compact,delete', 'retention.ms': '1000', 'segment.bytes': '300' }
  const it = await CompactedLog.create(directory, config)
  const nowMs = env.clock.wallMs()
  for (let i = 0; i < 12; i++)
    await it.append({ records: [{ key: `k${i % 4}`, value: 'v' }], timestamp: nowMs - 5000 + 400 * i })
  await it.close(directory)
  await directory.cleaner.run(CLEAN)
  const compacted = lastOfEachKey(it.history, 12)
  assert.deepEqual(await recordsFrom(it.log), compacted)
  await directory.exclusively(() => retainLog(it.log, nowMs + 500))
  assert.ok(it.log.startOffset > 0)
  assert.deepEqual(
    await recordsFrom(it.log),
    compacted.filter(({ offset }) => offset >= it.log.startOffset),
  )
  await directory.runRetention(nowMs + 10 * DAY_MS)
  assert.deepEqual(await recordsFrom(it.log), [])
  await directory.close()
})

test('a segment of which nothing is left is empty, and readers pass it', async () => {
  const directory = await openTest(testEnv())
  const it = await CompactedLog.create(directory, { 'segment.bytes': '150' })
  await it.put('a', '1')
  await it.put('a', '2')
  await it.close(directory)
  await it.put('a', '3')
  await it.close(directory)
  await directory.cleaner.run(CLEAN)
  assert.ok(it.log.segments.some(segment => segment.state === 'closed' && segment.sizeBytes === 0))
  assert.deepEqual(
    (await recordsFrom(it.log, 0)).map(({ value }) => value),
    ['3'],
  )
  assert.deepEqual([it.log.startOffset, it.log.endOffset], [0, 3])
  await directory.close()
  const again = await openTest(testEnv({ disk: (directory.env as ReturnType<typeof testEnv>).disk, seed: 'again' }))
  const [found] = again.logs()
  assert.ok(found)
  assert.equal(again.cleanStart, true)
  assert.deepEqual(
    (await recordsFrom(found, 0)).map(({ value }) => value),
    ['3'],
  )
  await again.close()
})

test('behind a segment of which nothing is left, what is in memory is read before what is in files', async () => {
  const directory = await openTest(testEnv())
  const it = await CompactedLog.create(directory)
  await it.append({ records: [{ key: null, value: 'goes' }] })
  await it.close(directory)
  for (const key of ['b', 'c']) {
    await it.put(key, 'v')
    await it.close(directory)
  }
  it.holdHighWatermark(1)
  await directory.cleaner.run(CLEAN)
  assert.deepEqual(
    it.log.segments.map(({ sizeBytes }) => sizeBytes === 0),
    [true, false, false, true],
  )
  assert.deepEqual(
    it.log.pieces.map(({ segment }) => segment.baseOffset),
    [1, 2],
  )
  assert.deepEqual(
    (await recordsFrom(it.log, 0)).map(({ key }) => key),
    ['b', 'c'],
  )
  await directory.close()
})

test('a batch that nobody can read into stays as it is', async () => {
  const directory = await openTest(testEnv())
  const it = await CompactedLog.create(directory)
  await it.put('a', '1')
  await it.append({ records: [{ key: 'a', value: 'unreadable' }], count: 3 })
  await it.put('b', '1')
  await it.close(directory)
  const sizeBytes = it.log.sizeBytes
  await directory.cleaner.run(CLEAN)
  assert.equal(it.log.sizeBytes, sizeBytes)
  assert.equal((await recordsFrom(it.log, 2))[0]?.key, 'b')
  await directory.close()
})
