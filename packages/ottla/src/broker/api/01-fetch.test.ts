import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FetchSessions } from '../../core/access/fetch-sessions.ts'
import type { FetchOptions, FetchResult } from '../../runtime/services.ts'
import { AT_ONCE } from '../../runtime/testing.ts'
import { Codec } from '../../wire/batch/header.ts'
import { deleteRecordsApi } from '../../wire/gen/delete-records.ts'
import { type FetchRequestInput, fetchApi } from '../../wire/gen/fetch.ts'
import { CloseSignal } from '../net/close-signal.ts'
import { UNSENT_BYTES_MAX, UNSENT_BYTES_TOTAL_MAX } from '../net/limits.ts'
import { batchOf, createTopic, errorOf, fetch, produce, recordsIn, valuesIn } from '../testing/calls.ts'
import { withBroker } from '../testing/memory-broker.ts'
import type { RawPeer } from '../testing/raw-peer.ts'
import { handleFetch } from './01-fetch.ts'
import type { ApiContext } from './handler.ts'

const base: FetchRequestInput = { maxWaitMs: 0, minBytes: 1, topics: [] }
const patience: FetchOptions = { ...AT_ONCE, maxWaitMs: 1_000_000 }
const partition = (index: number, fetchOffset = 0) => ({ partition: index, fetchOffset, partitionMaxBytes: 1_000_000 })

async function fill(peer: RawPeer, topic: string, values: readonly string[]): Promise<void> {
  for (const value of values) assert.equal(errorOf(await produce(peer, { topic, records: batchOf([value]) })), 'NONE')
}

test('every version reads, by name up to v12 and by id from v13 on', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    const topicId = await createTopic(peer, 'orders')
    await fill(peer, 'orders', ['a', 'b'])
    for (let version = fetchApi.min; version <= fetchApi.max; version++) {
      const topic = version >= 13 ? { topicId } : { topic: 'orders' }
      const response = await peer.request(fetchApi, version, {
        ...base,
        topics: [{ ...topic, partitions: [partition(0)] }],
      })
      const answer = response.responses[0]?.partitions[0]
      assert.ok(answer !== undefined)
      assert.deepEqual(valuesIn(answer.records), ['a', 'b'], `v${version}`)
      assert.deepEqual([answer.highWatermark, answer.lastStableOffset], [2, 2])
      assert.equal(answer.logStartOffset, version >= 5 ? 0 : -1)
    }
  }))

test('offsets: from any of them on, empty at the end, 1 beyond it and below the start', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    await createTopic(peer, 'orders')
    await produce(peer, { topic: 'orders', records: batchOf(['a', 'b', 'c']) })
    await fill(peer, 'orders', ['d'])
    const from = async (offset: number) => valuesIn((await fetch(peer, { topic: 'orders', offset })).records)
    assert.deepEqual(await from(0), ['a', 'b', 'c', 'd'])
    assert.deepEqual(await from(2), ['a', 'b', 'c', 'd'], 'the whole batch: the client skips what it has')
    assert.deepEqual(await from(3), ['d'])
    assert.deepEqual(await from(4), [])
    assert.equal(errorOf(await fetch(peer, { topic: 'orders', offset: 5 })), 'OFFSET_OUT_OF_RANGE')
    const topics = [{ name: 'orders', partitions: [{ partitionIndex: 0, offset: 3 }] }]
    await peer.request(deleteRecordsApi, 2, { topics, timeoutMs: 1000 })
    assert.equal(errorOf(await fetch(peer, { topic: 'orders', offset: 2 })), 'OFFSET_OUT_OF_RANGE')
    assert.deepEqual(await from(3), ['d'])
  }))

test('a reader waits for minBytes, is woken by a write, and gives up after maxWaitMs', () =>
  withBroker(async broker => {
    const [reader, writer] = [await broker.connect(), await broker.connect()]
    await createTopic(writer, 'orders')
    const begunAt = broker.clock.monoMs()
    const empty = await fetch(reader, { topic: 'orders' }, { maxWaitMs: 300 })
    assert.deepEqual(valuesIn(empty.records), [])
    assert.ok(broker.clock.monoMs() - begunAt >= 300)
    const waiting = fetch(reader, { topic: 'orders' }, { maxWaitMs: 1_000_000 })
    await fill(writer, 'orders', ['here'])
    assert.deepEqual(valuesIn((await waiting).records), ['here'])
    assert.ok(broker.clock.monoMs() - begunAt < 10_000)
  }))

for (const durability of ['disk', 'page-cache', 'memory']) {
  test(`durability=${durability}: a reader that waits is woken by the write`, () =>
    withBroker(async broker => {
      const [reader, writer] = [await broker.connect(), await broker.connect()]
      await createTopic(writer, 'orders', { configs: { durability } })
      const waiting = fetch(reader, { topic: 'orders' }, { maxWaitMs: 1_000_000 })
      const begunAt = broker.clock.monoMs()
      await broker.until(() => broker.clock.monoMs() > begunAt + 5)
      await fill(writer, 'orders', ['here'])
      assert.deepEqual(valuesIn((await waiting).records), ['here'])
    }))
}

