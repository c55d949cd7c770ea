import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DiskOperation } from '../../adapters/memory/disk-operations.ts'
import { ZERO_UUID } from '../../base/uuid.ts'
import { Codec } from '../../wire/batch/header.ts'
import { initProducerIdApi } from '../../wire/gen/init-producer-id.ts'
import { produceApi } from '../../wire/gen/produce.ts'
import { batchOf, createTopic, errorOf, fetch, NOW_MS, produce, recordsIn, valuesIn } from '../testing/calls.ts'
import { MemoryBroker, MemoryWorld, withBroker } from '../testing/memory-broker.ts'
import { frameOf } from '../testing/raw-peer.ts'

test('every version appends, by name up to v12 and by id in v13', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    const topicId = await createTopic(peer, 'orders')
    let expected = 0
    for (let version = produceApi.min; version <= produceApi.max; version++) {
      for (const acks of [-1, 1]) {
        const partitionData = [{ index: 0, records: batchOf(['a', 'b']) }]
        const topic = version >= 13 ? { topicId, partitionData } : { name: 'orders', partitionData }
        const response = await peer.request(produceApi, version, { acks, timeoutMs: 1000, topicData: [topic] })
        const answer = response.responses[0]?.partitionResponses[0]
        assert.ok(answer !== undefined)
        assert.deepEqual(
          [errorOf(answer), answer.baseOffset, answer.logAppendTimeMs],
          ['NONE', expected, -1],
          `v${version}`,
        )
        assert.equal(response.responses[0]?.topicId, version >= 13 ? topicId : ZERO_UUID)
        expected += 2
      }
    }
    assert.equal(valuesIn((await fetch(peer, { topic: 'orders' })).records).length, expected)
  }))

test('topics and partitions that are not there: 3 by name, 100 by id', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    const topicId = await createTopic(peer, 'orders')
    const records = batchOf(['x'])
    assert.equal(errorOf(await produce(peer, { topic: 'nowhere', records })), 'UNKNOWN_TOPIC_OR_PARTITION')
    assert.equal(errorOf(await produce(peer, { topic: 'orders', partition: 1, records })), 'UNKNOWN_TOPIC_OR_PARTITION')
    assert.equal(
      errorOf(await produce(peer, { topic: 'orders', partition: -1, records })),
      'UNKNOWN_TOPIC_OR_PARTITION',
    )
    const response = await peer.request(produceApi, 13, {
      acks: 1,
      timeoutMs: 1000,
      topicData: ['AAAAAAAAAAAAAAAAAAAABQ', topicId].map(id => ({
        topicId: id,
        partitionData: [{ index: 0, records }],
      })),
    })
    const errors = response.responses.map(topic => topic.partitionResponses.map(errorOf)[0])
    assert.deepEqual(errors, ['UNKNOWN_TOPIC_ID', 'NONE'])
  }))

test('an idempotent producer: duplicates answer with the first offset, gaps 45, lower epochs 47 (KIP-98)', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    await createTopic(peer, 'orders')
    const { producerId } = await peer.request(initProducerIdApi, 5, { transactionalId: null, transactionTimeoutMs: -1 })
    const send = async (baseSequence: number, producerEpoch = 0) => {
      const records = batchOf(['a', 'b'], { producerId, producerEpoch, baseSequence })
      const answer = await produce(peer, { topic: 'orders', records })
      return [errorOf(answer), answer.baseOffset]
    }
    assert.deepEqual(await send(0), ['NONE', 0])
    assert.deepEqual(await send(2), ['NONE', 2])
    assert.deepEqual(await send(0), ['NONE', 0], 'a duplicate of the last five')
    assert.deepEqual(await send(6), ['OUT_OF_ORDER_SEQUENCE_NUMBER', -1])
    for (let sequence = 4; sequence <= 12; sequence += 2) assert.deepEqual(await send(sequence), ['NONE', sequence])
    assert.deepEqual(await send(0), ['OUT_OF_ORDER_SEQUENCE_NUMBER', -1], 'older than the last five')
    assert.deepEqual(await send(3, 1), ['OUT_OF_ORDER_SEQUENCE_NUMBER', -1], 'a new epoch starts at 0')
    assert.deepEqual(await send(0, 1), ['NONE', 14])
    assert.deepEqual(await send(14, 0), ['INVALID_PRODUCER_EPOCH', -1])
    assert.equal(valuesIn((await fetch(peer, { topic: 'orders' })).records).length, 16)
  }))

