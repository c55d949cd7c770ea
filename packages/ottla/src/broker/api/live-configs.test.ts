/** Configs of topics and brokers take effect while the broker runs: on the very next append, read, look or connection. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { codecBits, emptyBatchHeader, readBatchHeader } from '../../wire/batch/header.ts'
import { listOffsetsApi } from '../../wire/gen/list-offsets.ts'
import { batchOf, createTopic, errorOf, fetch, NOW_MS, produce } from '../testing/calls.ts'
import { alter, brokerConfigs, setConfigs, topicConfigs } from '../testing/config-calls.ts'
import { type MemoryBroker, withBroker } from '../testing/memory-broker.ts'
import type { RawPeer } from '../testing/raw-peer.ts'

const HOUR_MS = 3_600_000
const orders = topicConfigs('orders')
const allBrokers = brokerConfigs('')

/** The error of one record written to `orders`; its time is the broker's unless given. */
async function write(peer: RawPeer, value = 'x', options: { readonly timestampMs?: number } = {}): Promise<string> {
  return errorOf(await produce(peer, { topic: 'orders', records: batchOf([value], options) }))
}

async function startOf(peer: RawPeer, topic = 'orders'): Promise<number> {
  const partitions = [{ partitionIndex: 0, timestamp: -2 }]
  const { topics } = await peer.request(listOffsetsApi, 7, { replicaId: -1, topics: [{ name: topic, partitions }] })
  return topics[0]?.partitions[0]?.offset ?? -1
}

/** Lets the broker look for what is to be deleted. */
async function lookForOldSegments(broker: MemoryBroker): Promise<void> {
  broker.clock.advance(1000)
  await broker.settled(broker.server.services.partitions.directories())
}

const QUICK_LOOKS = { 'log.retention.check.interval.ms': '1000' }

async function untilStart(broker: MemoryBroker, peer: RawPeer, start: number): Promise<void> {
  for (let looks = 0; looks < 20 && (await startOf(peer)) !== start; looks++) await lookForOldSegments(broker)
  assert.equal(await startOf(peer), start)
}

test('segment.bytes and retention.bytes: the next append begins a segment, the next look deletes the older ones', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    await createTopic(peer, 'orders')
    for (let i = 0; i < 3; i++) assert.equal(await write(peer), 'NONE')
    await setConfigs(peer, orders, { 'retention.bytes': '1' })
    await lookForOldSegments(broker)
    assert.equal(await startOf(peer), 0, 'everything is in the one segment that is written to')
    await setConfigs(peer, orders, { 'segment.bytes': '14' })
    assert.equal(await write(peer), 'NONE')
    await untilStart(broker, peer, 3)
  }, QUICK_LOOKS))

test('retention.ms of all brokers: topics without a time of their own follow it', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    await createTopic(peer, 'orders', { configs: { 'segment.bytes': '14' } })
    await createTopic(peer, 'kept', { configs: { 'segment.bytes': '14', 'retention.ms': '-1' } })
    for (const topic of ['orders', 'kept']) {
      for (let i = 0; i < 3; i++)
        await produce(peer, { topic, records: batchOf(['x'], { timestampMs: NOW_MS - HOUR_MS }) })
    }
    await lookForOldSegments(broker)
    assert.equal(await startOf(peer), 0)
    await setConfigs(peer, allBrokers, { 'log.retention.ms': '60000' })
    await untilStart(broker, peer, 3)
    assert.equal(await startOf(peer, 'kept'), 0)
  }, QUICK_LOOKS))

test('cleanup.policy: keys are asked for from the next record on, and nothing is deleted for its age', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    await createTopic(peer, 'orders')
    assert.equal(await write(peer), 'NONE')
    await setConfigs(peer, orders, { 'cleanup.policy': 'compact' })
    assert.equal(await write(peer), 'INVALID_RECORD')
    assert.equal(await alter(peer, orders, [['cleanup.policy', 'delete']]), 'NONE')
    assert.equal(await write(peer), 'NONE')
  }))

