import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildMarkerBatch } from '../wire/batch/build.ts'
import { BatchError } from '../wire/batch/errors.ts'
import { patchBaseOffset } from '../wire/batch/header.ts'
import { fetchApi } from '../wire/gen/fetch.ts'
import { metadataApi } from '../wire/gen/metadata.ts'
import { ConnectionError } from './connection-error.ts'
import { FetchLane } from './fetch-lane.ts'
import { ReadGap } from './partition-reader.ts'
import { ReadPosition } from './read-position.ts'
import { batchAt, FetchBroker, joined, TOPIC_ID, valuesOf } from './testing/fetch-broker.ts'
import type { ScriptedBroker } from './testing/scripted-broker.ts'
import { WireFailure } from './wire-failure.ts'

test('reads from the start, and goes on behind what it read', async () => {
  const kafka = await FetchBroker.start()
  kafka.start = 10
  kafka.answer = ({ offset }) => ({ records: batchAt(offset, ['a', 'b']), highWatermark: 20 })
  const reader = kafka.reader('start')
  assert.equal(reader.position('orders', 0), null)
  const read = await kafka.read(reader)
  assert.deepEqual(valuesOf(read), ['10:a', '11:b'])
  assert.equal(read[0]?.highWatermark, 20)
  assert.equal(read[0]?.records[0]?.timestamp, 1010)
  assert.equal(reader.position('orders', 0), 12)
  assert.deepEqual(valuesOf(await kafka.read(reader)), ['12:a', '13:b'])
  assert.deepEqual(
    kafka.asked.map(asked => asked.offset),
    [10, 12],
  )
})

test('a lane that is closed while it connects keeps no connection', async () => {
  const kafka = await FetchBroker.start()
  const [broker] = kafka.brokers as [ScriptedBroker]
  const { topicId, ...leader } = await kafka.world.settled(kafka.cluster.leader('orders', 0))
  const lane = new FetchLane(kafka.cluster.connections, leader.address)
  const before = broker.connections.size
  const position = new ReadPosition('orders', 0, 0)
  lane.begin([{ position, offset: 0, topicId, leaderEpoch: 3 }], { maxWaitMs: 1, maxBytes: 1 })
  lane.close()
  await kafka.world.settled(lane.settled())
  assert.throws(() => lane.takeAnswers(), ConnectionError)
  await kafka.world.until(() => broker.connections.size === before)
  assert.equal(broker.asked(fetchApi).length, 0)
})

test('reads from the end', async () => {
  const kafka = await FetchBroker.start()
  kafka.end = 42
  const reader = kafka.reader('end')
  assert.deepEqual(await kafka.world.settled(reader.poll()), [])
  assert.equal(reader.position('orders', 0), 42)
})

test('leaves out what lies before the position in the first batch', async () => {
  const kafka = await FetchBroker.start()
  kafka.answer = () => ({ records: joined(batchAt(5, ['a', 'b', 'c']), batchAt(8, ['d'])) })
  const reader = kafka.reader(7)
  assert.deepEqual(valuesOf(await kafka.read(reader)), ['7:c', '8:d'])
  assert.equal(reader.position('orders', 0), 9)
})

test('markers of transactions are passed over', async () => {
  const kafka = await FetchBroker.start()
  const marker = buildMarkerBatch({
    type: 'commit',
    producerId: 7n,
    producerEpoch: 0,
    coordinatorEpoch: 0,
    timestampMs: 1,
  })
  patchBaseOffset(marker, 0, 1)
  kafka.answer = ({ offset }) => (offset === 0 ? { records: joined(batchAt(0, ['a']), marker) } : {})
  const reader = kafka.reader()
  assert.deepEqual(valuesOf(await kafka.read(reader)), ['0:a'])
  assert.equal(reader.position('orders', 0), 2)
})

test('a batch that is cut short is asked for again, with more room', async () => {
  const kafka = await FetchBroker.start()
  const large = batchAt(0, ['x'.repeat(3_000_000)])
  kafka.answer = ({ maxBytes }) => ({ records: large.subarray(0, maxBytes) })
  const reader = kafka.reader()
  const [read] = await kafka.read(reader)
  assert.equal(read?.records[0]?.value?.length, 3_000_000)
  const sizes = kafka.asked.map(asked => asked.maxBytes)
  assert.deepEqual(sizes, [2 ** 20, 2 ** 21, 2 ** 22])
})

test('a batch cut short behind whole ones is left for the next fetch', async () => {
  const kafka = await FetchBroker.start()
  const two = joined(batchAt(0, ['a']), batchAt(1, ['b']))
  kafka.answer = () => ({ records: two.subarray(0, two.length - 1) })
  const reader = kafka.reader()
  assert.deepEqual(valuesOf(await kafka.read(reader)), ['0:a'])
  assert.equal(reader.position('orders', 0), 1)
})

