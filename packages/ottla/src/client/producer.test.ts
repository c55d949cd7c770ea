import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorCodeOf, type WireErrorName } from '../spec/errors.ts'
import { Codec, emptyBatchHeader, producerIdAt, readBatchHeader } from '../wire/batch/header.ts'
import { readRecords } from '../wire/batch/iterate.ts'
import { initProducerIdApi } from '../wire/gen/init-producer-id.ts'
import { metadataApi } from '../wire/gen/metadata.ts'
import { produceApi } from '../wire/gen/produce.ts'
import { Cluster } from './cluster.ts'
import { ProduceFailure } from './produce-failure.ts'
import { Producer, type ProducerOptions } from './producer.ts'
import { type Asked, ScriptedBroker, TestWorld } from './testing.ts'
import { WireFailure } from './wire-failure.ts'

const TOPIC_ID = 'q83vEjRWeJCrze8SNFZ4kA'
const utf8 = (text: string) => new TextEncoder().encode(text)
const textOf = (bytes: Uint8Array | null) => (bytes === null ? null : new TextDecoder().decode(bytes))

/** One batch as the broker saw it. */
interface SeenBatch {
  readonly partition: number
  readonly producerId: bigint
  readonly epoch: number
  readonly sequence: number
  readonly values: (string | null)[]
}

type Verdict = WireErrorName | 'close' | 'silence'

/** A broker with one topic; `judge` says what becomes of each batch, in the order of arrival. */
class ProduceBroker {
  readonly world = new TestWorld()
  readonly seen: SeenBatch[] = []
  broker!: ScriptedBroker
  cluster!: Cluster
  judge: (batch: SeenBatch, index: number) => Verdict | Promise<Verdict> = () => 'NONE'
  #endOffset = 0
  #nextProducerId = 4000n