test('max.message.bytes, of the topic and of all brokers', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    await createTopic(peer, 'orders')
    const large = 'x'.repeat(500)
    assert.equal(await write(peer, large), 'NONE')
    await setConfigs(peer, allBrokers, { 'message.max.bytes': '300' })
    assert.equal(await write(peer, large), 'MESSAGE_TOO_LARGE')
    await setConfigs(peer, orders, { 'max.message.bytes': '900' })
    assert.equal(await write(peer, large), 'NONE')
    assert.equal(await alter(peer, orders, [['max.message.bytes', 'delete']]), 'NONE')
    assert.equal(await write(peer, large), 'MESSAGE_TOO_LARGE')
  }))

test('compression.type: batches are kept in the new codec', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    await createTopic(peer, 'orders')
    const codecAt = async (offset: number) => {
      const { records } = await fetch(peer, { topic: 'orders', offset })
      assert.ok(records !== null)
      return codecBits(readBatchHeader(records, 0, emptyBatchHeader()))
    }
    await write(peer, 'a'.repeat(300))
    await setConfigs(peer, orders, { 'compression.type': 'gzip' })
    await write(peer, 'b'.repeat(300))
    await setConfigs(peer, orders, { 'compression.type': 'zstd' })
    await write(peer, 'c'.repeat(300))
    assert.deepEqual([await codecAt(0), await codecAt(1), await codecAt(2)], [0, 1, 4])
  }))

test('message.timestamp.*', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    await createTopic(peer, 'orders')
    const old = { timestampMs: NOW_MS - HOUR_MS }
    assert.equal(await write(peer, 'x', old), 'NONE')
    await setConfigs(peer, orders, { 'message.timestamp.before.max.ms': '60000' })
    assert.equal(await write(peer, 'x', old), 'INVALID_TIMESTAMP')
    const late = { timestampMs: NOW_MS + HOUR_MS / 2 }
    assert.equal(await write(peer, 'x', late), 'NONE')
    await setConfigs(peer, orders, { 'message.timestamp.after.max.ms': '60000' })
    assert.equal(await write(peer, 'x', late), 'INVALID_TIMESTAMP')
    await setConfigs(peer, orders, { 'message.timestamp.type': 'LogAppendTime' })
    const stamped = await produce(peer, { topic: 'orders', records: batchOf(['x'], old) })
    assert.equal(errorOf(stamped), 'NONE')
    assert.ok(stamped.logAppendTimeMs >= NOW_MS)
  }))

test('max.connections: who comes above it is turned away, who is there stays', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    const other = await broker.connect()
    await setConfigs(peer, allBrokers, { 'max.connections': '2' })
    await (await broker.connect()).untilClosed()
    assert.equal(broker.observe.named('connection.refused').length, 1)
    await createTopic(other, 'orders')
    await setConfigs(peer, allBrokers, { 'max.connections': '3' })
    await createTopic(await broker.connect(), 'returns')
  }))

test('producer.id.expiration.ms: producers that fell silent are forgotten at the next look', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    await createTopic(peer, 'orders')
    const producer = { producerId: 5n, producerEpoch: 0, baseSequence: 0 }
    await produce(peer, { topic: 'orders', records: batchOf(['x'], producer) })
    const known = () =>
      broker.server.services.partitions.producers({ topic: 'orders', topicId: null, partition: 0 }).producers.length
    await lookForOldSegments(broker)
    assert.equal(known(), 1)
    await setConfigs(peer, allBrokers, { 'producer.id.expiration.ms': '10' })
    broker.clock.advance(1000)
    await broker.until(() => known() === 0, 'the producer being forgotten')
  }, QUICK_LOOKS))

test('durability: page-cache and back, with everything still there', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    await createTopic(peer, 'orders')
    for (const durability of ['page-cache', 'disk', 'page-cache']) {
      await setConfigs(peer, orders, { durability })
      for (let i = 0; i < 3; i++) assert.equal(await write(peer, durability), 'NONE')
      broker.clock.advance(2000)
    }
    assert.equal((await fetch(peer, { topic: 'orders', offset: 0 })).highWatermark, 9)
    const problem =
      'INVALID_CONFIG durability cannot change from page-cache to memory: memory is for the whole life of a topic'
    assert.equal(await alter(peer, orders, [['durability', 'set', 'memory']]), problem)
  }))
