import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Codec } from '../wire/batch/header.ts'
import { readRecords } from '../wire/batch/iterate.ts'
import { initProducerIdApi } from '../wire/gen/init-producer-id.ts'
import { produceApi } from '../wire/gen/produce.ts'
import { sequenceAfter } from './producer-batch.ts'
import { ProduceBroker, send, textOf, utf8, type Verdict } from './testing/produce-broker.ts'

test('records sent in one go share a batch, and each learns its own offset', async () => {
  const kafka = await ProduceBroker.start()
  const producer = kafka.producer()
  const places = await kafka.world.settled(Promise.all(['a', 'b', 'c'].map(value => send(producer, value))))
  assert.deepEqual(
    places.map(place => [place.partition, place.offset]),
    [
      [0, 0],
      [0, 1],
      [0, 2],
    ],
  )
  assert.deepEqual(kafka.seen, [{ partition: 0, producerId: 4000n, epoch: 0, sequence: 0, values: ['a', 'b', 'c'] }])
  assert.equal(kafka.broker.asked(produceApi)[0]?.body.acks, -1)
})

test('sequences follow each other per partition, under one producer id', async () => {
  const kafka = await ProduceBroker.start(2)
  const producer = kafka.producer()
  for (const [partition, value] of [
    [0, 'a'],
    [1, 'b'],
    [0, 'c'],
    [1, 'd'],
  ] as const) {
    await kafka.world.settled(producer.send({ topic: 'orders', partition, value: utf8(value) }))
  }
  assert.deepEqual(
    kafka.seen.map(({ partition, producerId, sequence }) => [partition, producerId, sequence]),
    [
      [0, 4000n, 0],
      [1, 4000n, 0],
      [0, 4000n, 1],
      [1, 4000n, 1],
    ],
  )
})

test('the order of send is the order in the log, though the topic is not known at first', async () => {
  const kafka = await ProduceBroker.start()
  const producer = kafka.producer()
  const sent: Promise<unknown>[] = []
  const values: string[] = []
  // In turns of their own, so that some come before and some after the topic is known.
  for (let i = 0; i < 200; i++) {
    values.push(`${i}`)
    sent.push(send(producer, `${i}`))
    await Promise.resolve()
    if (i % 10 === 0) kafka.world.clock.advance(1)
  }
  await kafka.world.settled(Promise.all(sent))
  assert.deepEqual(kafka.values, values)
})

test('a key chooses the partition as in the Java client; a record without one stays for a while', async () => {
  const kafka = await ProduceBroker.start(8)
  const producer = kafka.producer()
  const keyed = ['abc', 'foobar', '21'].map(key => producer.send({ topic: 'orders', key: utf8(key), value: null }))
  const places = await kafka.world.settled(Promise.all(keyed))
  assert.deepEqual(
    places.map(place => place.partition),
    [479470107 % 8, (-790332482 & 0x7fff_ffff) % 8, (-973932308 & 0x7fff_ffff) % 8],
  )
  const loose = await kafka.world.settled(Promise.all(['a', 'b', 'c', 'd'].map(value => send(producer, value))))
  assert.equal(new Set(loose.map(place => place.partition)).size, 1)
})

test('at most five batches of a partition are in flight', async () => {
  const kafka = await ProduceBroker.start()
  const { promise: gate, resolve: open } = Promise.withResolvers<Verdict>()
  kafka.judge = () => gate
  const producer = kafka.producer({ batchBytes: 1 })
  const sent = Array.from({ length: 8 }, (_, i) => send(producer, `${i}`))
  await kafka.world.until(() => kafka.seen.length === 5)
  for (let turn = 0; turn < 20; turn++) await kafka.world.until(() => true)
  assert.equal(kafka.seen.length, 5)
  open('NONE')
  await kafka.world.settled(Promise.all(sent))
  assert.deepEqual(kafka.values, ['0', '1', '2', '3', '4', '5', '6', '7'])
})

test('who is not idempotent has no identity and one batch in flight', async () => {
  const kafka = await ProduceBroker.start()
  const { promise: gate, resolve: open } = Promise.withResolvers<Verdict>()
  kafka.judge = () => gate
  const producer = kafka.producer({ batchBytes: 1, idempotent: false, acks: 1 })
  const sent = Promise.all(['a', 'b'].map(value => send(producer, value)))
  await kafka.world.until(() => kafka.seen.length === 1)
  for (let turn = 0; turn < 20; turn++) await kafka.world.until(() => true)
  assert.equal(kafka.seen.length, 1)
  open('NONE')
  await kafka.world.settled(sent)
  assert.deepEqual(
    kafka.seen.map(({ producerId, sequence }) => [producerId, sequence]),
    [
      [-1n, -1],
      [-1n, -1],
    ],
  )
  assert.equal(kafka.broker.asked(initProducerIdApi).length, 0)
  assert.equal(kafka.broker.asked(produceApi)[0]?.body.acks, 1)
})

