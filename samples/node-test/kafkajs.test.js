import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Kafka, logLevel } from 'kafkajs'
import { startBroker } from 'ottla/testing'

const kafkaOf = broker => new Kafka({ brokers: [broker.bootstrapServers], logLevel: logLevel.NOTHING })

test('what the application sends is in the topic', async () => {
  await using broker = await startBroker({ topics: { orders: 3 } })
  const producer = kafkaOf(broker).producer()
  await producer.connect()
  await producer.send({ topic: 'orders', messages: [{ key: 'o-1', value: 'placed', headers: { trace: 't-1' } }] })
  await producer.disconnect()

  const [order] = await broker.consumeAll('orders')
  assert.equal(order.key, 'o-1')
  assert.equal(order.value, 'placed')
  assert.equal(order.headers.trace, 't-1')
})

test('the application tries again when the leader has moved', async () => {
  await using broker = await startBroker({ topics: { orders: 1 } })
  const producer = kafkaOf(broker).producer({ retry: { initialRetryTime: 10 } })
  await producer.connect()
  broker.failNext('Produce', 'NOT_LEADER_OR_FOLLOWER')
  await producer.send({ topic: 'orders', messages: [{ value: 'placed' }] })
  await producer.disconnect()

  assert.equal((await broker.consumeAll('orders')).length, 1)
})

test('the application handles what is in the topic', async () => {
  await using broker = await startBroker({ topics: { orders: 3 } })
  await broker.produce('orders', [{ key: 'o-1', value: 'placed' }])

  // KafkaJS waits for its last fetch when it disconnects.
  const consumer = kafkaOf(broker).consumer({ groupId: 'billing', maxWaitTimeInMs: 100 })
  await consumer.connect()
  await consumer.subscribe({ topic: 'orders', fromBeginning: true })
  const value = await new Promise(resolve => {
    consumer.run({ eachMessage: async ({ message }) => resolve(message.value.toString()) })
  })
  assert.equal(value, 'placed')
  const group = await broker.waitForGroup('billing', { members: 1 })
  assert.deepEqual(group.members[0].assignment, { orders: [0, 1, 2] })
  await consumer.disconnect()
})
