/** AlterReplicaLogDirs: partitions on their way from one log directory to another, and what clients see of it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DiskOperation } from '../../adapters/memory/disk-operations.ts'
import { alterReplicaLogDirsApi } from '../../wire/gen/alter-replica-log-dirs.ts'
import { deleteRecordsApi } from '../../wire/gen/delete-records.ts'
import { deleteTopicsApi } from '../../wire/gen/delete-topics.ts'
import { describeLogDirsApi } from '../../wire/gen/describe-log-dirs.ts'
import { batchOf, createTopic, errorOf, fetch, produce, recordsIn, valuesIn } from '../testing/calls.ts'
import { brokerConfigs, setConfigs } from '../testing/config-calls.ts'
import { MemoryBroker, MemoryWorld, withBroker } from '../testing/memory-broker.ts'
import type { RawPeer } from '../testing/raw-peer.ts'

const BOTH = { 'log.dirs': '/a,/b' }
const THREE = { 'log.dirs': '/a,/b,/c' }
/** Slow enough that a copy of some kilobytes is seen under way, until it is set free. */
const THROTTLE = 'replica.alter.log.dirs.io.max.bytes.per.second'

/** Asks for one partition; the name of the error. */
async function move(peer: RawPeer, to: string, { topic = 'orders', partition = 0, version = 2 } = {}) {
  const dirs = [{ path: to, topics: [{ name: topic, partitions: [partition] }] }]
  const { results } = await peer.request(alterReplicaLogDirsApi, version, { dirs })
  assert.deepEqual(
    results.map(({ topicName, partitions }) => [topicName, partitions.map(each => each.partitionIndex)]),
    [[topic, [partition]]],
  )
  return errorOf(results[0]!.partitions[0]!)
}

/** Where a partition lies, and where it is on its way to, as `/a` and `/b future`. */
async function placesOf(peer: RawPeer, topic = 'orders', partition = 0): Promise<string[]> {
  const { results } = await peer.request(describeLogDirsApi, 4, { topics: [{ topic, partitions: [partition] }] })
  return results.flatMap(({ logDir, topics }) =>
    topics.flatMap(({ partitions }) => partitions.map(each => (each.isFutureKey ? `${logDir} future` : logDir))),
  )
}

async function arrived(broker: MemoryBroker, peer: RawPeer, at: string, topic = 'orders'): Promise<void> {
  for (let looks = 0; looks < 1000; looks++) {
    const places = await placesOf(peer, topic)
    if (places.length === 1 && places[0] === at) return
    broker.clock.advance(5)
  }
  assert.deepEqual(await placesOf(peer, topic), [at])
}

async function valuesOf(peer: RawPeer, topic = 'orders', offset = 0): Promise<(string | null)[]> {
  const values: (string | null)[] = []
  for (let next = offset; ; ) {
    const answer = await fetch(peer, { topic, offset: next })
    assert.equal(errorOf(answer), 'NONE')
    const last = recordsIn(answer.records).at(-1)
    if (last === undefined) return values
    values.push(...valuesIn(answer.records))
    next = last.offset + 1
  }
}

const write = (peer: RawPeer, values: readonly string[], acks = -1, topic = 'orders') =>
  produce(peer, { topic, records: batchOf(values), acks })

/** One topic with one partition, in /a or wherever it was put; the other directory's path. */
async function other(peer: RawPeer, topic = 'orders'): Promise<readonly [here: string, there: string]> {
  const [here] = await placesOf(peer, topic)
  assert.ok(here !== undefined)
  return [here, here === '/a' ? '/b' : '/a']
}

for (const durability of ['disk', 'page-cache', 'memory']) {
  test(`a partition of durability=${durability} moves, there and back, and is written and read meanwhile`, () =>
    withBroker(async broker => {
      const peer = await broker.connect()
      await createTopic(peer, 'orders', { configs: { durability, 'segment.bytes': '300' } })
      const values: string[] = []
      const more = async (acks: number) => {
        const value = `value ${values.length}`
        assert.equal(errorOf(await write(peer, [value], acks)), 'NONE')
        values.push(value)
      }
      for (let i = 0; i < 20; i++) await more(-1)
      const [here, there] = await other(peer)
      for (const to of [there, here, there]) {
        assert.equal(await move(peer, to), 'NONE')
        for (let i = 0; i < 10; i++) await more(i % 2 === 0 ? -1 : 1)
        await arrived(broker, peer, to)
        await more(1)
        assert.deepEqual(await valuesOf(peer), values)
        assert.deepEqual(await valuesOf(peer, 'orders', 17), values.slice(17))
      }
    }, BOTH))
}

