import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Cluster } from '../../client/cluster.ts'
import { ConnectionError } from '../../client/connection-error.ts'
import { errorNameOf } from '../../spec/errors.ts'
import { BatchBuilder } from '../../wire/batch/build.ts'
import { createTopicsApi } from '../../wire/gen/create-topics.ts'
import { fetchApi } from '../../wire/gen/fetch.ts'
import { listOffsetsApi } from '../../wire/gen/list-offsets.ts'
import { metadataApi } from '../../wire/gen/metadata.ts'
import { produceApi } from '../../wire/gen/produce.ts'
import { startBroker } from './start-broker.ts'
import { TestBrokerError } from './test-broker-error.ts'
import { withApplication } from './testing.ts'

function batch(value: string): Uint8Array {
  const builder = new BatchBuilder()
  builder.append(null, new TextEncoder().encode(value), [], 1_700_000_000_000)
  return builder.build()
}

async function connectionOf(cluster: Cluster) {
  await cluster.topics()
  return cluster.connections.to({ host: '127.0.0.1', port: await portOf(cluster) })
}

async function portOf(cluster: Cluster): Promise<number> {
  const response = await cluster.ask(metadataApi, { topics: [] })
  return response.brokers[0]?.port ?? 0
}

/** Error names by topic, of one produce to partition 0 of each. */
async function produceTo(cluster: Cluster, topics: readonly string[], version: number): Promise<string[]> {
  const infos = await Promise.all(topics.map(name => cluster.topic(name)))
  const connection = await connectionOf(cluster)
  const body = {
    acks: -1,
    timeoutMs: 1000,
    topicData: infos.map(({ name, topicId }) => ({
      name,
      topicId,
      partitionData: [{ index: 0, records: batch('v') }],
    })),
  }
  const response = await connection.request(produceApi, body, { version })
  return response.responses.map(each => errorNameOf(each.partitionResponses[0]?.errorCode ?? -2) ?? '?')
}

test('failNext refuses the next produce and no other, by name and by code, in old and new versions', async () => {
  await using broker = await startBroker({ topics: { orders: 1 } })
  await withApplication(broker, async cluster => {
    for (const version of [3, 9, 12, 13]) {
      broker.failNext('Produce', version === 9 ? 19 : 'NOT_ENOUGH_REPLICAS')
      assert.deepEqual(await produceTo(cluster, ['orders'], version), ['NOT_ENOUGH_REPLICAS'])
      assert.deepEqual(await produceTo(cluster, ['orders'], version), ['NONE'])
    }
  })
  assert.equal((await broker.consumeAll('orders')).length, 4, 'what was refused was not written')
})

test('failNext for one topic leaves the others, and waits for a request that names it', async () => {
  await using broker = await startBroker({ topics: { orders: 1, audit: 1 } })
  await withApplication(broker, async cluster => {
    broker.failNext('Produce', 'INVALID_TIMESTAMP', { topic: 'audit' })
    assert.deepEqual(await produceTo(cluster, ['orders'], 13), ['NONE'])
    assert.deepEqual(await produceTo(cluster, ['orders', 'audit'], 13), ['NONE', 'INVALID_TIMESTAMP'])
    assert.deepEqual(await produceTo(cluster, ['orders', 'audit'], 12), ['NONE', 'NONE'])
  })
})

test('planned failures of one API happen in their order, each on a request of its own', async () => {
  await using broker = await startBroker({ topics: { orders: 1, audit: 1 } })
  await withApplication(broker, async cluster => {
    broker.failNext('Produce', 'INVALID_TIMESTAMP', { topic: 'audit' })
    broker.failNext('Produce', 'NOT_ENOUGH_REPLICAS', { count: 2 })
    assert.deepEqual(await produceTo(cluster, ['orders'], 13), ['NONE'])
    assert.deepEqual(await produceTo(cluster, ['orders', 'audit'], 13), ['NONE', 'INVALID_TIMESTAMP'])
    assert.deepEqual(await produceTo(cluster, ['orders', 'audit'], 13), ['NOT_ENOUGH_REPLICAS', 'NOT_ENOUGH_REPLICAS'])
    assert.deepEqual(await produceTo(cluster, ['audit'], 13), ['NOT_ENOUGH_REPLICAS'])
    assert.deepEqual(await produceTo(cluster, ['audit'], 13), ['NONE'])
  })
})

