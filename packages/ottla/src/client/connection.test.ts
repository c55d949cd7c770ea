import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../adapters/memory/clock.ts'
import type { NetConnection, NetReceiver } from '../ports/net.ts'
import { apiVersionsApi } from '../wire/gen/api-versions.ts'
import { createTopicsApi } from '../wire/gen/create-topics.ts'
import { metadataApi } from '../wire/gen/metadata.ts'
import { produceApi } from '../wire/gen/produce.ts'
import { type Connection, connectTo } from './connection.ts'
import { ConnectionError } from './connection-error.ts'
import { type Asked, replyFrame, ScriptedBroker } from './testing/scripted-broker.ts'
import { TestWorld } from './testing/world.ts'

const CLIENT = { clientId: 'tester' }
const NO_TOPICS = { brokers: [], topics: [] }

async function connected(
  world = new TestWorld(),
): Promise<{ world: TestWorld; broker: ScriptedBroker; connection: Connection }> {
  const broker = await ScriptedBroker.start(world)
  broker.on(metadataApi, () => NO_TOPICS)
  const connection = await world.settled(connectTo(world, broker.address, CLIENT))
  return { world, broker, connection }
}

function layerOf(error: Error): string {
  assert.ok(error instanceof ConnectionError, `${error}`)
  return error.layer
}

test('negotiates with its newest ApiVersions, and tells its name', async () => {
  const world = new TestWorld()
  const broker = await ScriptedBroker.start(world)
  broker.on(metadataApi, () => NO_TOPICS)
  const software = { name: 'tool', version: '1.2' }
  const connection = await world.settled(connectTo(world, broker.address, { ...CLIENT, software }))
  const [asked] = broker.asked(apiVersionsApi)
  assert.equal(asked?.version, apiVersionsApi.max)
  assert.equal(asked?.clientId, 'tester')
  assert.equal(asked?.body.clientSoftwareName, 'tool')
  assert.equal(asked?.body.clientSoftwareVersion, '1.2')
  assert.equal(connection.versionOf(metadataApi), metadataApi.max)
})

test('falls back to the version that an older broker names, in its oldest form', async () => {
  const world = new TestWorld()
  const broker = await ScriptedBroker.start(world)
  broker.on(apiVersionsApi, ({ version, correlationId, connection }: Asked) => {
    if (version <= 2) {
      return { apiKeys: [{ apiKey: metadataApi.key, minVersion: 0, maxVersion: 7 }] }
    }
    const body = { errorCode: 35, apiKeys: [{ apiKey: apiVersionsApi.key, minVersion: 0, maxVersion: 2 }] }
    connection.write([replyFrame(apiVersionsApi, { version: 0, correlationId }, body)])
    return 'silence'
  })
  const connection = await world.settled(connectTo(world, broker.address, CLIENT))
  assert.deepEqual(
    broker.asked(apiVersionsApi).map(asked => asked.version),
    [apiVersionsApi.max, 2],
  )
  assert.equal(connection.versionOf(metadataApi), 7)
})

test('falls back to version 0 when the broker does not name one', async () => {
  const world = new TestWorld()
  const broker = await ScriptedBroker.start(world)
  broker.on(apiVersionsApi, ({ version, correlationId, connection }: Asked) => {
    if (version === 0) return { apiKeys: [{ apiKey: 3, minVersion: 0, maxVersion: 1 }] }
    const body = { errorCode: 35, apiKeys: [] }
    connection.write([replyFrame(apiVersionsApi, { version: 0, correlationId }, body)])
    return 'silence'
  })
  const connection = await world.settled(connectTo(world, broker.address, CLIENT))
  assert.equal(connection.versionOf(metadataApi), 1)
})

test('says which versions both sides know when they share none', async () => {
  const { world, connection } = await connected()
  const error = await world.failure(connection.request(createTopicsApi, { topics: [] }))
  assert.equal(layerOf(error), 'version')
  assert.match(error.message, /no common version of CreateTopics: we know 2 to 7, it offers none/)
  assert.ok(connection.isOpen)
})