test('I-20 what was moved is there after a clean stop, a kill and a power cut, and in one directory only', async () => {
  for (const end of ['stop', 'kill', 'power'] as const) {
    const world = new MemoryWorld()
    const before = await MemoryBroker.start(BOTH, world)
    const peer = await before.connect()
    await createTopic(peer, 'orders', { configs: { 'segment.bytes': '300' } })
    for (let i = 0; i < 12; i++) await write(peer, [`value ${i}`])
    const [, there] = await other(peer)
    await move(peer, there)
    await arrived(before, peer, there)
    await write(peer, ['last'])
    if (end === 'stop') await before.close()
    else await world.crash(end)
    const after = await MemoryBroker.start(BOTH, world)
    const again = await after.connect()
    assert.deepEqual(await placesOf(again), [there], end)
    assert.deepEqual(await valuesOf(again), [...Array.from({ length: 12 }, (_, i) => `value ${i}`), 'last'], end)
    assert.equal((await write(again, ['more'])).baseOffset, 13)
    const folders = (await world.disk.list(there)).filter(({ name }) => name.startsWith('orders'))
    assert.deepEqual(
      folders.map(({ name }) => name),
      ['orders-0'],
      end,
    )
    await after.close()
  }
})

test('a move under way shows its future and how far it is; to where it lies takes it back; elsewhere replaces it', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    await setConfigs(peer, brokerConfigs(''), { [THROTTLE]: '1' })
    await createTopic(peer, 'orders')
    for (let i = 0; i < 5; i++) await write(peer, ['x'.repeat(100)])
    const [here] = await placesOf(peer)
    const [there, third] = ['/a', '/b', '/c'].filter(path => path !== here) as [string, string]
    assert.equal(await move(peer, there), 'NONE')
    // All that was there is copied by now, and must be paid for.
    await write(peer, ['one more', 'and more'])
    const { results } = await peer.request(describeLogDirsApi, 4, { topics: null })
    const future = results.find(({ logDir }) => logDir === there)?.topics[0]?.partitions[0]
    assert.deepEqual([future?.isFutureKey, future?.offsetLag], [true, 2])
    assert.equal(await move(peer, there), 'NONE', 'it goes on')
    assert.deepEqual((await placesOf(peer)).sort(), [`${there} future`, here].sort())
    assert.equal(await move(peer, third), 'NONE')
    assert.deepEqual((await placesOf(peer)).sort(), [`${third} future`, here].sort())
    assert.equal(await move(peer, here as string), 'NONE')
    assert.deepEqual(await placesOf(peer), [here])
    assert.equal((await valuesOf(peer)).length, 7)
  }, THREE))

test('a pace that was set too low holds nobody back once it is raised: not the move under way, and not the next', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    await setConfigs(peer, brokerConfigs(''), { [THROTTLE]: '1' })
    await createTopic(peer, 'orders')
    for (let i = 0; i < 5; i++) await write(peer, ['x'.repeat(1_000)])
    const [here, there] = await other(peer)
    assert.equal(await move(peer, there), 'NONE')
    await write(peer, ['one more'])
    for (let looks = 0; looks < 100; looks++) {
      assert.deepEqual((await placesOf(peer)).sort(), [`${there} future`, here].sort())
      broker.clock.advance(5)
    }
    await setConfigs(peer, brokerConfigs(''), { [THROTTLE]: '1000000' })
    // Looks for 5 seconds, a thousandth of what the bytes cost before.
    await arrived(broker, peer, there)
    assert.equal(await move(peer, here), 'NONE')
    await arrived(broker, peer, here)
    assert.equal((await valuesOf(peer)).length, 6)
  }, BOTH))

test('a move that a crash or a stop interrupts begins again by itself', async () => {
  for (const end of ['stop', 'kill', 'power'] as const) {
    const world = new MemoryWorld()
    const before = await MemoryBroker.start({ ...BOTH, [THROTTLE]: '1' }, world)
    const peer = await before.connect()
    await createTopic(peer, 'orders')
    for (let i = 0; i < 5; i++) await write(peer, [`value ${i}`])
    const [here, there] = await other(peer)
    await move(peer, there)
    assert.deepEqual((await placesOf(peer)).sort(), [`${there} future`, here].sort())
    if (end === 'stop') await before.close()
    else await world.crash(end)
    const after = await MemoryBroker.start(BOTH, world)
    const again = await after.connect()
    await arrived(after, again, there)
    assert.deepEqual(
      await valuesOf(again),
      Array.from({ length: 5 }, (_, i) => `value ${i}`),
      end,
    )
    await after.close()
  }
})