  static async start(partitions = 1): Promise<ProduceBroker> {
    const self = new ProduceBroker()
    self.broker = await ScriptedBroker.start(self.world)
    const { address } = self.broker
    self.broker.on(metadataApi, () => ({
      brokers: [{ nodeId: 1, ...address }],
      controllerId: 1,
      topics: [
        {
          name: 'orders',
          topicId: TOPIC_ID,
          partitions: Array.from({ length: partitions }, (_, partitionIndex) => ({
            partitionIndex,
            leaderId: 1,
            leaderEpoch: 3,
            replicaNodes: [1],
            isrNodes: [1],
          })),
        },
      ],
    }))
    self.broker.on(initProducerIdApi, () => ({ producerId: self.#nextProducerId++, producerEpoch: 0 }))
    self.broker.on(produceApi, asked => self.#produce(asked))
    self.cluster = new Cluster(self.world, { bootstrap: [address], clientId: 'producer' })
    return self
  }

  producer(options: ProducerOptions = {}): Producer {
    return new Producer(this.cluster, options)
  }

  get values(): (string | null)[] {
    return this.seen.flatMap(batch => batch.values)
  }

  async #produce({
    body,
    version,
  }: Asked<{
    acks: number
    topicData: readonly {
      topicId: string
      name: string
      partitionData: readonly { index: number; records: Uint8Array | null }[]
    }[]
  }>) {
    const [topic] = body.topicData
    const [data] = topic?.partitionData ?? []
    assert.ok(topic !== undefined && data !== undefined && data.records !== null)
    if (version >= 13) assert.equal(topic.topicId, TOPIC_ID)
    else assert.equal(topic.name, 'orders')
    const header = readBatchHeader(data.records, 0, emptyBatchHeader())
    const batch: SeenBatch = {
      partition: data.index,
      producerId: producerIdAt(data.records, 0),
      epoch: header.producerEpoch,
      sequence: header.baseSequence,
      values: [...readRecords(data.records, 0)].map(record => textOf(record.value)),
    }
    this.seen.push(batch)
    const verdict = await this.judge(batch, this.seen.length - 1)
    if (verdict === 'close' || verdict === 'silence') return verdict
    if (body.acks === 0) return 'silence' as const
    const baseOffset = verdict === 'NONE' ? this.#endOffset : -1
    if (verdict === 'NONE') this.#endOffset += batch.values.length
    const partitionResponses = [{ index: data.index, errorCode: errorCodeOf(verdict), baseOffset }]
    return { responses: [{ name: 'orders', topicId: TOPIC_ID, partitionResponses }] }
  }
}

const send = (producer: Producer, value: string) => producer.send({ topic: 'orders', value: utf8(value) })

async function failureOf(world: TestWorld, promise: Promise<unknown>): Promise<ProduceFailure> {
  const error = await world.failure(promise)
  assert.ok(error instanceof ProduceFailure, `${error.stack}`)
  return error
}

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

test('after a lost connection the same batch comes again with the same sequence', async () => {
  const kafka = await ProduceBroker.start()
  kafka.judge = (_, index) => (index === 0 ? 'close' : 'NONE')
  const place = await kafka.world.settled(send(kafka.producer(), 'a'))
  assert.equal(place.offset, 0)
  assert.equal(kafka.seen.length, 2)
  assert.deepEqual(kafka.seen[0], kafka.seen[1])
})

test('batches in flight behind a failed one come again behind it, in order', async () => {
  const kafka = await ProduceBroker.start()
  kafka.judge = ({ sequence }, index) => {
    if (index < 3) return sequence === 0 ? 'NOT_LEADER_OR_FOLLOWER' : 'OUT_OF_ORDER_SEQUENCE_NUMBER'
    return 'NONE'
  }
  const producer = kafka.producer({ batchBytes: 1 })
  const places = await kafka.world.settled(Promise.all(['a', 'b', 'c'].map(value => send(producer, value))))
  assert.deepEqual(
    places.map(place => place.offset),
    [0, 1, 2],
  )
  assert.deepEqual(kafka.values, ['a', 'b', 'c', 'a', 'b', 'c'])
  assert.deepEqual(
    kafka.seen.map(batch => batch.sequence),
    [0, 1, 2, 0, 1, 2],
  )
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

test('a refused batch fails alone; what follows goes on from sequence 0 of a higher epoch', async () => {
  const kafka = await ProduceBroker.start()
  kafka.judge = ({ values, sequence, epoch }) => {
    if (values.includes('too large')) return 'MESSAGE_TOO_LARGE'
    return epoch === 0 && sequence > 1 ? 'OUT_OF_ORDER_SEQUENCE_NUMBER' : 'NONE'
  }
  const producer = kafka.producer({ batchBytes: 1 })
  const [first, large, last] = ['a', 'too large', 'b'].map(value => send(producer, value))
  assert.ok(first !== undefined && large !== undefined && last !== undefined)
  const failure = failureOf(kafka.world, large)
  assert.equal((await kafka.world.settled(first)).offset, 0)
  assert.equal((await kafka.world.settled(last)).offset, 1)
  const { outcome, cause, message } = await failure
  assert.equal(outcome, 'refused')
  assert.ok(cause instanceof WireFailure && cause.errorName === 'MESSAGE_TOO_LARGE')
  assert.match(message, /cannot write to orders-0: .*MESSAGE_TOO_LARGE/)
  const again = kafka.seen.at(-1)
  assert.deepEqual([again?.values, again?.epoch, again?.sequence, again?.producerId], [['b'], 1, 0, 4000n])
})

test('what may have been written before a gap is given up, not written twice', async () => {
  const kafka = await ProduceBroker.start()
  kafka.judge = ({ values }, index) => {
    // The first answers arrive, then the connection is lost with `b` out; then `a` turns out to be refused.
    if (values[0] === 'a') return index === 0 ? 'NOT_ENOUGH_REPLICAS' : 'INVALID_RECORD'
    if (values[0] === 'b') return index === 1 ? 'close' : 'OUT_OF_ORDER_SEQUENCE_NUMBER'
    return 'NONE'
  }
  const producer = kafka.producer({ batchBytes: 1 })
  const a = failureOf(kafka.world, send(producer, 'a'))
  const b = failureOf(kafka.world, send(producer, 'b'))
  assert.equal((await a).outcome, 'refused')
  assert.equal((await b).outcome, 'unknown')
  assert.equal(kafka.values.filter(value => value === 'b').length, 2)
  assert.equal((await kafka.world.settled(send(producer, 'c'))).offset, 0)
  assert.equal(kafka.seen.at(-1)?.epoch, 1)
})

test('an answer that leaves it open makes a later failure unknown', async () => {
  const kafka = await ProduceBroker.start()
  kafka.judge = (_, index) => (index === 0 ? 'NOT_ENOUGH_REPLICAS_AFTER_APPEND' : 'INVALID_RECORD')
  assert.equal((await failureOf(kafka.world, send(kafka.producer(), 'a'))).outcome, 'unknown')
})

test('a batch that the broker knows as written counts as written', async () => {
  const kafka = await ProduceBroker.start()
  kafka.judge = () => 'DUPLICATE_SEQUENCE_NUMBER'
  assert.equal((await kafka.world.settled(send(kafka.producer(), 'a'))).offset, -1)
})

test('a broker that is away for long is given up, and says whether the record may be there', async () => {
  const kafka = await ProduceBroker.start()
  const producer = kafka.producer({ deliveryTimeoutMs: 3000 })
  await kafka.world.settled(send(producer, 'a'))
  kafka.broker.goDown()
  const never = await failureOf(kafka.world, send(producer, 'b'))
  assert.match(never.message, /not acknowledged within 3000 ms; last: /)
  assert.equal(never.outcome, 'refused')
  kafka.broker.comeUp()
  kafka.judge = () => {
    kafka.broker.goDown()
    return 'silence'
  }
  assert.equal((await failureOf(kafka.world, send(producer, 'c'))).outcome, 'unknown')
})

test('a broker that comes back gets everything in order', async () => {
  const kafka = await ProduceBroker.start()
  const producer = kafka.producer({ batchBytes: 1 })
  await kafka.world.settled(send(producer, '0'))
  kafka.broker.goDown()
  const sent = Array.from({ length: 12 }, (_, i) => send(producer, `${i + 1}`))
  kafka.world.clock.advance(500)
  await kafka.world.until(() => true)
  kafka.broker.comeUp()
  await kafka.world.settled(Promise.all(sent))
  assert.deepEqual(
    kafka.values,
    Array.from({ length: 13 }, (_, i) => `${i}`),
  )
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

test('closing the client gives everything up, and does not try on', async () => {
  const kafka = await ProduceBroker.start()
  kafka.judge = () => 'silence'
  const sent = failureOf(kafka.world, send(kafka.producer(), 'a'))
  await kafka.world.until(() => kafka.seen.length === 1)
  kafka.cluster.close()
  assert.equal((await sent).outcome, 'unknown')
  assert.equal(kafka.seen.length, 1)
})
