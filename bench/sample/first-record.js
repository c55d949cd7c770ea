/**
 * Runs in the folder of the KafkaJS sample. In one process, again and again: from the call of startBroker to the first
 * record that a KafkaJS consumer of a group is given, and of that, from when the consumer begins to connect.
 * Prints one JSON line of milliseconds each.
 */
import { Kafka, logLevel } from 'kafkajs'
import { startBroker } from 'ottla/testing'

const [count] = process.argv.slice(2).map(Number)

for (let i = 0; i < count; i++) {
  const begun = performance.now()
  const broker = await startBroker({ topics: { orders: 3 } })
  await broker.produce('orders', [{ key: 'o-1', value: 'placed' }])
  const writtenMs = performance.now() - begun
  const kafka = new Kafka({ brokers: [broker.bootstrapServers], logLevel: logLevel.NOTHING })
  const consumer = kafka.consumer({ groupId: 'billing', maxWaitTimeInMs: 100 })
  await consumer.connect()
  await consumer.subscribe({ topic: 'orders', fromBeginning: true })
  await new Promise((resolve, reject) => {
    consumer.run({ eachMessage: async () => resolve() }).catch(reject)
  })
  console.log(JSON.stringify({ writtenMs, receivedMs: performance.now() - begun }))
  await consumer.disconnect()
  await broker.close()
}
