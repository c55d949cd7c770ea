/** DescribeLogDirs and DescribeProducers: what this broker holds. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type DescribeLogDirsTopic, describeLogDirsApi } from '../../wire/gen/describe-log-dirs.ts'
import { describeProducersApi } from '../../wire/gen/describe-producers.ts'
import { batchOf, createTopic, errorOf, NOW_MS, produce } from '../testing/calls.ts'
import { outcomeOf } from '../testing/config-calls.ts'
import { withBroker } from '../testing/memory-broker.ts'
import type { RawPeer } from '../testing/raw-peer.ts'

/** What each directory holds, as `topic-partition=bytes`. */
async function held(peer: RawPeer, topics: readonly DescribeLogDirsTopic[] | null, version = 4) {
  const { errorCode, results } = await peer.request(describeLogDirsApi, version, { topics })
  assert.equal(errorCode, 0)
  return results.map(({ logDir, topics: found, ...directory }) => {
    for (const { partitions } of found) {
      for (const each of partitions) assert.deepEqual([each.offsetLag, each.isFutureKey], [0, false])
    }
    const logs = found.flatMap(({ name, partitions }) =>
      partitions.map(({ partitionIndex, partitionSize }) => `${name}-${partitionIndex}=${partitionSize}`),
    )
    return { logDir, logs: logs.sort(), ...directory }
  })
}

test('DescribeLogDirs in every version: every partition with its size', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    await createTopic(peer, 'orders', { partitions: 2 })
    await createTopic(peer, 'returns')
    const records = batchOf(['x'.repeat(100)])
    await produce(peer, { topic: 'orders', partition: 1, records })
    const all = ['orders-0=0', `orders-1=${records.length}`, 'returns-0=0']
    for (let version = describeLogDirsApi.min; version <= describeLogDirsApi.max; version++) {
      const [directory] = await held(peer, null, version)
      assert.ok(directory !== undefined)
      assert.equal(directory.logDir, 'ottla-data')
      assert.deepEqual(directory.logs, all, `v${version}`)
      if (version < 4) assert.deepEqual([directory.totalBytes, directory.usableBytes], [-1, -1])
      else assert.ok(directory.totalBytes >= directory.usableBytes && directory.usableBytes > 0)
    }
    const some = [
      { topic: 'orders', partitions: [1, 1, 9] },
      { topic: 'nowhere', partitions: [0] },
      { topic: 'orders', partitions: [1] },
    ]
    assert.deepEqual(
      (await held(peer, some)).map(each => each.logs),
      [[`orders-1=${records.length}`]],
    )
    assert.deepEqual(
      (await held(peer, [])).map(each => each.logs),
      [[]],
    )
    assert.deepEqual(
      (await held(peer, [{ topic: 'orders', partitions: [] }])).map(each => each.logs),
      [[]],
    )
  }))

test('DescribeLogDirs: several directories; one that fails says 56 and nothing of what is in it', () =>
  withBroker(
    async broker => {
      const peer = await broker.connect()
      await createTopic(peer, 'orders', { partitions: 4 })
      const both = await held(peer, null)
      assert.deepEqual(
        both.map(each => [each.logDir, each.errorCode, each.logs.length]),
        [
          ['/a', 0, 2],
          ['/b', 0, 2],
        ],
      )
      const [inA, inB] = both.map(each => each.logs.map(log => Number(/-(\d+)=/.exec(log)?.[1])))
      broker.failDisk('/b')
      const lost = { topic: 'orders', partition: inB?.[0] ?? -1, records: batchOf(['lost']) }
      assert.equal(errorOf(await produce(peer, lost)), 'KAFKA_STORAGE_ERROR')
      const after = await held(peer, null)
      assert.deepEqual(
        after.map(each => [each.logDir, each.errorCode, each.logs.length, each.totalBytes > 0]),
        [
          ['/a', 0, 2, true],
          ['/b', 56, 0, false],
        ],
      )
      const kept = { topic: 'orders', partition: inA?.[0] ?? -1, records: batchOf(['kept']) }
      assert.equal(errorOf(await produce(peer, kept)), 'NONE')
    },
    { 'log.dirs': '/a,/b' },
  ))

async function producersOf(peer: RawPeer, name: string, partitionIndexes: readonly number[]) {
  const { topics } = await peer.request(describeProducersApi, 0, { topics: [{ name, partitionIndexes }] })
  return topics.flatMap(topic => topic.partitions)
}

test('DescribeProducers: who wrote, with which epoch and up to which sequence', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    await createTopic(peer, 'orders', { partitions: 2 })
    await produce(peer, { topic: 'orders', records: batchOf(['plain']) })
    const write = (producerId: bigint, producerEpoch: number, baseSequence: number, values: readonly string[]) =>
      produce(peer, { topic: 'orders', records: batchOf(values, { producerId, producerEpoch, baseSequence }) })
    assert.equal(errorOf(await write(7n, 3, 0, ['a', 'b'])), 'NONE')
    assert.equal(errorOf(await write(7n, 3, 2, ['c'])), 'NONE')
    assert.equal(errorOf(await write(8n, 0, 0, ['d'])), 'NONE')
    const none = { coordinatorEpoch: -1, currentTxnStartOffset: -1n }
    const [partition] = await producersOf(peer, 'orders', [0, 0])
    const told = [...(partition?.activeProducers ?? [])].sort((a, b) => Number(a.producerId - b.producerId))
    assert.deepEqual(
      told.map(each => ({ ...each, currentTxnStartOffset: BigInt(each.currentTxnStartOffset) })),
      [
        { producerId: 7n, producerEpoch: 3, lastSequence: 2, lastTimestamp: NOW_MS, ...none },
        { producerId: 8n, producerEpoch: 0, lastSequence: 0, lastTimestamp: NOW_MS, ...none },
      ],
    )
    assert.equal((await producersOf(peer, 'orders', [0, 0])).length, 1, 'once, however often it is asked for')
    const [other] = await producersOf(peer, 'orders', [1])
    assert.deepEqual([other?.errorCode, other?.activeProducers], [0, []])
  }))

test('DescribeProducers: partitions and topics that are not there', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    await createTopic(peer, 'orders')
    const outcome = async (name: string, index: number) => outcomeOf((await producersOf(peer, name, [index]))[0])
    assert.equal(await outcome('orders', 9), 'UNKNOWN_TOPIC_OR_PARTITION')
    assert.equal(await outcome('orders', -1), 'UNKNOWN_TOPIC_OR_PARTITION')
    assert.equal(await outcome('nowhere', 0), 'UNKNOWN_TOPIC_OR_PARTITION')
    assert.equal(await outcome('..', 0), "INVALID_TOPIC_EXCEPTION Topic name is invalid: '..' is not allowed")
  }))
