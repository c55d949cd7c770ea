import { Consumer, Producer, stringDeserializers, stringSerializers } from '@platformatic/kafka'
import { startBroker } from 'ottla/testing'
import { expect, test } from 'vitest'

const clientOf = broker => ({ clientId: 'shop', bootstrapBrokers: [broker.bootstrapServers] })

test('what the application sends is in the topic', async () => {
  await using broker = await startBroker({ topics: { orders: 3 } })
  const producer = new Producer({ ...clientOf(broker), serializers: stringSerializers })
  await producer.send({ messages: [{ topic: 'orders', key: 'o-1', value: 'placed', headers: { trace: 't-1' } }] })
  await producer.close()

  const [order] = await broker.consumeAll('orders')
  expect(order.key).toBe('o-1')
  expect(order.value).toBe('placed')
  expect(order.headers.trace).toBe('t-1')
})

test('the application handles what is in the topic', async () => {
  await using broker = await startBroker({ topics: { orders: 3 } })
  await broker.produce('orders', [{ key: 'o-1', value: 'placed' }])

  const consumer = new Consumer({ ...clientOf(broker), groupId: 'billing', deserializers: stringDeserializers })
  const stream = await consumer.consume({ topics: ['orders'], mode: 'earliest' })
  for await (const message of stream) {
    expect(message.value).toBe('placed')
    break
  }
  await consumer.close(true)
})
