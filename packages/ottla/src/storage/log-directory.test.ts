/** A log directory from start to stop: append, read, roll, stop, start again; and what it refuses. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Prng } from '../base/random.ts'
import { appendTo, DIRECTORY, logId, offsetsAsValues, openTest, testEnv, topicConfig, valuesFrom } from './testing.ts'

test('what was appended is read back, from memory and after a clean stop from the files', async () => {
  const env = testEnv()
  const directory = await openTest(env)
  const log = await directory.create(logId(), topicConfig({ 'segment.bytes': '4096' }))
  for (let i = 0; i < 200; i++) await appendTo(log)
  assert.equal(log.durableEndOffset, 200)
  assert.ok(log.segments.length > 3)
  assert.deepEqual(await valuesFrom(log, 0), offsetsAsValues(0, 200))
  await directory.close()

  const again = await openTest(testEnv({ disk: env.disk, seed: 'again' }))
  assert.equal(again.cleanStart, true)
  const found = again.find(log.id.topicId, 0)
  assert.ok(found)
  assert.equal(found.endOffset, 200)
  assert.deepEqual(await valuesFrom(found, 0), offsetsAsValues(0, 200))
  assert.deepEqual(await valuesFrom(found, 137, 150), offsetsAsValues(137, 150))
  await appendTo(found)
  assert.deepEqual(await valuesFrom(found, 190), offsetsAsValues(190, 201))
  await again.close()
})

for (const kind of ['kill', 'power'] as const) {
  test(`what was durable is there after a ${kind} (J2)`, async () => {
    const env = testEnv()
    const directory = await openTest(env)
    const log = await directory.create(logId(), topicConfig({ 'segment.bytes': '4096' }))
    for (let i = 0; i < 100; i++) await appendTo(log)
    await directory.checkpoint()
    for (let i = 0; i < 50; i++) await appendTo(log)
    const disk = env.disk.crash(kind, new Prng(kind))
    const again = await openTest(testEnv({ disk, seed: 'again' }))
    assert.equal(again.cleanStart, false)
    const found = again.find(log.id.topicId, 0)
    assert.ok(found)
    assert.equal(found.endOffset, 150)
    assert.deepEqual(await valuesFrom(found, 0), offsetsAsValues(0, 150))
    await appendTo(found)
    assert.deepEqual(await valuesFrom(found, 0), offsetsAsValues(0, 151))
    await again.close()
    assert.ok((await disk.list(DIRECTORY)).some(entry => entry.name === '.kafka_cleanshutdown'))
  })
}