test('a reader that comes while a write is being synced is woken by its end', () =>
  withBroker(async broker => {
    await createTopic(await broker.connect(), 'orders')
    const { partitions } = broker.server.services
    const name = { topic: 'orders', topicId: null, partition: 0 }
    const write = { acks: 1, timeoutMs: 1000, apiVersion: 12, transactionalId: null }
    assert.ok(partitions.append(name, batchOf(['here']), write) instanceof Promise, 'not durable yet')
    const read = { ...name, fetchOffset: 0, maxBytes: 1000, currentLeaderEpoch: -1, lastFetchedEpoch: -1 }
    const result = await broker.settled(Promise.resolve(partitions.fetch([read], patience)))
    assert.ok((result.partitions[0]?.bytes ?? 0) > 0)
    result.release()
  }))

test('readers that only wait hold no memory that others need', () =>
  withBroker(async broker => {
    const writer = await broker.connect()
    await createTopic(writer, 'idle')
    await createTopic(writer, 'busy')
    await fill(writer, 'busy', ['a', 'b', 'c'])
    const greedy = { maxBytes: UNSENT_BYTES_MAX }
    for (let held = 0; held <= UNSENT_BYTES_TOTAL_MAX; held += UNSENT_BYTES_MAX) {
      fetch(await broker.connect(), { topic: 'idle' }, { ...greedy, maxWaitMs: 1_000_000 }).catch(() => {})
    }
    const answer = await fetch(await broker.connect(), { topic: 'busy' }, greedy)
    assert.deepEqual(valuesIn(answer.records), ['a', 'b', 'c'])
  }))

test('a wait that nobody is there for any more ends', () =>
  withBroker(async broker => {
    const [reader, writer] = [await broker.connect(), await broker.connect()]
    await createTopic(writer, 'orders')
    const waiting = fetch(reader, { topic: 'orders' }, { maxWaitMs: 1_000_000 })
    waiting.catch(() => {})
    await fill(writer, 'orders', [])
    reader.close()
    await broker.until(() => reader.isClosed)
    await fill(writer, 'orders', ['x'])
    assert.deepEqual(valuesIn((await fetch(writer, { topic: 'orders' })).records), ['x'])
  }))

test('who would wait when nobody is there any more is answered at once', () =>
  withBroker(async broker => {
    await createTopic(await broker.connect(), 'orders')
    const read = { topic: 'orders', topicId: null, partition: 0, fetchOffset: 0, maxBytes: 1000 }
    const beliefs = { currentLeaderEpoch: -1, lastFetchedEpoch: -1 }
    const options = { ...patience, onAbort: (abort: () => void) => abort() }
    const fetched = broker.server.services.partitions.fetch([{ ...read, ...beliefs }], options)
    const result = await broker.settled(Promise.resolve(fetched))
    assert.equal(result.partitions[0]?.bytes, 0)
  }))

test('an error, or nothing to read, is answered at once', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    await createTopic(peer, 'orders')
    const patient = { ...base, maxWaitMs: 1_000_000, minBytes: 1_000_000 }
    const begunAt = broker.clock.monoMs()
    assert.equal((await peer.request(fetchApi, 12, patient)).responses.length, 0)
    const mixed = [
      { topic: 'orders', partitions: [partition(0)] },
      { topic: 'nowhere', partitions: [partition(0)] },
    ]
    const response = await peer.request(fetchApi, 12, { ...patient, topics: mixed })
    assert.deepEqual(
      response.responses.map(topic => topic.partitions.map(errorOf)[0]),
      ['NONE', 'UNKNOWN_TOPIC_OR_PARTITION'],
    )
    assert.ok(broker.clock.monoMs() - begunAt < 1000)
  }))

test('the first batch comes whole, later partitions get what is left (KIP-74)', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    await createTopic(peer, 'orders', { partitions: 3 })
    const large = 'x'.repeat(10_000)
    for (const index of [0, 1, 2]) await produce(peer, { topic: 'orders', partition: index, records: batchOf([large]) })
    const sizes = async (maxBytes: number) => {
      const topics = [{ topic: 'orders', partitions: [0, 1, 2].map(index => partition(index)) }]
      const response = await peer.request(fetchApi, 12, { ...base, maxBytes, topics })
      return response.responses[0]?.partitions.map(each => recordsIn(each.records).length)
    }
    assert.deepEqual(await sizes(100), [1, 0, 0])
    assert.deepEqual(await sizes(21_000), [1, 1, 0])
    assert.deepEqual(await sizes(1_000_000), [1, 1, 1])
  }))

