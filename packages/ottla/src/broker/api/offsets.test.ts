/** ListOffsets, OffsetForLeaderEpoch and DeleteRecords. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deleteRecordsApi } from '../../wire/gen/delete-records.ts'
import { listOffsetsApi } from '../../wire/gen/list-offsets.ts'
import { offsetForLeaderEpochApi } from '../../wire/gen/offset-for-leader-epoch.ts'
import { batchOf, createTopic, errorOf, NOW_MS, produce } from '../testing/calls.ts'
import { MemoryBroker, MemoryWorld, withBroker } from '../testing/memory-broker.ts'
import type { RawPeer } from '../testing/raw-peer.ts'

async function listed(peer: RawPeer, timestamp: number, version = listOffsetsApi.max) {
  const topics = [{ name: 'orders', partitions: [{ partitionIndex: 0, timestamp }] }]
  const answer = (await peer.request(listOffsetsApi, version, { topics })).topics[0]?.partitions[0]
  assert.ok(answer !== undefined)
  assert.equal(errorOf(answer), 'NONE')
  return [answer.offset, answer.timestamp]
}

async function deleteBefore(peer: RawPeer, offset: number, name = 'orders') {
  const topics = [{ name, partitions: [{ partitionIndex: 0, offset }] }]
  const answer = (await peer.request(deleteRecordsApi, 2, { topics, timeoutMs: 1000 })).topics[0]?.partitions[0]
  assert.ok(answer !== undefined)
  return [errorOf(answer), answer.lowWatermark]
}

test('ListOffsets: ends, times, and the record with the largest time, in every version', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    await createTopic(peer, 'orders')
    for (const age of [3000, 2000, 100, 1000]) {
      await produce(peer, { topic: 'orders', records: batchOf([`${age}`], { timestampMs: NOW_MS - age }) })
    }
    for (let version = listOffsetsApi.min; version <= listOffsetsApi.max; version++) {
      assert.deepEqual(await listed(peer, -1, version), [4, -1], `latest v${version}`)
      assert.deepEqual(await listed(peer, -2, version), [0, -1], `earliest v${version}`)
      assert.deepEqual(await listed(peer, NOW_MS - 2500, version), [1, NOW_MS - 2000])
      assert.deepEqual(await listed(peer, NOW_MS - 2000, version), [1, NOW_MS - 2000])
      assert.deepEqual(await listed(peer, 0, version), [0, NOW_MS - 3000])
      assert.deepEqual(await listed(peer, NOW_MS, version), [-1, -1])
    }
    assert.deepEqual(await listed(peer, -3), [2, NOW_MS - 100])
    assert.deepEqual(await listed(peer, -4), [0, -1])
    assert.deepEqual(await listed(peer, -5), [-1, -1])
  }))

test('ListOffsets: a partition named twice is refused twice, one that is not there once', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    await createTopic(peer, 'orders', { partitions: 2 })
    const partitions = [0, 1, 0, 9].map(partitionIndex => ({ partitionIndex, timestamp: -1 }))
    const { topics } = await peer.request(listOffsetsApi, 11, { topics: [{ name: 'orders', partitions }] })
    const errors = topics[0]?.partitions.map(errorOf)
    assert.deepEqual(errors, ['INVALID_REQUEST', 'NONE', 'INVALID_REQUEST', 'UNKNOWN_TOPIC_OR_PARTITION'])
  }))

test('§8.37 DeleteRecords: up to an offset, up to the high watermark with -1, never beyond it and never back', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    await createTopic(peer, 'orders')
    for (let i = 0; i < 5; i++) await produce(peer, { topic: 'orders', records: batchOf(['x']) })
    assert.deepEqual(await deleteBefore(peer, 6), ['OFFSET_OUT_OF_RANGE', -1])
    assert.deepEqual(await deleteBefore(peer, 2), ['NONE', 2])
    assert.deepEqual(await listed(peer, -2), [2, -1])
    assert.deepEqual(await deleteBefore(peer, 1), ['NONE', 2])
    assert.deepEqual(await deleteBefore(peer, -1), ['NONE', 5])
    assert.deepEqual(await listed(peer, -2), [5, -1])
    assert.deepEqual(await listed(peer, 0), [-1, -1])
  }))

test('DeleteRecords: after timeoutMs, of all partitions together, 7 for those that are not durable yet', async () => {
  let isHeld = false
  const held: (() => void)[] = []
  const world = new MemoryWorld({
    defer: (finish, { kind }) => {
      if (isHeld && kind === 'sync') held.push(finish)
      else queueMicrotask(finish)
    },
  })
  const broker = await MemoryBroker.start({}, world)
  const peer = await broker.connect()
  const count = 40
  await createTopic(peer, 'orders', { partitions: count })
  for (let partition = 0; partition < count; partition++) {
    await produce(peer, { topic: 'orders', partition, records: batchOf(['x', 'y']) })
  }
  isHeld = true
  const partitions = Array.from({ length: count }, (_, partitionIndex) => ({ partitionIndex, offset: 1 }))
  const topics = [{ name: 'orders', partitions }]
  const beganAt = broker.clock.monoMs()
  const reply = await peer.request(deleteRecordsApi, 2, { topics, timeoutMs: 50 })
  const answers = reply.topics[0]?.partitions.map(answer => `${errorOf(answer)} ${answer.lowWatermark}`)
  assert.deepEqual(new Set(answers), new Set(['REQUEST_TIMED_OUT -1']))
  // More than are begun at once: the last ones have no time of their own.
  const tookMs = broker.clock.monoMs() - beganAt
  assert.ok(tookMs >= 50 && tookMs < 100, String(tookMs))
  isHeld = false
  for (const finish of held) finish()
  // Not given up.
  for (let asks = 0; (await listed(peer, -2))[0] !== 1; asks++) assert.ok(asks < 100)
  await broker.close()
})

test('DeleteRecords: not where the policy is to keep the newest of each key', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    await createTopic(peer, 'orders', { configs: { 'cleanup.policy': 'compact' } })
    assert.deepEqual(await deleteBefore(peer, 0), ['POLICY_VIOLATION', -1])
    await createTopic(peer, 'both', { configs: { 'cleanup.policy': 'compact,delete' } })
    assert.deepEqual(await deleteBefore(peer, 0, 'both'), ['NONE', 0])
  }))

test('OffsetForLeaderEpoch: the end of the present term, nothing for terms that are not known', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    await createTopic(peer, 'orders')
    await produce(peer, { topic: 'orders', records: batchOf(['a', 'b']) })
    for (let version = offsetForLeaderEpochApi.min; version <= offsetForLeaderEpochApi.max; version++) {
      const partitions = [
        { partition: 0, leaderEpoch: 0 },
        { partition: 0, leaderEpoch: 7 },
        { partition: 0, leaderEpoch: 0, currentLeaderEpoch: 5 },
        { partition: 8, leaderEpoch: 0 },
      ]
      const response = await peer.request(offsetForLeaderEpochApi, version, {
        topics: [{ topic: 'orders', partitions }],
      })
      const answers = response.topics[0]?.partitions.map(each => [errorOf(each), each.leaderEpoch, each.endOffset])
      assert.deepEqual(answers, [
        ['NONE', 0, 2],
        ['NONE', -1, -1],
        ['UNKNOWN_LEADER_EPOCH', -1, -1],
        ['UNKNOWN_TOPIC_OR_PARTITION', -1, -1],
      ])
    }
  }))
