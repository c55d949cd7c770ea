import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Consumer, Producer, stringDeserializers, stringSerializers } from '@platformatic/kafka'
import { startBroker } from 'ottla/testing'

const clientOf = broker => ({ clientId: 'shop', bootstrapBrokers: [broker.bootstrapServers] })

test('what the application sends is in the topic', async () => {
  await using broker = await startBroker({ topics: { orders: 3 } })
  const producer = new Producer({ ...clientOf(broker), serializers: stringSerializers })
  await producer.send({ messages: [{ topic: 'orders', key: 'o-1', value: 'placed', headers: { trace: 't-1' } }] })
  await producer.close()

  const [order] = await broker.consumeAll('orders')
  assert.equal(order.key, 'o-1')
  assert.equal(order.value, 'placed')
  assert.equal(order.headers.trace, 't-1')
})

test('the application handles what is in the topic', async () => {
  await using broker = await startBroker({ topics: { orders: 3 } })
  await broker.produce('orders', [{ key: 'o-1', value: 'placed' }])

  const consumer = new Consumer({ ...clientOf(broker), groupId: 'billing', deserializers: stringDeserializers })
  const stream = await consumer.consume({ topics: ['orders'], mode: 'earliest' })
  for await (const message of stream) {
    assert.equal(message.value, 'placed')
    break
  }
  await consumer.close(true)
})
