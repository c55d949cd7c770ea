/** Behaviours 7 to 11: what Produce takes and refuses. */
import assert from 'node:assert/strict'
import {
  ATTRIBUTES_AT,
  Codec,
  CRC_AT,
  isLogAppendTime,
  LAST_OFFSET_DELTA_AT,
  MAGIC_AT,
  RECORDS_COUNT_AT,
} from '../../../packages/ottla/src/wire/batch/header.ts'
import { apiVersionsApi } from '../../../packages/ottla/src/wire/gen/api-versions.ts'
import { produceApi } from '../../../packages/ottla/src/wire/gen/produce.ts'
import { type Behaviour, behaviour } from '../behaviour.ts'
import type { TestCluster, TestTopic } from '../cluster.ts'
import { eventually } from '../eventually.ts'
import { fetchFrom, listOffset, produce, produced } from '../messages.ts'
import { frameOf } from '../raw-socket.ts'
import { altered, batchOf } from '../records.ts'

const HOUR_MS = 3_600_000

const endOf = async (cluster: TestCluster, topic: TestTopic): Promise<number> =>
  (await listOffset(cluster, topic.name, -1)).offset

const putTimestampType = (batch: Buffer) => altered(batch, bytes => bytes.writeInt16BE(1 << 3, ATTRIBUTES_AT))

