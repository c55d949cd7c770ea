/**
 * What a start finds of a log's producers: five batches of each, as clients with five requests in flight rely on, though
 * Kafka's own files have room for one.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MemoryDisk } from '../adapters/memory/disk.ts'
import { Prng } from '../base/random.ts'
import type { Offset } from '../base/units.ts'
import type { ProducerEntry } from './env.ts'
import { replaceFile } from './files.ts'
import { encodeProducerSnapshot, snapshotFileName } from './producer-snapshot.ts'
import { appendTo, DIRECTORY, logId, openTest, testEnv, topicConfig } from './testing.ts'

const FOLDER = `${DIRECTORY}/orders-0`

/** One producer whose newest batches, one record each, end at `endOffset`. */
function producerUpTo(endOffset: Offset, batches: number): ProducerEntry[] {
  const offsets = Array.from({ length: batches }, (_, i) => endOffset - batches + i)
  return [
    {
      producerId: 7n,
      producerEpoch: 0,
      coordinatorEpoch: -1,
      currentTxnFirstOffset: -1,
      lastTimestamp: 1000 + endOffset - 1,
      batches: offsets.map(at => ({
        firstSequence: at,
        lastSequence: at,
        lastOffset: at,
        offsetDelta: 0,
        timestamp: 1000 + at,
      })),
    },
  ]
}

async function opened(disk?: MemoryDisk) {
  const env = testEnv(disk === undefined ? {} : { disk, seed: 'again' })
  const directory = await openTest(env)
  const config = topicConfig({ 'segment.bytes': '300' })
  const log = directory.find(logId().topicId, 0) ?? (await directory.create(logId(), config))
  const host = {
    highWatermark: () => log.durableEndOffset,
    producers: () => ({ offset: log.endOffset, entries: producerUpTo(log.endOffset, 5) }),
    durable: () => {},
  }
  return {
    env,
    log,
    checkpoint: () => directory.checkpoint(),
    take: () => log.attach(host),
    close: () => directory.close(),
  }
}

test('a clean stop keeps all five batches of a producer, unless Kafka has written since', async () => {
  const first = await opened()
  first.take()
  for (let i = 0; i < 5; i++) await appendTo(first.log)
  await first.close()
  const second = await opened(first.env.disk)
  assert.deepEqual(second.log.recovered.producers, { offset: 5, entries: producerUpTo(5, 5) })
  await second.close()
  const kafkas = producerUpTo(6, 1)
  await replaceFile(first.env.disk, `${FOLDER}/${snapshotFileName(5)}`, encodeProducerSnapshot(kafkas))
  const third = await opened(first.env.disk)
  assert.deepEqual(third.log.recovered.producers, { offset: 5, entries: kafkas })
  await third.close()
})

test('a clean stop keeps them too when nothing was appended since a kill', async () => {
  const first = await opened()
  first.take()
  for (let i = 0; i < 5; i++) await appendTo(first.log)
  const second = await opened(first.env.disk.crash('kill', new Prng('no appends')))
  second.take()
  await second.close()
  const third = await opened(second.env.disk)
  assert.deepEqual(third.log.recovered.producers, { offset: 5, entries: producerUpTo(5, 5) })
  await third.close()
})

for (const checkpointed of [0, 3]) {
  test(`a clean stop before anybody took the log leaves them to replay, from ${checkpointed} on`, async () => {
    const first = await opened()
    first.take()
    for (let i = 0; i < checkpointed; i++) await appendTo(first.log)
    if (checkpointed > 0) await first.checkpoint()
    for (let i = checkpointed; i < 12; i++) await appendTo(first.log)
    const killed = first.env.disk.crash('kill', new Prng('stopped early'))
    // A checkpoint wrote this one as a segment had begun there, and did not come to its end.
    const { baseOffset } = first.log.active
    const atRoll = encodeProducerSnapshot(producerUpTo(baseOffset, 1))
    await replaceFile(killed, `${FOLDER}/${snapshotFileName(baseOffset)}`, atRoll)
    await (await opened(killed)).close()
    const third = await opened(killed)
    assert.equal(third.log.recovered.producers.offset, checkpointed)
    await third.close()
  })
}
