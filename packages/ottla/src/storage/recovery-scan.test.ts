/** What recovery finds by scanning, behind the recovery point, and what a second crash may still take of it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Prng } from '../base/random.ts'
import { appendTo, logId, offsetsAsValues, openTest, testEnv, topicConfig, valuesFrom } from './testing.ts'

for (const seed of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']) {
  test(`what a scan found after a kill is synced before it counts: a power cut then takes none of it (${seed})`, async () => {
    const env = testEnv()
    const directory = await openTest(env)
    const log = await directory.create(logId(), topicConfig({ durability: 'page-cache', 'segment.bytes': '3000' }))
    for (let i = 0; i < 20; i++) await appendTo(log, { valueBytes: 500 })
    const killed = env.disk.crash('kill', new Prng(seed))
    await openTest(testEnv({ disk: killed, seed: 'second' }))
    const cut = killed.crash('power', new Prng(seed))
    const again = await openTest(testEnv({ disk: cut, seed: 'third' }))
    const found = again.find(logId().topicId, 0)
    assert.ok(found !== undefined)
    assert.equal(found.fault, null)
    assert.deepEqual(await valuesFrom(found, 0), offsetsAsValues(0, 20))
    await again.close()
  })
}

test('a batch whose base offset was torn away does not count, though its sum is right', async () => {
  const env = testEnv()
  const directory = await openTest(env)
  const log = await directory.create(logId(), topicConfig({ durability: 'page-cache' }))
  for (let i = 0; i < 3; i++) await appendTo(log)
  await directory.checkpoint()
  const position = log.active.sizeBytes
  await appendTo(log)
  const killed = env.disk.crash('kill', new Prng('torn'))
  const file = await killed.open(log.active.file('log'), { mode: 'write' })
  await file.write(position, new Uint8Array(8))
  await file.close()
  const again = await openTest(testEnv({ disk: killed, seed: 'again' }))
  const found = again.find(logId().topicId, 0)
  assert.ok(found !== undefined)
  assert.deepEqual(await valuesFrom(found, 0), offsetsAsValues(0, 3))
  await appendTo(found)
  assert.deepEqual(await valuesFrom(found, 0), offsetsAsValues(0, 4))
  await again.close()
})

test('a log that begins again at its start, interrupted while its files went, begins there the next time', async () => {
  const env = testEnv()
  const directory = await openTest(env)
  const log = await directory.create(logId(), topicConfig({ durability: 'page-cache' }))
  for (let i = 0; i < 5; i++) await appendTo(log)
  await directory.checkpoint()
  for (let i = 0; i < 4; i++) await appendTo(log)
  await log.advanceStart(7)
  const killed = env.disk.crash('kill', new Prng('begins again'))
  await killed.remove(log.active.file('log'))
  const again = await openTest(testEnv({ disk: killed, seed: 'again' }))
  const found = again.find(logId().topicId, 0)
  assert.ok(found !== undefined)
  assert.deepEqual([found.fault, found.startOffset, found.endOffset], [null, 7, 7])
  await again.close()
})

test('a log that begins again where a file of that name is left, behind a hole, does not keep its bytes', async () => {
  const env = testEnv()
  const directory = await openTest(env)
  const log = await directory.create(logId(), topicConfig({ durability: 'page-cache', 'segment.bytes': '3000' }))
  await directory.checkpoint()
  for (let i = 0; i < 18; i++) await appendTo(log, { valueBytes: 500 })
  const begin = log.active.baseOffset
  assert.ok(log.segments.length > 2)
  await log.advanceStart(begin)
  const killed = env.disk.crash('kill', new Prng('begins in a hole'))
  for (const segment of log.segments) if (segment.baseOffset < begin) await killed.remove(segment.file('log'))
  const again = await openTest(testEnv({ disk: killed, seed: 'again' }))
  const found = again.find(logId().topicId, 0)
  assert.ok(found !== undefined)
  assert.deepEqual([found.fault, found.startOffset, found.endOffset], [null, begin, begin])
  assert.equal((await killed.stat(found.active.file('log')))?.sizeBytes ?? 0, 0)
  await appendTo(found)
  assert.deepEqual(await valuesFrom(found, begin), offsetsAsValues(begin, begin + 1))
  await again.close()
})