test('has many requests out at once, and gives each its own reply', async () => {
  const { world, broker, connection } = await connected(new TestWorld({ cut: count => Math.ceil(count / 3) }))
  broker.on(metadataApi, ({ body }) => ({ brokers: [], topics: [], clusterId: body.topics?.[0]?.name ?? null }))
  const names = Array.from({ length: 50 }, (_, i) => `topic-${i}`)
  const replies = names.map(name => connection.request(metadataApi, { topics: [{ name }] }))
  assert.equal(connection.pendingCount, 50)
  const responses = await world.settled(Promise.all(replies))
  assert.deepEqual(
    responses.map(response => response.clusterId),
    names,
  )
  assert.equal(connection.pendingCount, 0)
})

test('reads replies that arrive byte by byte', async () => {
  const { world, connection } = await connected(new TestWorld({ cut: () => 1 }))
  const response = await world.settled(connection.request(metadataApi, { topics: [] }))
  assert.deepEqual(response.topics, [])
})

test('asks in the version it is told to', async () => {
  const { world, broker, connection } = await connected()
  await world.settled(connection.request(metadataApi, { topics: [] }, { version: 4 }))
  assert.equal(broker.asked(metadataApi)[0]?.version, 4)
})

test('a request that is not answered in time ends the connection and everything out on it', async () => {
  const { world, broker, connection } = await connected()
  broker.on(metadataApi, () => 'silence')
  const first = world.failure(connection.request(metadataApi, { topics: [] }, { timeoutMs: 100 }))
  const second = world.failure(connection.request(metadataApi, { topics: [] }, { timeoutMs: 10_000 }))
  const error = await first
  assert.equal(layerOf(error), 'no-reply')
  assert.match(error.message, /^127\.0\.0\.1:\d+: Metadata was not answered in time/)
  assert.equal(layerOf(await second), 'no-reply')
  assert.equal(connection.isOpen, false)
  await world.until(() => broker.connections.size === 0)
})

test('a short deadline behind a long one is kept', async () => {
  const { world, broker, connection } = await connected()
  broker.on(metadataApi, () => 'silence')
  const long = world.failure(connection.request(metadataApi, { topics: [] }, { timeoutMs: 60_000 }))
  const before = world.clock.monoMs()
  const short = connection.request(metadataApi, { topics: [] }, { timeoutMs: 50 })
  assert.equal(layerOf(await world.failure(short)), 'no-reply')
  assert.ok(world.clock.monoMs() - before < 1000)
  await long
})

test('a long deadline is still kept when a shorter one has passed with its answer', async () => {
  const { world, broker, connection } = await connected()
  broker.on(metadataApi, ({ body }) => (body.allowAutoTopicCreation ? 'silence' : NO_TOPICS))
  await world.settled(connection.request(metadataApi, { topics: [], allowAutoTopicCreation: false }, { timeoutMs: 50 }))
  const before = world.clock.monoMs()
  const late = connection.request(metadataApi, { topics: [], allowAutoTopicCreation: true }, { timeoutMs: 300 })
  assert.equal(layerOf(await world.failure(late)), 'no-reply')
  const took = world.clock.monoMs() - before
  assert.ok(took >= 300 && took < 1000, `${took} ms`)
})

test('what is out fails when the broker closes, and so does what comes after', async () => {
  const { world, broker, connection } = await connected()
  broker.on(metadataApi, () => 'close')
  const told: string[] = []
  connection.onClose(error => told.push(error.layer))
  const error = await world.failure(connection.request(metadataApi, { topics: [] }))
  assert.equal(layerOf(error), 'closed')
  assert.ok(error instanceof ConnectionError && error.retriable)
  assert.equal(layerOf(await world.failure(connection.request(metadataApi, { topics: [] }))), 'closed')
  assert.deepEqual(told, ['closed'])
  connection.onClose(late => told.push(`late ${late.layer}`))
  await world.until(() => told.length === 2)
  assert.equal(told[1], 'late closed')
})