test('a damaged batch is an error that names it, and what stands before it is read', async () => {
  const kafka = await FetchBroker.start()
  const damaged = batchAt(1, ['b'])
  damaged[damaged.length - 2]! ^= 1
  kafka.answer = ({ offset }) => ({ records: offset === 0 ? joined(batchAt(0, ['a']), damaged) : damaged })
  const reader = kafka.reader()
  assert.deepEqual(valuesOf(await kafka.read(reader)), ['0:a'])
  const error = await kafka.world.failure(reader.poll())
  assert.ok(error instanceof BatchError && error.kind === 'crc', `${error}`)
  assert.equal(reader.position('orders', 0), 1)
})

test('a position that is not in the log is a failure, the start or the end, as asked', async () => {
  const kafka = await FetchBroker.start()
  kafka.start = 50
  kafka.end = 60
  kafka.answer = ({ offset }) =>
    offset < 50 ? { error: 'OFFSET_OUT_OF_RANGE', logStartOffset: 50 } : { records: batchAt(offset, ['a']) }
  const error = await kafka.world.failure(kafka.reader(5).poll())
  assert.ok(error instanceof ReadGap && error.offset === 5)
  assert.match(error.message, /offset 5 of orders-0 cannot be read: it is not in the log; the log begins at 50/)
  assert.deepEqual(valuesOf(await kafka.read(kafka.reader(5, { onGap: 'start' }))), ['50:a'])
  assert.deepEqual(valuesOf(await kafka.read(kafka.reader(5, { onGap: 'end' }))), ['60:a'])
})

test('a log that was cut below what was read is told, or gone back to', async () => {
  const kafka = await FetchBroker.start()
  let isCut = false
  kafka.answer = ({ offset, request }) => {
    if (offset === 0) return { records: batchAt(0, ['a', 'b', 'c'], 3) }
    if (!isCut) return {}
    const lastFetchedEpoch = request.topics[0]?.partitions[0]?.lastFetchedEpoch
    if (lastFetchedEpoch === 3) return { divergingEpoch: { epoch: 3, endOffset: 1 } }
    return { records: batchAt(offset, ['B'], 4) }
  }
  for (const onGap of ['fail', 'start'] as const) {
    isCut = false
    const reader = kafka.reader(0, { onGap })
    await kafka.read(reader)
    isCut = true
    if (onGap === 'fail') assert.ok((await kafka.world.failure(reader.poll())) instanceof ReadGap)
    else assert.deepEqual(valuesOf(await kafka.read(reader)), ['1:B'])
  }
})

test('a leader that has moved is looked up again', async () => {
  const kafka = await FetchBroker.start()
  kafka.answer = () => {
    if (kafka.asked.length > 1) return { records: batchAt(0, ['a']) }
    kafka.leaderEpoch = 4
    return { error: 'FENCED_LEADER_EPOCH' }
  }
  assert.deepEqual(valuesOf(await kafka.read(kafka.reader())), ['0:a'])
  assert.equal(kafka.brokers[0]?.asked(metadataApi).length, 2)
})

test('a lost connection is made anew', async () => {
  const kafka = await FetchBroker.start()
  kafka.answer = () => (kafka.asked.length === 1 ? 'close' : { records: batchAt(0, ['a']) })
  assert.deepEqual(valuesOf(await kafka.read(kafka.reader())), ['0:a'])
})

test('what does not pass is told in the end; what can never pass at once', async () => {
  const kafka = await FetchBroker.start()
  kafka.answer = () => ({ error: 'NOT_LEADER_OR_FOLLOWER' })
  const reader = kafka.reader(0, { retryForMs: 2000 })
  const begun = kafka.world.clock.monoMs()
  const error = await kafka.world.failure(
    (async () => {
      for (;;) await reader.poll()
    })(),
  )
  assert.ok(error instanceof WireFailure && error.errorName === 'NOT_LEADER_OR_FOLLOWER')
  const took = kafka.world.clock.monoMs() - begun
  assert.ok(took >= 2000 && took < 5000, `${took} ms`)
  kafka.answer = () => ({ error: 'TOPIC_AUTHORIZATION_FAILED' })
  assert.match((await kafka.world.failure(kafka.reader().poll())).message, /cannot read orders-0/)
})

test('several partitions of one leader are one fetch, another first each time', async () => {
  const kafka = await FetchBroker.start({ partitions: 3 })
  kafka.answer = ({ partition, offset }) => ({ records: batchAt(offset, [`p${partition}`]) })
  const reader = kafka.reader(0, {}, [0, 1, 2])
  const first = await kafka.read(reader)
  assert.deepEqual(
    first.map(each => each.partition),
    [0, 1, 2],
  )
  assert.deepEqual(
    (await kafka.read(reader)).map(each => each.partition),
    [1, 2, 0],
  )
  assert.equal(kafka.brokers[0]?.asked(fetchApi).length, 2)
})