test('a failed fetch tells the partition, in a session too; a session error stands on top', async () => {
  await using broker = await startBroker({ topics: { orders: 2 } })
  await broker.produce('orders', ['a', 'b'])
  await withApplication(broker, async cluster => {
    const { topicId } = await cluster.topic('orders')
    const connection = await connectionOf(cluster)
    const partitions = [0, 1].map(partition => ({ partition, fetchOffset: 0, partitionMaxBytes: 1000 }))
    const ask = (sessionId: number, sessionEpoch: number) =>
      connection.request(fetchApi, {
        maxWaitMs: 0,
        minBytes: 1,
        sessionId,
        sessionEpoch,
        topics: sessionEpoch === 0 ? [{ topicId, partitions }] : [],
      })
    const { sessionId } = await ask(0, 0)
    broker.failNext('Fetch', 'KAFKA_STORAGE_ERROR', { topic: 'orders' })
    const refused = await ask(sessionId, 1)
    assert.equal(errorNameOf(refused.errorCode), 'NONE')
    assert.deepEqual(
      refused.responses.flatMap(topic => topic.partitions.map(each => errorNameOf(each.errorCode))),
      ['KAFKA_STORAGE_ERROR', 'KAFKA_STORAGE_ERROR'],
    )
    broker.failNext('Fetch', 'FETCH_SESSION_ID_NOT_FOUND')
    const lost = await ask(sessionId, 2)
    assert.equal(errorNameOf(lost.errorCode), 'FETCH_SESSION_ID_NOT_FOUND')
    assert.deepEqual(lost.responses, [])
    const again = await ask(sessionId, 2)
    assert.deepEqual(
      again.responses.flatMap(topic => topic.partitions.map(each => errorNameOf(each.errorCode))),
      ['NONE', 'NONE'],
    )
  })
})

test('a failed Metadata still tells the brokers, and makes no topic', async () => {
  await using broker = await startBroker({ topics: { orders: 3 } })
  await withApplication(broker, async cluster => {
    const connection = await connectionOf(cluster)
    broker.failNext('Metadata', 'LEADER_NOT_AVAILABLE', { topic: 'orders', count: 2 })
    for (const version of [1, 13]) {
      const reply = await connection.request(metadataApi, { topics: [{ name: 'orders' }] }, { version })
      assert.equal(reply.brokers.length, 1)
      assert.deepEqual(
        reply.topics.map(each => [each.name, errorNameOf(each.errorCode), each.partitions.length]),
        [['orders', 'LEADER_NOT_AVAILABLE', 0]],
      )
    }
    broker.failNext('Metadata', 'TOPIC_AUTHORIZATION_FAILED')
    await connection.request(metadataApi, { topics: [{ name: 'made' }], allowAutoTopicCreation: true })
    assert.deepEqual(await broker.topics(), ['orders'])
  })
})

test('a failed CreateTopics makes nothing of what is refused, and the rest', async () => {
  await using broker = await startBroker()
  await withApplication(broker, async cluster => {
    const connection = await connectionOf(cluster)
    const body = {
      topics: ['a', 'b'].map(name => ({ name, numPartitions: 1, replicationFactor: 1 })),
      timeoutMs: 1000,
    }
    broker.failNext('CreateTopics', 'NOT_CONTROLLER', { topic: 'a' })
    const reply = await connection.request(createTopicsApi, body)
    assert.deepEqual(
      reply.topics.map(each => [each.name, errorNameOf(each.errorCode)]),
      [
        ['b', 'NONE'],
        ['a', 'NOT_CONTROLLER'],
      ],
    )
    assert.deepEqual(await broker.topics(), ['b'])
    broker.failNext('ListOffsets', 'NOT_LEADER_OR_FOLLOWER')
    const asked = { topics: [{ name: 'b', partitions: [{ partitionIndex: 0, timestamp: -1 }] }] }
    const offsets = await connection.request(listOffsetsApi, asked)
    assert.equal(errorNameOf(offsets.topics[0]?.partitions[0]?.errorCode ?? 0), 'NOT_LEADER_OR_FOLLOWER')
  })
})

