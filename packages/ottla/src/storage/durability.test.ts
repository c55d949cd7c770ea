/** What each durability promises (J8, J9), and how memory is shared between what waits and what is read (J11, J13). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Prng } from '../base/random.ts'
import { CHECKPOINT_AFTER_MS } from './checkpoint-schedule.ts'
import { MemoryBudget } from './memory-budget.ts'
import { appendTo, logId, offsetsAsValues, openTest, testEnv, topicConfig, valuesFrom, watchedEnv } from './testing.ts'

test('J8 page-cache logs never enter the journal; a kill loses nothing of them that was acknowledged', async () => {
  const env = testEnv()
  const directory = await openTest(env)
  const log = await directory.create(logId(), topicConfig({ durability: 'page-cache', 'segment.bytes': '3000' }))
  const rounds = directory.journal.lastSynced
  for (let i = 0; i < 60; i++) await appendTo(log)
  assert.equal(directory.journal.lastSynced, rounds)
  assert.equal(log.durableEndOffset, 60)
  assert.ok(log.segments.length > 1)
  const disk = env.disk.crash('kill', new Prng('page-cache'))
  const again = await openTest(testEnv({ disk, seed: 'again' }))
  const [found] = again.logs()
  assert.ok(found)
  assert.deepEqual(await valuesFrom(found, 0), offsetsAsValues(0, 60))
  await again.close()
})

test('J8 memory logs touch no file', async () => {
  const { env, seen } = watchedEnv()
  const directory = await openTest(env)
  seen.length = 0
  const log = await directory.create(logId(), topicConfig({ durability: 'memory', 'segment.bytes': '3000' }))
  for (let i = 0; i < 60; i++) await appendTo(log)
  assert.equal(log.durableEndOffset, 60)
  assert.deepEqual(await valuesFrom(log, 0), offsetsAsValues(0, 60))
  await log.truncateTo(50)
  assert.deepEqual(await valuesFrom(log, 0), offsetsAsValues(0, 50))
  for (let i = 0; i < 5; i++) await appendTo(log, { mark: 'b' })
  assert.deepEqual((await valuesFrom(log, 48)).slice(0, 4), ['48', '49', '50b', '51b'])
  assert.equal(log.segments.length, 2)
  await log.advanceStart(40)
  await directory.runRetention(env.clock.wallMs())
  assert.deepEqual([log.startOffset, log.segments.length], [40, 1])
  await directory.remove(log)
  assert.equal(seen.length, 0)
  await directory.close()
})

test('J8 flush.messages=1 makes a page-cache log survive a power cut', async () => {
  const env = testEnv()
  const directory = await openTest(env)
  const log = await directory.create(logId(), topicConfig({ durability: 'page-cache', 'flush.messages': '1' }))
  await directory.checkpoint()
  for (let i = 0; i < 10; i++) await appendTo(log)
  const disk = env.disk.crash('power', new Prng('flushed'))
  const again = await openTest(testEnv({ disk, seed: 'again' }))
  const [found] = again.logs()
  assert.equal(found?.endOffset, 10)
  await again.close()
})

test('J8 flush.ms syncs a page-cache log after that time, appended to or not', async () => {
  const { env, seen } = watchedEnv()
  const directory = await openTest(env)
  const log = await directory.create(logId(), topicConfig({ durability: 'page-cache', 'flush.ms': '500' }))
  await appendTo(log)
  const syncs = (): number => seen.filter(({ kind, path }) => kind === 'sync' && path.endsWith('.log')).length
  assert.equal(syncs(), 0)
  env.clock.advance(500)
  assert.equal(syncs(), 0, 'begins in a moment')
  await new Promise(resolve => setImmediate(resolve))
  assert.equal(syncs(), 1)
  await directory.close()
})

test('J8 a shorter flush.ms counts at once, also for what was appended under a longer one', async () => {
  const { env, seen } = watchedEnv()
  const directory = await openTest(env)
  const ofFlush = (flushMs: string) => topicConfig({ durability: 'page-cache', 'flush.ms': flushMs })
  const log = await directory.create(logId(), ofFlush('100000'))
  await appendTo(log)
  const syncs = (): number => seen.filter(({ kind, path }) => kind === 'sync' && path.endsWith('.log')).length
  log.setConfig(ofFlush('200'))
  env.clock.advance(200)
  await new Promise(resolve => setImmediate(resolve))
  assert.equal(syncs(), 1)
  await directory.close()
})

test('J9 the durable end follows rounds, and the host hears of it before those who wait', async () => {
  const directory = await openTest(testEnv())
  const log = await directory.create(logId(), topicConfig())
  const heard: number[] = []
  log.attach({
    highWatermark: () => log.durableEndOffset,
    producers: () => ({ offset: log.endOffset, entries: [] }),
    durable: endOffset => heard.push(endOffset),
  })
  const done = appendTo(log, { count: 5 })
  assert.equal(log.endOffset, 5)
  assert.equal(log.durableEndOffset, 0)
  const order: string[] = []
  await done.then(() => order.push(`woken after ${heard.join(',')}`))
  assert.deepEqual(order, ['woken after 5'])
  await directory.close()
})

test('J11 reads hold their memory: a piece is not used again before they let go', async () => {
  const env = testEnv()
  const memory = new MemoryBudget(env.disk, { bytes: 128 * 1024 })
  const directory = await openTest(env, { memory })
  const log = await directory.create(logId(), topicConfig())
  for (let i = 0; i < 20; i++) await appendTo(log, { valueBytes: 1000 })
  const read = await log.read(0, { upTo: 20, maxBytes: 1_000_000, minOneBatch: true })
  const before = read.chunks.map(chunk => chunk.slice())
  for (let i = 0; i < 600; i++) {
    await appendTo(log, { valueBytes: 1000 })
    if (i % 50 === 0) await directory.checkpoint()
  }
  assert.ok((log.pieces[0]?.baseOffset ?? 0) > 20, 'the first pieces are not served any more')
  assert.deepEqual(read.chunks, before)
  read.release()
  assert.deepEqual(await valuesFrom(log, 0), offsetsAsValues(0, 620))
  await directory.close()
})

test('J11 memory in use stays near the budget while the disk keeps up', async () => {
  const env = testEnv()
  const memory = new MemoryBudget(env.disk, { bytes: 256 * 1024 })
  const directory = await openTest(env, { memory })
  const logs = []
  for (let i = 0; i < 40; i++) logs.push(await directory.create(logId(i), topicConfig()))
  for (let i = 0; i < 2000; i++) {
    const log = logs[i % logs.length]
    assert.ok(log)
    await appendTo(log, { valueBytes: 700 })
  }
  // 40 logs hold a piece of 16 KB each at most between two checkpoints.
  assert.ok(memory.inUseBytes <= 1024 * 1024, String(memory.inUseBytes))
  for (const log of logs) assert.deepEqual(await valuesFrom(log, 0), offsetsAsValues(0, 50))
  await directory.close()
})

test('J13 where there is no direct I/O the same rounds go through the page cache', async () => {
  const env = testEnv({ supportsDirect: false })
  const directory = await openTest(env)
  const log = await directory.create(logId(), topicConfig({ 'segment.bytes': '2000' }))
  for (let i = 0; i < 50; i++) await appendTo(log)
  const disk = env.disk.crash('power', new Prng('mac'))
  const again = await openTest(testEnv({ disk, seed: 'again' }))
  const [found] = again.logs()
  assert.ok(found)
  assert.deepEqual(await valuesFrom(found, 0), offsetsAsValues(0, 50))
  await again.close()
})

for (const [from, to] of [
  ['disk', 'page-cache'],
  ['page-cache', 'disk'],
] as const) {
  test(`J8 durability changes from ${from} to ${to} while in use, and a kill at any time after loses nothing`, async () => {
    const env = testEnv()
    const directory = await openTest(env)
    const log = await directory.create(logId(), topicConfig({ durability: from }))
    for (let i = 0; i < 10; i++) await appendTo(log)
    log.setConfig(topicConfig({ durability: to }))
    for (let i = 0; i < 10; i++) await appendTo(log)
    env.clock.advance(1)
    for (let i = 0; i < 20 && log.durability !== to; i++) {
      await directory.checkpoint()
    }
    assert.equal(log.durability, to)
    for (let i = 0; i < 10; i++) await appendTo(log)
    const disk = env.disk.crash('kill', new Prng('changed'))
    const again = await openTest(testEnv({ disk, seed: 'again' }))
    const [found] = again.logs()
    assert.ok(found)
    assert.deepEqual(await valuesFrom(found, 0), offsetsAsValues(0, 30))
    await again.close()
  })
}

test('J3 a checkpoint of many logs that nobody waits for goes on a few at a time, and hurries for whoever comes', async () => {
  const { env, seen } = watchedEnv()
  const directory = await openTest(env)
  for (let partition = 0; partition < 12; partition++) {
    await appendTo(await directory.create(logId(partition), topicConfig()))
  }
  seen.length = 0
  const syncs = (): number => seen.filter(({ kind, path }) => kind === 'sync' && path.endsWith('.log')).length
  const quiet = async (): Promise<void> => {
    for (let i = 0; i < 20; i++) await new Promise(resolve => setImmediate(resolve))
  }
  env.clock.advance(CHECKPOINT_AFTER_MS)
  await quiet()
  assert.equal(syncs(), 4)
  env.clock.advance(20)
  await quiet()
  assert.equal(syncs(), 8)
  await directory.create(logId(12), topicConfig())
  assert.equal(syncs(), 12)
})