test('records deleted before, and while, a partition moves stay deleted', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    await createTopic(peer, 'orders', { configs: { 'segment.bytes': '300' } })
    for (let i = 0; i < 20; i++) await write(peer, [`value ${i}`, `and ${i}`])
    const deleteUpTo = async (offset: number) => {
      const { topics } = await peer.request(deleteRecordsApi, 2, {
        topics: [{ name: 'orders', partitions: [{ partitionIndex: 0, offset }] }],
        timeoutMs: 1000,
      })
      assert.equal(topics[0]?.partitions[0]?.lowWatermark, offset)
    }
    const [here, there] = await other(peer)
    await deleteUpTo(7)
    await move(peer, there)
    await deleteUpTo(13)
    await arrived(broker, peer, there)
    assert.equal(errorOf(await fetch(peer, { topic: 'orders', offset: 12 })), 'OFFSET_OUT_OF_RANGE')
    assert.equal((await valuesOf(peer, 'orders', 13))[1], 'and 6')
    // Nothing is left: the offsets stay used.
    await deleteUpTo(40)
    await move(peer, here)
    await arrived(broker, peer, here)
    assert.equal((await write(peer, ['next'])).baseOffset, 40)
  }, BOTH))

test('an idempotent producer goes on over a move: nothing twice, nothing refused', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    await createTopic(peer, 'orders')
    const send = (baseSequence: number) =>
      produce(peer, {
        topic: 'orders',
        records: batchOf([`value ${baseSequence}`], { producerId: 7n, producerEpoch: 0, baseSequence }),
      })
    for (let i = 0; i < 4; i++) assert.equal((await send(i)).baseOffset, i)
    const [, there] = await other(peer)
    await move(peer, there)
    await arrived(broker, peer, there)
    assert.equal((await send(3)).baseOffset, 3)
    assert.equal((await send(4)).baseOffset, 4)
    assert.equal((await valuesOf(peer)).length, 5)
  }, BOTH))

test('what cannot be moved is answered as Kafka does; a directory asked for early is remembered', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    await createTopic(peer, 'orders')
    const [here] = await placesOf(peer)
    for (const version of [1, 2]) {
      assert.equal(await move(peer, here as string, { version }), 'NONE', 'it is there')
      assert.equal(await move(peer, '/nowhere', { version }), 'LOG_DIR_NOT_FOUND')
    }
    assert.equal(await move(peer, '/a', { partition: 3 }), 'UNKNOWN_TOPIC_OR_PARTITION')
    assert.equal(await move(peer, '/a', { partition: -1 }), 'UNKNOWN_TOPIC_OR_PARTITION')
    // 255 characters with partition and suffix, and one more.
    assert.equal(await move(peer, '/a', { topic: 'x'.repeat(213) }), 'UNKNOWN_TOPIC_OR_PARTITION')
    assert.equal(await move(peer, '/a', { topic: 'x'.repeat(214) }), 'INVALID_TOPIC_EXCEPTION')
    const ofNone = [{ path: '/nowhere', topics: [{ name: 'orders', partitions: [] }] }]
    assert.deepEqual((await peer.request(alterReplicaLogDirsApi, 2, { dirs: ofNone })).results, [])
    for (const [topic, path] of [
      ['early', '/c'],
      ['earlier', '/c'],
      ['soon', '/b'],
    ] as const) {
      assert.equal(await move(peer, path, { topic }), 'UNKNOWN_TOPIC_OR_PARTITION')
      await createTopic(peer, topic)
      assert.deepEqual(await placesOf(peer, topic), [path])
    }
    broker.failDisk('/b')
    await write(peer, ['lost'], -1, 'soon')
    assert.equal(await move(peer, '/b'), 'KAFKA_STORAGE_ERROR')
    assert.equal(await move(peer, '/a', { topic: 'soon' }), 'KAFKA_STORAGE_ERROR')
  }, THREE))