test('topics go by name where the broker tells no ids', async () => {
  const kafka = await ProduceBroker.start()
  kafka.topicId = undefined
  await kafka.world.settled(send(kafka.producer(), 'a'))
  assert.equal(kafka.broker.asked(produceApi)[0]?.version, 12)
})

test('records without a key move on to another partition after a batch', async () => {
  const kafka = await ProduceBroker.start(8)
  const producer = kafka.producer({ batchBytes: 200 })
  const places = await kafka.world.settled(
    Promise.all(Array.from({ length: 100 }, (_, i) => send(producer, `value ${i}`))),
  )
  const used = new Set(places.map(place => place.partition))
  assert.ok(used.size > 4, `${used.size} partitions`)
})

test('a small record does not overtake a large one that waits for memory', async () => {
  const kafka = await ProduceBroker.start()
  const { promise: gate, resolve: open } = Promise.withResolvers<Verdict>()
  kafka.judge = () => gate
  const producer = kafka.producer({ bufferBytes: 300 })
  const values = ['first', 'x'.repeat(280), 'last']
  const sent = Promise.all(values.map(value => send(producer, value)))
  await kafka.world.until(() => kafka.seen.length > 0)
  open('NONE')
  await kafka.world.settled(sent)
  assert.deepEqual(kafka.values, values)
})

test('sequences begin again after the largest', () => {
  assert.equal(sequenceAfter(0, 3), 3)
  assert.equal(sequenceAfter(2_147_483_646, 1), 2_147_483_647)
  assert.equal(sequenceAfter(2_147_483_647, 1), 0)
  assert.equal(sequenceAfter(2_147_483_640, 10), 2)
})

test('acks=0 resolves without an answer and without a place', async () => {
  const kafka = await ProduceBroker.start()
  const producer = kafka.producer({ acks: 0 })
  const place = await kafka.world.settled(send(producer, 'a'))
  assert.equal(place.offset, -1)
  await kafka.world.until(() => kafka.seen.length === 1)
  assert.equal(kafka.seen[0]?.producerId, -1n)
  assert.throws(() => kafka.producer({ acks: 0, idempotent: true }), /needs an answer/)
})

test('memory is bounded: what does not fit waits, in order', async () => {
  const kafka = await ProduceBroker.start()
  const { promise: gate, resolve: open } = Promise.withResolvers<Verdict>()
  kafka.judge = () => gate
  const producer = kafka.producer({ bufferBytes: 500 })
  const values = Array.from({ length: 40 }, (_, i) => `value ${i}`)
  const sent = Promise.all(values.map(value => send(producer, value)))
  await kafka.world.until(() => kafka.seen.length > 0)
  assert.equal(producer.outCount, 40)
  const together = kafka.values.length
  assert.ok(together > 2 && together < 20, `${together} records in memory`)
  open('NONE')
  await kafka.world.settled(sent)
  assert.deepEqual(kafka.values, values)
  await kafka.world.settled(producer.flush())
  assert.equal(producer.outCount, 0)
})

test('a compressed batch holds what was sent, headers and times too', async () => {
  const kafka = await ProduceBroker.start()
  const records: Uint8Array[] = []
  const { broker } = kafka
  kafka.judge = () => {
    const data = broker.asked(produceApi).at(-1)?.body.topicData[0]?.partitionData[0]?.records
    if (data != null) records.push(data)
    return 'NONE'
  }
  const producer = kafka.producer({ codec: Codec.gzip })
  const headers = [{ key: 'trace', value: utf8('1') }]
  const record = { topic: 'orders', key: utf8('k'), value: utf8('v'.repeat(1000)), headers, timestampMs: 12_345 }
  await kafka.world.settled(producer.send(record))
  const [bytes] = records
  assert.ok(bytes !== undefined && bytes.length < 300)
  const [read] = [...readRecords(bytes, 0)]
  assert.equal(read?.timestamp, 12_345)
  assert.equal(textOf(read?.value ?? null), record.value && 'v'.repeat(1000))
  assert.equal(read?.headers[0]?.key, 'trace')
})

test('a partition that is not there is refused at once', async () => {
  const kafka = await ProduceBroker.start(2)
  const sent = kafka.producer().send({ topic: 'orders', partition: 2, value: null })
  const error = await kafka.world.failure(sent)
  assert.match(error.message, /cannot write to orders-2: it has partitions 0 to 1/)
  assert.equal(kafka.seen.length, 0)
})
