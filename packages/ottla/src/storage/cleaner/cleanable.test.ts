/** Which logs are compacted when, and which part of them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { logId, openTest, testEnv, topicConfig } from '../testing.ts'
import { cleanableOf } from './cleanable.ts'
import { CLEAN, CompactedLog, compacted, recordsFrom } from './testing.ts'

async function filled(config: Readonly<Record<string, string>>, times: (i: number) => number = i => 1000 * i) {
  const env = testEnv()
  const directory = await openTest(env)
  const it = await CompactedLog.create(directory, { 'segment.bytes': '160', ...config })
  for (let i = 0; i < 10; i++) await it.append({ records: [{ key: `k${i % 3}`, value: 'v' }], timestamp: times(i) })
  return { env, directory, it }
}

test('J6 neither the active segment nor one that no checkpoint has closed', async () => {
  const { directory, it } = await filled({})
  assert.equal(await cleanableOf(it.log, 0), null)
  await directory.checkpoint()
  const found = await cleanableOf(it.log, 0)
  assert.deepEqual([found?.from, found?.upTo, found?.dirtyRatio], [0, it.log.activeBase, 1])
  assert.ok(it.log.active.sizeBytes > 0)
  await directory.close()
})

test('I-07 nothing at or above the high watermark, and nothing whose producers no checkpoint has', async () => {
  const { directory, it } = await filled({})
  await directory.checkpoint()
  it.holdHighWatermark(5)
  const bound = (await cleanableOf(it.log, 0))?.upTo ?? 0
  assert.ok(bound > 0 && bound <= 5, String(bound))
  it.holdHighWatermark(null)
  it.log.producersOffset = 3
  assert.ok(((await cleanableOf(it.log, 0))?.upTo ?? 0) <= 3)
  await directory.close()
})

test('min.cleanable.dirty.ratio: the share of bytes that is not compacted must be above it', async () => {
  const { directory, it } = await filled({ 'min.cleanable.dirty.ratio': '0.5' })
  await directory.checkpoint()
  assert.equal(await directory.cleaner.run(CLEAN), 1)
  const cleanBytes = it.log.sizeBytes - it.log.active.sizeBytes
  await it.close(directory)
  assert.equal(await directory.cleaner.run(CLEAN), 0)
  for (let i = 0; it.log.sizeBytes <= 2 * cleanBytes; i++) await it.put(`new${i}`, 'v')
  await it.close(directory)
  const ratio = (await cleanableOf(it.log, 0))?.dirtyRatio ?? 0
  assert.ok(ratio > 0.5 && ratio < 1, String(ratio))
  assert.equal(await directory.cleaner.run(CLEAN), 1)
  await directory.close()
})

test('min.compaction.lag.ms: a segment with a younger record waits, and those behind it', async () => {
  const { directory, it } = await filled({ 'min.compaction.lag.ms': '2000' }, i => (i === 4 ? 9000 : 1000 * i))
  await it.close(directory)
  const upTo = async (nowMs: number) => (await cleanableOf(it.log, nowMs))?.upTo ?? null
  assert.equal(await upTo(2000), null)
  const held = it.log.segments.find(segment => segment.endOffset > 4)
  assert.equal(await upTo(10_999), held?.baseOffset)
  assert.equal(await upTo(11_000), 10)
  await directory.close()
})

test('max.compaction.lag.ms: a record that waited longer is reason enough, also after a restart', async () => {
  const config = { 'min.cleanable.dirty.ratio': '1', 'max.compaction.lag.ms': '5000' }
  const { env, directory, it } = await filled(config, i => 1000 + i)
  await it.close(directory)
  assert.equal(await cleanableOf(it.log, 6000), null)
  assert.notEqual(await cleanableOf(it.log, 6001), null)
  await directory.close()
  const again = await openTest(testEnv({ disk: env.disk, seed: 'again' }))
  const found = [...again.logs()].map(log => it.goOn(log))[0]
  assert.ok(found)
  found.log.setConfig(it.log.config)
  assert.equal(await cleanableOf(found.log, 6000), null)
  assert.notEqual(await cleanableOf(found.log, 6001), null)
  await again.close()
})

test('max.compaction.lag.ms ends the active segment of a compacted topic in time', async () => {
  const { directory, it } = await filled({ 'segment.bytes': '10000', 'max.compaction.lag.ms': '5000' })
  assert.deepEqual(
    it.log.segments.map(({ baseOffset }) => baseOffset),
    [0, 6],
  )
  await directory.close()
})

test('only compacted topics, and none that lives in memory', async () => {
  const directory = await openTest(testEnv())
  const deleted = new CompactedLog(await directory.create(logId(0), topicConfig({ 'segment.bytes': '160' })))
  const kept = new CompactedLog(await directory.create(logId(1), compacted({ durability: 'memory' })))
  for (const it of [deleted, kept]) {
    for (let i = 0; i < 5; i++) await it.put('a', 'v')
    it.log.roll(5)
  }
  await directory.checkpoint()
  assert.equal(await directory.cleaner.run(CLEAN), 0)
  assert.equal((await recordsFrom(kept.log)).length, 5)
  await directory.close()
})

test('small segments become one, up to the size of a segment', async () => {
  const { directory, it } = await filled({ 'segment.bytes': '160' })
  for (let i = 0; i < 20; i++) await it.put(`own${i}`, 'v')
  await it.close(directory)
  const before = it.log.segments.length
  it.log.setConfig(compacted({ 'segment.bytes': '1000' }))
  await directory.cleaner.run(CLEAN)
  const closed = it.log.segments.slice(0, -1)
  assert.ok(closed.length < before / 2)
  assert.ok(closed.every(({ sizeBytes }) => sizeBytes <= 1000))
  const bases = it.log.segments.map(({ baseOffset }) => baseOffset)
  assert.deepEqual(
    bases,
    [...bases].sort((a, b) => a - b),
  )
  await directory.close()
})

test('the most uncompacted log goes first', async () => {
  const env = testEnv()
  const directory = await openTest(env)
  const [some, all] = [0, 1].map(partition => directory.create(logId(partition), compacted()))
  const [first, second] = [new CompactedLog(await some!), new CompactedLog(await all!)]
  await first.put('a', 'v')
  await first.close(directory)
  await directory.cleaner.run(CLEAN)
  for (const it of [first, second]) await it.put('a', 'w')
  for (const it of [first, second]) await it.close(directory)
  env.observe.events.length = 0
  assert.equal(await directory.cleaner.run(CLEAN), 2)
  const order = env.observe.events.filter(({ event }) => event === 'log.cleaned').map(({ fields }) => fields?.partition)
  assert.deepEqual(order, [1, 0])
  await directory.close()
})
