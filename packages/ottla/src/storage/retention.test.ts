/** What retention and deletion take away, and what they leave alone (J6). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Prng } from '../base/random.ts'
import type { Log } from './log.ts'
import { appendTo, DIRECTORY, logId, offsetsAsValues, openTest, testEnv, topicConfig, valuesFrom } from './testing.ts'

/** As the partition host does, with a high watermark of its own. */
function attach(log: Log, highWatermark: () => number): void {
  log.attach({ highWatermark, producers: () => ({ offset: log.endOffset, entries: [] }), durable: () => {} })
}

async function logFiles(env: ReturnType<typeof testEnv>, folder = `${DIRECTORY}/orders-0`): Promise<string[]> {
  const entries = await env.disk.list(folder)
  return entries.map(({ name }) => name).filter(name => /\.log(\.deleted)?$/.test(name))
}

test('J6 only closed segments go: those that no checkpoint has closed yet stay', async () => {
  const env = testEnv()
  const directory = await openTest(env)
  const log = await directory.create(logId(), topicConfig({ 'segment.bytes': '500', 'retention.bytes': '0' }))
  attach(log, () => log.durableEndOffset)
  for (let i = 0; i < 20; i++) await appendTo(log)
  assert.ok(log.segments.length > 3)
  await directory.runRetention(0)
  assert.equal(log.startOffset, 0)
  await directory.checkpoint()
  await directory.runRetention(0)
  assert.equal(log.segments.length, 1)
  assert.equal(log.startOffset, log.segments[0]?.baseOffset)
  await directory.close()
})

test('J6 nothing at or above the high watermark goes', async () => {
  const directory = await openTest(testEnv())
  const log = await directory.create(logId(), topicConfig({ 'segment.bytes': '500', 'retention.ms': '1' }))
  attach(log, () => 7)
  for (let i = 0; i < 20; i++) await appendTo(log)
  await directory.checkpoint()
  await directory.runRetention(1e15)
  assert.ok(log.startOffset <= 7 && log.startOffset > 0, String(log.startOffset))
  await directory.close()
})

test('retention.ms goes by the newest time in a segment, and ends an active one that is too old', async () => {
  const directory = await openTest(testEnv())
  const log = await directory.create(logId(), topicConfig({ 'segment.bytes': '500', 'retention.ms': '1000' }))
  attach(log, () => log.durableEndOffset)
  for (let i = 0; i < 12; i++) await appendTo(log, { timestamp: 1000 * i })
  await directory.checkpoint()
  await directory.runRetention(6500)
  const kept = log.segments[0]
  assert.ok(kept && kept.index.maxTimestamp >= 5500)
  assert.deepEqual(await valuesFrom(log, log.startOffset), offsetsAsValues(log.startOffset, 12))
  await directory.runRetention(1e15)
  await directory.runRetention(1e15)
  assert.equal(log.startOffset, 12)
  assert.deepEqual(await valuesFrom(log, 12), [])
  await appendTo(log)
  assert.deepEqual(await valuesFrom(log, 12), ['12'])
  await directory.close()
})

test('an emptied log keeps its offsets across a kill and a clean stop', async () => {
  const env = testEnv()
  const directory = await openTest(env)
  const log = await directory.create(logId(), topicConfig({ 'retention.ms': '1' }))
  attach(log, () => log.durableEndOffset)
  for (let i = 0; i < 5; i++) await appendTo(log)
  await directory.runRetention(1e15)
  assert.equal(log.startOffset, 5)
  const disk = env.disk.crash('power', new Prng('emptied'))
  const again = await openTest(testEnv({ disk, seed: 'again' }))
  const [found] = again.logs()
  assert.deepEqual([found?.startOffset, found?.endOffset], [5, 5])
  await again.close()
  const third = await openTest(testEnv({ disk, seed: 'third' }))
  const [last] = third.logs()
  assert.deepEqual([last?.startOffset, last?.endOffset], [5, 5])
  await third.close()
})

test('files are renamed at once and removed after file.delete.delay.ms, or at the next start', async () => {
  const env = testEnv()
  const directory = await openTest(env)
  const config = topicConfig({ 'segment.bytes': '500', 'retention.bytes': '600', 'file.delete.delay.ms': '5000' })
  const log = await directory.create(logId(), config)
  attach(log, () => log.durableEndOffset)
  for (let i = 0; i < 20; i++) await appendTo(log)
  await directory.checkpoint()
  await directory.runRetention(0)
  const renamed = (await logFiles(env)).filter(name => name.endsWith('.deleted'))
  assert.ok(renamed.length >= 2)
  env.clock.advance(5000)
  await new Promise(resolve => setImmediate(resolve))
  assert.deepEqual(
    (await logFiles(env)).filter(name => name.endsWith('.deleted')),
    [],
  )
  for (let i = 0; i < 20; i++) await appendTo(log)
  await directory.checkpoint()
  await directory.runRetention(0)
  await directory.close()
  assert.ok((await logFiles(env)).some(name => name.endsWith('.deleted')))
  const again = await openTest(testEnv({ disk: env.disk, seed: 'again' }))
  assert.deepEqual(
    (await logFiles(env)).filter(name => name.endsWith('.deleted')),
    [],
  )
  await again.close()
})

test('a deleted log is renamed, its files go later, and a new one may take the name', async () => {
  const env = testEnv()
  const directory = await openTest(env)
  const log = await directory.create(logId(), topicConfig({ 'file.delete.delay.ms': '100' }))
  for (let i = 0; i < 5; i++) await appendTo(log)
  await directory.remove(log)
  assert.equal(directory.find(log.id.topicId, 0), undefined)
  await assert.rejects(appendTo(log))
  const names = async (): Promise<string[]> =>
    (await env.disk.list(DIRECTORY)).filter(({ kind }) => kind === 'directory').map(({ name }) => name)
  assert.match((await names()).join(), /^orders-0\.[0-9a-f]{32}-delete$/)
  const next = await directory.create(logId(0, 'AAAAAAAAAAAAAAAAAAAAHA'), topicConfig())
  await appendTo(next, { mark: 'n' })
  env.clock.advance(100)
  for (let i = 0; i < 20; i++) await new Promise(resolve => setImmediate(resolve))
  assert.deepEqual(await names(), ['orders-0'])
  const disk = env.disk.crash('power', new Prng('deleted'))
  const again = await openTest(testEnv({ disk, seed: 'again' }))
  const [found] = again.logs()
  assert.ok(found)
  assert.deepEqual(await valuesFrom(found, 0), ['0n'])
  await again.close()
})