test('a partition named with several directories is wanted in the last', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    await createTopic(peer, 'orders')
    const [here, there] = await other(peer)
    const topics = [{ name: 'orders', partitions: [0, 0] }]
    const dirs = [here, '/nowhere', there].map(path => ({ path, topics }))
    const { results } = await peer.request(alterReplicaLogDirsApi, 2, { dirs })
    assert.deepEqual(
      results.map(({ topicName, partitions }) => [topicName, partitions]),
      [['orders', [{ partitionIndex: 0, errorCode: 0 }]]],
    )
    await arrived(broker, peer, there)
  }, BOTH))

test('the target fails while a partition moves: it stays where it is, and is served', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    await setConfigs(peer, brokerConfigs(''), { [THROTTLE]: '1' })
    await createTopic(peer, 'orders')
    await write(peer, ['kept'])
    const [here, there] = await other(peer)
    await move(peer, there)
    broker.failDisk(there)
    await setConfigs(peer, brokerConfigs(''), { [THROTTLE]: '1000000' })
    broker.clock.advance(200_000)
    assert.equal(errorOf(await write(peer, ['more'])), 'NONE')
    await broker.until(() => broker.observe.named('replica.move-failed').length > 0)
    assert.deepEqual(await valuesOf(peer), ['kept', 'more'])
    assert.deepEqual(await placesOf(peer), [here])
  }, BOTH))

test('while nobody answers for where a partition lies it counts in both places, and goes nowhere else', async () => {
  const world = new MemoryWorld()
  const broker = await MemoryBroker.start(THREE, world)
  const peer = await broker.connect()
  await createTopic(peer, 'orders')
  await write(peer, ['first'])
  const [here, there] = await other(peer)
  world.metadataAnswers = false
  assert.equal(await move(peer, there), 'NONE')
  await broker.until(() => broker.observe.named('controller.append-failed').length > 0)
  for (const to of ['/c', here, there]) assert.equal(await move(peer, to), 'KAFKA_STORAGE_ERROR', to)
  assert.equal(errorOf(await write(peer, ['second'])), 'NONE')
  world.metadataAnswers = true
  await arrived(broker, peer, there)
  assert.equal(await move(peer, '/c'), 'NONE')
  await arrived(broker, peer, '/c')
  assert.deepEqual(await valuesOf(peer), ['first', 'second'])
  world.metadataAnswers = false
  assert.equal(await move(peer, here), 'NONE')
  assert.equal(errorOf(await write(peer, ['third'])), 'NONE')
  await broker.close()
  world.metadataAnswers = true
  const after = await MemoryBroker.start(THREE, world)
  const again = await after.connect()
  await arrived(after, again, here)
  assert.deepEqual(await valuesOf(again), ['first', 'second', 'third'])
  await after.close()
})

test("a log that was left behind when it moved away is in nobody's way when it comes back", async () => {
  let isFull = false
  const intercept = ({ kind, path }: DiskOperation) =>
    isFull && kind === 'rename' && path.endsWith('-future') ? 'ENOSPC' : 'go'
  const broker = await MemoryBroker.start(BOTH, new MemoryWorld({ intercept }))
  const peer = await broker.connect()
  await createTopic(peer, 'orders')
  await write(peer, ['first'])
  const [here, there] = await other(peer)
  isFull = true
  assert.equal(await move(peer, there), 'NONE')
  await broker.until(() => broker.observe.named('replica.move-unfinished').length > 0)
  isFull = false
  await write(peer, ['second'])
  assert.equal(await move(peer, here), 'NONE')
  await broker.until(() => broker.observe.named('replica.moved').length === 2)
  assert.deepEqual(await valuesOf(peer), ['first', 'second'])
  assert.deepEqual(broker.fatals, [])
  await broker.close()
})

test('a topic that is deleted while it moves leaves nothing behind', async () => {
  const world = new MemoryWorld()
  const broker = await MemoryBroker.start({ ...BOTH, [THROTTLE]: '1' }, world)
  const peer = await broker.connect()
  await createTopic(peer, 'orders', { configs: { 'file.delete.delay.ms': '0' } })
  await write(peer, ['gone'])
  const [, there] = await other(peer)
  await move(peer, there)
  await peer.request(deleteTopicsApi, 6, { topics: [{ name: 'orders' }], timeoutMs: 1000 })
  await broker.close()
  const after = await MemoryBroker.start(BOTH, world)
  for (const path of ['/a', '/b']) {
    const names = (await world.disk.list(path)).map(({ name }) => name)
    assert.deepEqual(
      names.filter(name => name.startsWith('orders')),
      [],
    )
  }
  await after.close()
})