export const produceBehaviours: readonly Behaviour[] = [
  behaviour(7, 'Produce is offered from version 0, so that librdkafka compresses', async cluster => {
    const { apiKeys } = await cluster.ask(apiVersionsApi, {}, 0)
    const range = apiKeys.find(each => each.apiKey === produceApi.key)!
    assert.equal(range.minVersion, 0)
    assert.ok(range.maxVersion >= 13, `to ${range.maxVersion}`)
  }),

  behaviour(
    8,
    'acks=0 has no reply, and an error ends the connection; other acks are INVALID_REQUIRED_ACKS',
    async cluster => {
      const topic = await cluster.topic()
      const socket = await cluster.socket()
      const request = (name: string, acks: number) => ({
        acks,
        timeoutMs: 5_000,
        topicData: [{ name, partitionData: [{ index: 0, records: batchOf(['a']) }] }],
      })
      socket.send(frameOf(produceApi, request(topic.name, 0), { version: 9, correlationId: 1 }))
      const next = await socket.ask(apiVersionsApi, {}, { version: 0, correlationId: 2 })
      assert.equal(next.correlationId, 2, 'the next reply is of the next request')
      await eventually('the record is there', async () => (await endOf(cluster, topic)) === 1)
      socket.send(frameOf(produceApi, request(cluster.freshName(), 0), { version: 9, correlationId: 3 }))
      await socket.closedSilently()
      for (const acks of [2, -2, 32_767]) {
        const reply = await produce(cluster, topic, batchOf(['b']), { acks })
        assert.equal(reply.error, 'INVALID_REQUIRED_ACKS', `acks=${acks}`)
      }
      assert.equal(await endOf(cluster, topic), 1)
    },
  ),

  behaviour(9, 'a produce request holds one sound batch for each partition', async cluster => {
    const topic = await cluster.topic(1, { 'max.message.bytes': '2000' })
    const batch = batchOf(['a', 'b', 'c'])
    const refused = async (records: Uint8Array, error: string, what: string, version = 11) => {
      const reply = await produce(cluster, topic, records, { version })
      assert.equal(reply.error, error, what)
      assert.equal(reply.baseOffset, -1, what)
    }
    const other = (change: (bytes: Buffer) => void) => altered(batch, change)
    await refused(Buffer.concat([batch, batch]), 'INVALID_RECORD', 'two batches')
    await refused(
      other(bytes => bytes.writeInt32BE(1, LAST_OFFSET_DELTA_AT)),
      'INVALID_RECORD',
      'last offset delta',
    )
    await refused(
      other(bytes => bytes.writeInt32BE(4, RECORDS_COUNT_AT)),
      'INVALID_RECORD',
      'count',
    )
    await refused(batchOf(['a'], { control: true }), 'INVALID_RECORD', 'control batch')
    await refused(batchOf(['a'], { producerId: 1n, producerEpoch: 0 }), 'INVALID_RECORD', 'no sequence')
    await refused(Buffer.from(batch.map((byte, at) => (at === CRC_AT ? byte ^ 1 : byte))), 'CORRUPT_MESSAGE', 'CRC')
    await refused(batchOf(['x'.repeat(3_000)]), 'MESSAGE_TOO_LARGE', 'max.message.bytes')
    const zstd = batchOf(['a'], { codec: Codec.zstd })
    await refused(zstd, 'UNSUPPORTED_COMPRESSION_TYPE', 'zstd before version 7', 6)
    assert.equal(await endOf(cluster, topic), 0, 'nothing was appended')
    assert.equal(await produced(cluster, topic, zstd, { version: 7 }), 0)
    assert.equal(await produced(cluster, topic, batch, { version: 3 }), 1)
    const lies = altered(batchOf(['a', 'b'], { codec: Codec.gzip }), bytes => {
      bytes.writeInt32BE(3, RECORDS_COUNT_AT)
      bytes.writeInt32BE(2, LAST_OFFSET_DELTA_AT)
    })
    const counted = await produce(cluster, topic, lies)
    assert.equal(counted.error, cluster.either('count-inside-compressed'))
    await refused(
      other(bytes => bytes.writeInt8(1, MAGIC_AT)),
      'INVALID_RECORD',
      'magic 1',
    )
    await refused(batchOf(['a'], { baseOffset: 5 }), 'INVALID_RECORD', 'base offset')
  }),

  behaviour(
    10,
    'a record without a key does not get into a compacted topic, and the reply says which',
    async cluster => {
      const topic = await cluster.topic(1, { 'cleanup.policy': 'compact' })
      const batch = batchOf([{ key: 'a', value: '1' }, { value: '2' }, { key: 'c', value: '3' }, { value: '4' }])
      const reply = await produce(cluster, topic, batch, { version: 8 })
      assert.equal(reply.error, 'INVALID_RECORD')
      assert.deepEqual(
        reply.recordErrors.map(each => each.batchIndex),
        [1, 3],
      )
      assert.ok(reply.errorMessage)
      const old = await produce(cluster, topic, batch, { version: 7 })
      assert.equal(old.error, 'INVALID_RECORD', 'before version 8 the same code without the list')
      assert.equal(await endOf(cluster, topic), 0)
      assert.equal(await produced(cluster, topic, batchOf([{ key: 'a', value: null }])), 0)
    },
  ),

  behaviour(11, 'timestamps outside the window are refused; LogAppendTime is written by the broker', async cluster => {
    const bounds = { 'message.timestamp.before.max.ms': `${HOUR_MS}`, 'message.timestamp.after.max.ms': '60000' }
    const topic = await cluster.topic(1, bounds)
    const at = (offsetMs: number) => batchOf(['ok', { value: 'x', timestampMs: Date.now() + offsetMs }])
    for (const offsetMs of [HOUR_MS, -2 * HOUR_MS]) {
      const reply = await produce(cluster, topic, at(offsetMs))
      assert.equal(reply.error, 'INVALID_TIMESTAMP', `${offsetMs} ms from now`)
      assert.deepEqual(
        reply.recordErrors.map(each => each.batchIndex),
        [1],
      )
    }
    const typed = await produce(cluster, topic, putTimestampType(at(0)))
    assert.equal(typed.error, cluster.either('timestamp-type'), 'a producer that says LogAppendTime')
    const compacted = await cluster.topic(1, { ...bounds, 'cleanup.policy': 'compact' })
    const late = { key: 'k', value: 'x', timestampMs: Date.now() - 2 * HOUR_MS }
    const both = await produce(cluster, compacted, batchOf([{ value: 'no key' }, { key: 'k', value: 'ok' }, late]))
    assert.equal(both.error, 'INVALID_TIMESTAMP', 'a record without a key and one of a wrong time')
    assert.deepEqual(
      both.recordErrors.map(each => each.batchIndex),
      [0, 2],
    )
    const taken = await produce(cluster, topic, at(-60_000))
    assert.deepEqual([taken.error, taken.logAppendTimeMs], ['NONE', -1])

    const appendTime = await cluster.topic(1, { ...bounds, 'message.timestamp.type': 'LogAppendTime' })
    const before = Date.now()
    const stamped = await produce(cluster, appendTime, at(-24 * HOUR_MS))
    assert.equal(stamped.error, 'NONE')
    assert.ok(stamped.logAppendTimeMs >= before && stamped.logAppendTimeMs <= Date.now())
    const { batches } = await fetchFrom(cluster, appendTime, 0)
    assert.ok(isLogAppendTime(batches[0]!.header))
    assert.equal(batches[0]!.header.maxTimestamp, stamped.logAppendTimeMs)
    assert.deepEqual(batches[0]!.timestampsMs, [stamped.logAppendTimeMs, stamped.logAppendTimeMs])
  }),
]