test('pipelined batches of one producer stay in order and are all answered in order', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    await createTopic(peer, 'orders')
    const values = Array.from({ length: 200 }, (_, i) => `v${i}`)
    const frames = values.map((value, correlationId) =>
      frameOf(produceApi, {
        version: 9,
        correlationId,
        body: {
          acks: -1,
          timeoutMs: 1000,
          topicData: [{ name: 'orders', partitionData: [{ index: 0, records: batchOf([value]) }] }],
        },
      }),
    )
    peer.send(Buffer.concat(frames))
    for (let i = 0; i < values.length; i++) {
      const reply = await peer.nextReply()
      assert.equal(new DataView(reply.buffer, reply.byteOffset).getInt32(0), i)
    }
    assert.deepEqual(valuesIn((await fetch(peer, { topic: 'orders' })).records), values)
  }))

test('zstd needs v7; every codec comes back as it went in', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    await createTopic(peer, 'orders')
    const zstd = batchOf(['z'], { codec: Codec.zstd })
    assert.equal(
      errorOf(await produce(peer, { topic: 'orders', records: zstd, version: 6 })),
      'UNSUPPORTED_COMPRESSION_TYPE',
    )
    for (const codec of Object.values(Codec)) {
      assert.equal(
        errorOf(await produce(peer, { topic: 'orders', records: batchOf([`c${codec}`], { codec }), version: 7 })),
        'NONE',
      )
    }
    const { records } = await fetch(peer, { topic: 'orders' })
    assert.deepEqual(valuesIn(records), ['c0', 'c1', 'c2', 'c3', 'c4'])
  }))

test('message.timestamp.type=LogAppendTime: the broker sets the time, and says so', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    await createTopic(peer, 'orders', { configs: { 'message.timestamp.type': 'LogAppendTime' } })
    const now = broker.clock.wallMs()
    const answer = await produce(peer, { topic: 'orders', records: batchOf(['x'], { timestampMs: NOW_MS - 999_999 }) })
    assert.ok(answer.logAppendTimeMs >= now)
    const [record] = recordsIn((await fetch(peer, { topic: 'orders' })).records)
    assert.equal(record?.timestamp, answer.logAppendTimeMs)
  }))

test('transactional batches are refused: there is no coordinator yet', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    await createTopic(peer, 'orders')
    const records = batchOf(['x'], { producerId: 5n, producerEpoch: 0, baseSequence: 0, transactional: true })
    assert.equal(errorOf(await produce(peer, { topic: 'orders', records })), 'INVALID_TXN_STATE')
  }))

test('a topic that was made while the disk was full is served when it has room, with nobody asking for anything', async () => {
  let isFull = true
  const intercept = ({ kind, path }: DiskOperation) =>
    isFull && kind === 'makeDirectory' && path.includes('/orders') ? 'ENOSPC' : 'go'
  const broker = await MemoryBroker.start({}, new MemoryWorld({ intercept }))
  const peer = await broker.connect()
  await createTopic(peer, 'orders')
  assert.notEqual(errorOf(await produce(peer, { topic: 'orders', records: batchOf(['early']) })), 'NONE')
  broker.clock.advance(20_000)
  assert.notEqual(errorOf(await produce(peer, { topic: 'orders', records: batchOf(['early']) })), 'NONE')
  isFull = false
  for (let looks = 0; looks < 100; looks++) {
    broker.clock.advance(100)
    if (errorOf(await produce(peer, { topic: 'orders', records: batchOf(['late']) })) === 'NONE') break
  }
  assert.equal((await produce(peer, { topic: 'orders', records: batchOf(['later']) })).baseOffset, 1)
  await broker.close()
})