test('closing it ourselves says so, and is not worth a retry', async () => {
  const { world, broker, connection } = await connected()
  broker.on(metadataApi, () => 'silence')
  const out = world.failure(connection.request(metadataApi, { topics: [] }))
  connection.close()
  const error = await out
  assert.equal(layerOf(error), 'given-up')
  assert.ok(error instanceof ConnectionError && !error.retriable)
})

test('nobody listening is named', async () => {
  const world = new TestWorld()
  const error = await world.failure(connectTo(world, { host: 'localhost', port: 1 }, CLIENT))
  assert.equal(layerOf(error), 'refused')
  assert.match(error.message, /^localhost:1: cannot connect: .*check that the broker runs/)
})

test('a broker that does not answer ApiVersions is given up within the time for connecting', async () => {
  const world = new TestWorld()
  const broker = await ScriptedBroker.start(world)
  broker.on(apiVersionsApi, () => 'silence')
  const error = await world.failure(connectTo(world, broker.address, { ...CLIENT, connectTimeoutMs: 200 }))
  assert.equal(layerOf(error), 'no-reply')
  await world.until(() => broker.connections.size === 0)
})

test('a reply to another request than the one that is due is a broken protocol', async () => {
  const { world, broker, connection } = await connected()
  broker.on(metadataApi, asked => {
    const stray = { version: asked.version, correlationId: asked.correlationId + 5 }
    asked.connection.write([replyFrame(metadataApi, stray, NO_TOPICS)])
    return 'silence'
  })
  const error = await world.failure(connection.request(metadataApi, { topics: [] }))
  assert.equal(layerOf(error), 'protocol')
  assert.match(error.message, /reply to request 7, 2 is due/)
})

/** What a connection makes of an answer that is no Kafka. */
async function answeredWith(bytes: Uint8Array): Promise<Error> {
  const world = new TestWorld()
  const accept = (connection: NetConnection): NetReceiver => ({
    space: () => new Uint8Array(1024),
    received: () => connection.write([bytes]),
    drained: () => {},
    closed: () => {},
  })
  const { address } = await world.net.listen({ host: '127.0.0.1', port: 0 }, accept)
  return world.failure(connectTo(world, address, CLIENT))
}

test('what is no Kafka at all is named as such', async () => {
  const http = await answeredWith(new TextEncoder().encode('HTTP/1.1 400 Bad Request\r\n\r\n'))
  assert.equal(layerOf(http), 'protocol')
  assert.match(http.message, /is this the port of a Kafka listener without TLS\?/)
  assert.equal(layerOf(await answeredWith(new Uint8Array([0, 0, 0, 2, 1, 1]))), 'protocol')
  assert.equal(layerOf(await answeredWith(new Uint8Array([0xff, 0xff, 0xff, 0xff]))), 'protocol')
})

test('a reply with bytes behind its body, or cut short, ends the connection', async () => {
  for (const change of [(frame: Uint8Array) => [...frame, 0], (frame: Uint8Array) => [...frame].slice(0, -1)]) {
    const { world, broker, connection } = await connected()
    broker.on(metadataApi, asked => {
      const frame = Uint8Array.from(change(replyFrame(metadataApi, asked, NO_TOPICS)))
      new DataView(frame.buffer).setInt32(0, frame.length - 4)
      asked.connection.write([frame])
      return 'silence'
    })
    assert.equal(layerOf(await world.failure(connection.request(metadataApi, { topics: [] }))), 'protocol')
  }
})

test('produce without an answer resolves when its bytes have left', async () => {
  const { world, broker, connection } = await connected()
  broker.on(produceApi, () => 'silence')
  const body = { acks: 0, timeoutMs: 1000, topicData: [] }
  await world.settled(connection.notify(produceApi, body, { version: 9 }))
  assert.equal(connection.pendingCount, 0)
  const response = await world.settled(connection.request(metadataApi, { topics: [] }))
  assert.deepEqual(response.topics, [])
  assert.equal(broker.asked(produceApi).length, 1)
})

test('no timer is left when nothing is out', async () => {
  const { world, connection } = await connected()
  await world.settled(connection.request(metadataApi, { topics: [] }))
  connection.close()
  assert.equal(world.clock.nextInMs(), null)
  assert.ok(world.clock instanceof ManualClock)
})