test('a broken partition does not keep the others back', async () => {
  const kafka = await FetchBroker.start({ partitions: 2 })
  kafka.answer = ({ partition, offset }) =>
    partition === 0 ? { error: 'KAFKA_STORAGE_ERROR' } : { records: batchAt(offset, ['a']) }
  const reader = kafka.reader(0, {}, [0, 1])
  assert.deepEqual(valuesOf(await kafka.read(reader)), ['0:a'])
  assert.deepEqual(valuesOf(await kafka.read(reader)), ['1:a'])
})

test('a leader that is slow does not keep the records of another back', async () => {
  const kafka = await FetchBroker.start({ partitions: 2, brokers: 2 })
  const { promise: gate, resolve: open } = Promise.withResolvers<void>()
  const [, slow] = kafka.brokers
  assert.ok(slow !== undefined)
  slow.on(fetchApi, async () => {
    await gate
    const partitions = [{ partitionIndex: 1, highWatermark: 9, records: batchAt(0, ['slow']) }]
    return { responses: [{ topicId: TOPIC_ID, partitions }] }
  })
  kafka.answer = ({ offset }) => ({ records: batchAt(offset, ['fast']) })
  const reader = kafka.reader(0, {}, [0, 1])
  assert.deepEqual(valuesOf(await kafka.read(reader)), ['0:fast'])
  assert.deepEqual(valuesOf(await kafka.read(reader)), ['1:fast'])
  assert.equal(slow.asked(fetchApi).length, 1)
  open()
  const rest = new Set<string>()
  while (!rest.has('0:slow')) for (const value of valuesOf(await kafka.read(reader))) rest.add(value)
})

test('an answer to a position that was left meanwhile is not given', async () => {
  const kafka = await FetchBroker.start({ partitions: 2, brokers: 2 })
  const { promise: gate, resolve: open } = Promise.withResolvers<void>()
  const [, slow] = kafka.brokers
  assert.ok(slow !== undefined)
  let asks = 0
  slow.on(fetchApi, async ({ body }) => {
    if (++asks === 1) await gate
    const offset = body.topics[0]?.partitions[0]?.fetchOffset ?? -1
    const partitions = [{ partitionIndex: 1, highWatermark: 90, records: batchAt(offset, ['x']) }]
    return { responses: [{ topicId: TOPIC_ID, partitions }] }
  })
  kafka.answer = ({ offset }) => ({ records: batchAt(offset, ['y']) })
  const reader = kafka.reader(30, {}, [0, 1])
  await kafka.read(reader)
  reader.seek('orders', 1, 10)
  open()
  const seen = new Set<string>()
  while (!seen.has('10:x')) {
    for (const value of valuesOf(await kafka.read(reader))) seen.add(value)
    assert.ok(!seen.has('30:x'))
  }
})

test('failures that pass in time may come again and again', async () => {
  const kafka = await FetchBroker.start()
  let failsUntilMs = 1500
  kafka.answer = ({ offset }) => {
    if (kafka.world.clock.monoMs() < failsUntilMs) return { error: 'NOT_LEADER_OR_FOLLOWER' }
    return { records: batchAt(offset, ['a']) }
  }
  const reader = kafka.reader(0, { retryForMs: 2000 })
  await kafka.read(reader)
  failsUntilMs = kafka.world.clock.monoMs() + 1500
  assert.deepEqual(valuesOf(await kafka.read(reader)), ['1:a'])
})

test('topics go by name where the broker tells no ids', async () => {
  const kafka = await FetchBroker.start()
  kafka.topicId = undefined
  kafka.answer = ({ offset }) => ({ records: batchAt(offset, ['a']) })
  assert.deepEqual(valuesOf(await kafka.read(kafka.reader())), ['0:a'])
  assert.equal(kafka.brokers[0]?.asked(fetchApi)[0]?.version, 12)
})

test('a position never goes back by what was read', () => {
  const position = new ReadPosition('orders', 0, 5)
  assert.deepEqual(position.take(batchAt(0, ['a', 'b'])), [])
  assert.equal(position.offset, 5)
})

test('closing ends a poll that is out', async () => {
  const kafka = await FetchBroker.start()
  kafka.brokers[0]?.on(fetchApi, () => 'silence')
  const reader = kafka.reader()
  const error = kafka.world.failure(reader.poll())
  await kafka.world.until(() => kafka.brokers[0]?.asked(fetchApi).length === 1)
  reader.close()
  assert.match((await error).message, /the connection was closed/)
})