test('the helpers of the kit meet no failure and no delay', async () => {
  await using broker = await startBroker({ topics: { orders: 1 } })
  broker.failNext('Produce', 'NOT_ENOUGH_REPLICAS')
  broker.failNext('Metadata', 'UNKNOWN_TOPIC_OR_PARTITION')
  broker.delay('Fetch', 60_000)
  await broker.produce('orders', ['a'])
  assert.equal((await broker.consumeAll('orders')).length, 1)
  await withApplication(broker, async cluster => {
    await assert.rejects(cluster.refresh('orders'), { errorName: 'UNKNOWN_TOPIC_OR_PARTITION' })
  })
})

test('a delayed request is done at once and answered later; a stop does not wait for it', async () => {
  const broker = await startBroker({ topics: { orders: 1 } })
  await withApplication(broker, async cluster => {
    await cluster.topic('orders')
    broker.delay('Produce', 30)
    const begun = performance.now()
    await produceTo(cluster, ['orders'], 13)
    assert.ok(performance.now() - begun >= 29)
    broker.delay('Produce', 60_000)
    const waiting = produceTo(cluster, ['orders'], 13).then(
      names => names[0],
      error => error,
    )
    assert.equal((await broker.consumeAll('orders', { count: 2 })).length, 2)
    const stopped = performance.now()
    await broker.close()
    assert.ok(performance.now() - stopped < 1000)
    assert.equal(await waiting, 'NONE', 'a request in work is answered at a stop')
  })
})

test('dropConnections ends what is open, and the next connection works', async () => {
  await using broker = await startBroker({ topics: { orders: 1 } })
  await withApplication(broker, async cluster => {
    const connection = await connectionOf(cluster)
    const ended = new Promise<ConnectionError>(resolve => connection.onClose(resolve))
    broker.dropConnections()
    assert.ok((await ended) instanceof ConnectionError)
    assert.deepEqual(await produceTo(cluster, ['orders'], 13), ['NONE'])
  })
  assert.equal((await broker.consumeAll('orders')).length, 1)
})

test('onRequest tells the requests of the application, until it is stopped', async () => {
  await using broker = await startBroker({ topics: { orders: 1 } })
  const seen: string[] = []
  const stop = broker.onRequest(({ api, clientId }) => seen.push(`${api} ${clientId}`))
  await broker.produce('orders', ['a'])
  await withApplication(broker, cluster => cluster.refresh('orders'))
  assert.deepEqual([...new Set(seen)], ['ApiVersions application', 'Metadata application'])
  stop()
  const count = seen.length
  await withApplication(broker, cluster => cluster.refresh('orders'))
  assert.equal(seen.length, count)
})

test('plans that make no sense say what is allowed', async () => {
  await using broker = await startBroker()
  const refuses = (plan: () => void, expected: RegExp) =>
    assert.throws(plan, (error: Error) => error instanceof TestBrokerError && expected.test(error.message))
  refuses(() => broker.failNext('Produse' as 'Produce', 'NOT_LEADER_OR_FOLLOWER'), /did you mean Produce\?/)
  refuses(() => broker.failNext('EndTxn' as 'Produce', 'NOT_LEADER_OR_FOLLOWER'), /does not answer EndTxn/)
  refuses(() => broker.failNext('Produce', 'NOT_LEADER' as 'NONE'), /error NOT_LEADER: allowed is the name or code/)
  refuses(() => broker.failNext('Produce', 'NONE'), /allowed is the name or code/)
  refuses(() => broker.failNext('Produce', 9999), /allowed is the name or code/)
  refuses(() => broker.failNext('Produce', 6, { count: 0 }), /count=0: allowed is a whole number from 1/)
  refuses(() => broker.failNext('InitProducerId', 6, { topic: 'x' }), /a topic can be named for Produce, Fetch/)
  refuses(() => broker.delay('Produce', -1), /allowed is a number from 0/)
  refuses(() => broker.delay('Nothing', 1), /does not answer Nothing/)
})
