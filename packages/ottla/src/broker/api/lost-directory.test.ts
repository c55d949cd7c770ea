import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeTopicPartitionsApi } from '../../wire/gen/describe-topic-partitions.ts'
import { batchOf, createTopic, errorOf, metadataOf, produce } from '../testing/calls.ts'
import { MemoryBroker, MemoryWorld } from '../testing/memory-broker.ts'
import type { RawPeer } from '../testing/raw-peer.ts'

/** Partitions of `orders` that Metadata names no leader of, and the leader epochs of all. */
async function leadersOf(peer: RawPeer): Promise<{ readonly lost: number[]; readonly epochs: number[] }> {
  const { partitions } = await metadataOf(peer, 'orders')
  const lost: number[] = []
  for (const { partitionIndex, leaderId, replicaNodes, offlineReplicas, ...row } of partitions) {
    const isLost = errorOf(row) === 'LEADER_NOT_AVAILABLE'
    assert.deepEqual([leaderId, replicaNodes, offlineReplicas], [isLost ? -1 : 1, [1], isLost ? [1] : []])
    if (isLost) lost.push(partitionIndex)
    else assert.equal(errorOf(row), 'NONE')
  }
  return { lost, epochs: partitions.map(({ leaderEpoch }) => leaderEpoch) }
}

function indexesOf(errors: readonly string[], error: string): number[] {
  return [...errors.keys()].filter(index => errors[index] === error)
}

test('partitions of a log directory that fails have no leader until the next start, which leads them anew', async () => {
  const world = new MemoryWorld()
  const keys = { 'log.dirs': '/a,/b' }
  const before = await MemoryBroker.start(keys, world)
  const peer = await before.connect()
  await createTopic(peer, 'orders', { partitions: 4 })
  const { lost, epochs } = await leadersOf(peer)
  assert.deepEqual(lost, [])
  before.failDisk('/b/')
  const errors: string[] = []
  for (const partition of [0, 1, 2, 3]) {
    errors.push(errorOf(await produce(peer, { topic: 'orders', partition, records: batchOf(['x']) })))
  }
  assert.equal(indexesOf(errors, 'NONE').length, 2)
  assert.deepEqual((await leadersOf(peer)).lost, indexesOf(errors, 'KAFKA_STORAGE_ERROR'))
  const topics = [{ name: 'orders' }]
  const described = await peer.request(describeTopicPartitionsApi, 0, { topics, responsePartitionLimit: 9 })
  const rows = described.topics[0]?.partitions ?? []
  assert.deepEqual(
    rows.map(({ leaderId }) => leaderId),
    errors.map(error => (error === 'NONE' ? 1 : -1)),
  )
  await before.close()
  world.healDisk('/b/')
  const after = await MemoryBroker.start(keys, world)
  const again = await leadersOf(await after.connect())
  assert.deepEqual(again.lost, [])
  // A client takes the leader of a newer epoch only.
  for (const [partition, epoch] of again.epochs.entries()) assert.ok(epoch > (epochs[partition] ?? 0))
  await after.close()
})

test('partitions of a log directory that is taken out of log.dirs are not made anew, however often it starts', async () => {
  const world = new MemoryWorld()
  const both = await MemoryBroker.start({ 'log.dirs': '/a,/b' }, world)
  const peer = await both.connect()
  await createTopic(peer, 'orders', { partitions: 4 })
  for (const partition of [0, 1, 2, 3]) await produce(peer, { topic: 'orders', partition, records: batchOf(['kept']) })
  await both.close()
  for (let start = 0; start < 3; start++) {
    const one = await MemoryBroker.start({ 'log.dirs': '/a' }, world)
    const again = await one.connect()
    const errors: string[] = []
    for (const partition of [0, 1, 2, 3]) {
      errors.push(errorOf(await produce(again, { topic: 'orders', partition, records: batchOf(['more']) })))
    }
    // Nobody is sent here for what is not here.
    assert.deepEqual((await leadersOf(again)).lost, indexesOf(errors, 'KAFKA_STORAGE_ERROR'))
    assert.deepEqual(errors.sort(), ['KAFKA_STORAGE_ERROR', 'KAFKA_STORAGE_ERROR', 'NONE', 'NONE'], `start ${start}`)
    await one.close()
  }
  const back = await MemoryBroker.start({ 'log.dirs': '/a,/b' }, world)
  const last = await back.connect()
  assert.deepEqual((await leadersOf(last)).lost, [])
  const offsets: number[] = []
  for (const partition of [0, 1, 2, 3]) {
    offsets.push((await produce(last, { topic: 'orders', partition, records: batchOf(['back']) })).baseOffset)
  }
  assert.deepEqual(offsets.sort(), [1, 1, 4, 4])
  await back.close()
})
