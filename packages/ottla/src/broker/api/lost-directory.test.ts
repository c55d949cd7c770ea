import assert from 'node:assert/strict'
import { test } from 'node:test'
import { batchOf, createTopic, errorOf, produce } from '../testing/calls.ts'
import { MemoryBroker, MemoryWorld } from '../testing/memory-broker.ts'

test('partitions of a log directory that is taken out of log.dirs are not made anew, however often it starts', async () => {
  const world = new MemoryWorld()
  const both = await MemoryBroker.start({ 'log.dirs': '/a,/b' }, world)
  const peer = await both.connect()
  await createTopic(peer, 'orders', { partitions: 4 })
  for (const partition of [0, 1, 2, 3]) await produce(peer, { topic: 'orders', partition, records: batchOf(['kept']) })
  await both.close()
  for (let start = 0; start < 3; start++) {
    const one = await MemoryBroker.start({ 'log.dirs': '/a' }, world)
    const again = await one.connect()
    const errors: string[] = []
    for (const partition of [0, 1, 2, 3]) {
      errors.push(errorOf(await produce(again, { topic: 'orders', partition, records: batchOf(['more']) })))
    }
    assert.deepEqual(errors.sort(), ['KAFKA_STORAGE_ERROR', 'KAFKA_STORAGE_ERROR', 'NONE', 'NONE'], `start ${start}`)
    await one.close()
  }
  const back = await MemoryBroker.start({ 'log.dirs': '/a,/b' }, world)
  const last = await back.connect()
  const offsets: number[] = []
  for (const partition of [0, 1, 2, 3]) {
    offsets.push((await produce(last, { topic: 'orders', partition, records: batchOf(['back']) })).baseOffset)
  }
  assert.deepEqual(offsets.sort(), [1, 1, 4, 4])
  await back.close()
})
