import assert from 'node:assert/strict'
import { test } from 'node:test'
import { metadataApi } from '../wire/gen/metadata.ts'
import { produceApi } from '../wire/gen/produce.ts'
import { Cluster } from './cluster.ts'
import { Producer } from './producer.ts'
import { failureOf, ProduceBroker, send, TOPIC_ID } from './testing/produce-broker.ts'
import { ScriptedBroker } from './testing/scripted-broker.ts'
import { WireFailure } from './wire-failure.ts'

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

test('a sequence that does not follow, with nothing failed before it, is not tried on', async () => {
  const kafka = await ProduceBroker.start()
  kafka.judge = () => 'OUT_OF_ORDER_SEQUENCE_NUMBER'
  const { outcome, cause } = await failureOf(kafka.world, send(kafka.producer(), 'a'))
  assert.equal(outcome, 'refused')
  assert.ok(cause instanceof WireFailure && cause.errorName === 'OUT_OF_ORDER_SEQUENCE_NUMBER')
  assert.equal(kafka.seen.length, 1)
})

test('a producer id whose epochs are used up makes way for another', async () => {
  const kafka = await ProduceBroker.start()
  kafka.firstEpoch = 32_767
  kafka.judge = (_, index) => (index === 0 ? 'INVALID_RECORD' : 'NONE')
  const producer = kafka.producer()
  await failureOf(kafka.world, send(producer, 'a'))
  await kafka.world.settled(send(producer, 'b'))
  assert.deepEqual(
    kafka.seen.map(({ producerId, epoch, sequence }) => [producerId, epoch, sequence]),
    [
      [4000n, 32_767, 0],
      [4001n, 32_767, 0],
    ],
  )
})

test('a leader that has moved is looked up again', async () => {
  const kafka = await ProduceBroker.start()
  const other = await ScriptedBroker.start(kafka.world)
  other.on(produceApi, () => ({
    responses: [{ topicId: TOPIC_ID, partitionResponses: [{ index: 0, baseOffset: 77 }] }],
  }))
  kafka.judge = () => {
    const { address } = other
    const partitions = [{ partitionIndex: 0, leaderId: 2, leaderEpoch: 4, replicaNodes: [2], isrNodes: [2] }]
    kafka.broker.on(metadataApi, () => ({
      brokers: [
        { nodeId: 2, ...address },
        { nodeId: 1, ...kafka.broker.address },
      ].reverse(),
      topics: [{ name: 'orders', topicId: TOPIC_ID, partitions }],
    }))
    return 'NOT_LEADER_OR_FOLLOWER'
  }
  assert.equal((await kafka.world.settled(send(kafka.producer(), 'a'))).offset, 77)
  assert.equal(kafka.seen.length, 1)
})

test('a topic that was not there may be there the next time', async () => {
  const kafka = await ProduceBroker.start()
  kafka.isTopicThere = false
  const cluster = new Cluster(kafka.world, { bootstrap: [kafka.broker.address], clientId: 'p', retryForMs: 200 })
  const producer = new Producer(cluster)
  const sent = [send(producer, 'a'), send(producer, 'b')]
  for (const each of sent) each.catch(() => {})
  for (const each of sent) assert.ok((await kafka.world.failure(each)) instanceof WireFailure)
  assert.equal(producer.outCount, 0)
  kafka.isTopicThere = true
  await kafka.world.settled(send(producer, 'c'))
  assert.deepEqual(kafka.values, ['c'])
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

test('closing the client gives everything up, and does not try on', async () => {
  const kafka = await ProduceBroker.start()
  kafka.judge = () => 'silence'
  const sent = failureOf(kafka.world, send(kafka.producer(), 'a'))
  await kafka.world.until(() => kafka.seen.length === 1)
  kafka.cluster.close()
  assert.equal((await sent).outcome, 'unknown')
  assert.equal(kafka.seen.length, 1)
})