test('sessions (KIP-227): what changed is named and told; what did not is left out', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    await createTopic(peer, 'orders', { partitions: 2 })
    const both = [{ topic: 'orders', partitions: [partition(0), partition(1)] }]
    const begun = await peer.request(fetchApi, 12, { ...base, sessionEpoch: 0, topics: both })
    assert.equal(begun.responses[0]?.partitions.length, 2)
    const { sessionId } = begun
    const next = (sessionEpoch: number, more: Partial<FetchRequestInput> = {}) =>
      peer.request(fetchApi, 12, { ...base, sessionId, sessionEpoch, ...more })
    assert.deepEqual((await next(1)).responses, [])
    await produce(peer, { topic: 'orders', partition: 1, records: batchOf(['new']) })
    const told = await next(2)
    assert.deepEqual(
      told.responses[0]?.partitions.map(each => each.partitionIndex),
      [1],
    )
    const moved = await next(3, { topics: [{ topic: 'orders', partitions: [partition(1, 1)] }] })
    assert.deepEqual(moved.responses, [])
    await next(4, { forgottenTopicsData: [{ topic: 'orders', partitions: [1] }] })
    await produce(peer, { topic: 'orders', partition: 1, records: batchOf(['unseen']) })
    assert.deepEqual((await next(5)).responses, [])
    assert.equal(errorOf(await next(5)), 'INVALID_FETCH_SESSION_EPOCH')
    assert.equal((await next(-1, { topics: both })).sessionId, 0)
    assert.equal(errorOf(await next(6)), 'FETCH_SESSION_ID_NOT_FOUND')
  }))

test('topic ids: unknown ones 100, and a topic made again has another', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    const topicId = await createTopic(peer, 'orders')
    const byId = async (id: string) => {
      const response = await peer.request(fetchApi, 13, {
        ...base,
        topics: [{ topicId: id, partitions: [partition(0)] }],
      })
      const [topic] = response.responses
      assert.equal(topic?.topicId, id)
      return topic?.partitions.map(errorOf)[0]
    }
    assert.equal(await byId(topicId), 'NONE')
    assert.equal(await byId('AAAAAAAAAAAAAAAAAAAABQ'), 'UNKNOWN_TOPIC_ID')
  }))

test('zstd for a reader that does not know it: 76 where the topic asks for zstd, else what is there (ADR 0003)', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    await createTopic(peer, 'asks', { configs: { 'compression.type': 'zstd' } })
    await createTopic(peer, 'keeps')
    for (const topic of ['asks', 'keeps']) {
      await produce(peer, { topic, records: batchOf(['z'], { codec: Codec.zstd }) })
      assert.deepEqual(valuesIn((await fetch(peer, { topic, version: 10 })).records), ['z'])
    }
    assert.equal(errorOf(await fetch(peer, { topic: 'asks', version: 9 })), 'UNSUPPORTED_COMPRESSION_TYPE')
    assert.deepEqual(valuesIn((await fetch(peer, { topic: 'keeps', version: 9 })).records), ['z'])
  }))

test('leader epochs: an old one 74, one from the future 75; a history that is not ours is cut (KIP-320)', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    await createTopic(peer, 'orders')
    await fill(peer, 'orders', ['a'])
    assert.equal(errorOf(await fetch(peer, { topic: 'orders', currentLeaderEpoch: 99 })), 'UNKNOWN_LEADER_EPOCH')
    const fenced = await fetch(peer, { topic: 'orders', offset: 1, lastFetchedEpoch: 0 })
    assert.deepEqual([errorOf(fenced), fenced.divergingEpoch.epoch], ['NONE', -1], 'this is our history')
  }))

test('read_committed: an empty list of aborted transactions, not null', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    await createTopic(peer, 'orders')
    await fill(peer, 'orders', ['a'])
    assert.deepEqual((await fetch(peer, { topic: 'orders' }, { isolationLevel: 1 })).abortedTransactions, [])
    assert.equal((await fetch(peer, { topic: 'orders' }, { isolationLevel: 0 })).abortedTransactions, null)
  }))

test('memory is given back with the reply, and an answered fetch no longer listens for the end of its connection', async () => {
  let released = 0
  let aborted = 0
  const signal = new CloseSignal()
  const result: FetchResult = { partitions: [], release: () => released++ }
  const fetchLater = (_: unknown, options: FetchOptions) => {
    options.onAbort(() => aborted++)
    return Promise.resolve(result)
  }
  const services = {
    sessions: new FetchSessions({ slots: 10 }),
    partitions: { fetch: fetchLater },
    random: { u32: () => 1 },
    config: { fetchMaxBytes: 1000 },
  }
  const context = { services, signal, apiVersion: 12, now: () => 0, reserveReplyBytes: (bytes: number) => bytes }
  const request = {
    sessionId: 0,
    sessionEpoch: -1,
    topics: [],
    forgottenTopicsData: [],
    maxWaitMs: 0,
    minBytes: 0,
    maxBytes: 1,
  }
  const reply = await handleFetch(context as unknown as ApiContext, request as never)
  assert.equal(released, 0)
  reply.release?.()
  assert.equal(released, 1)
  signal.fire()
  assert.equal(aborted, 0)
})
