/** Numbers at their ends: docs/reliability.md G17, and G18 for fetches. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTopicsApi } from '../../wire/gen/create-topics.ts'
import { deleteRecordsApi } from '../../wire/gen/delete-records.ts'
import { type FetchRequestInput, fetchApi } from '../../wire/gen/fetch.ts'
import { listOffsetsApi } from '../../wire/gen/list-offsets.ts'
import { offsetForLeaderEpochApi } from '../../wire/gen/offset-for-leader-epoch.ts'
import { attacked } from '../testing/bystander.ts'
import { batchOf, createTopic, errorOf, fetch, produce, valuesIn } from '../testing/calls.ts'
import { frameOf, type RawPeer } from '../testing/raw-peer.ts'

const LAST = Number.MAX_SAFE_INTEGER
const FIRST = Number.MIN_SAFE_INTEGER

async function listOffset(peer: RawPeer, timestamp: number, currentLeaderEpoch = -1, version = 11) {
  const partitions = [{ partitionIndex: 0, timestamp, currentLeaderEpoch }]
  const response = await peer.request(listOffsetsApi, version, { topics: [{ name: 'target', partitions }] })
  const answer = response.topics[0]?.partitions[0]
  assert.ok(answer !== undefined)
  return answer
}

async function target(peer: RawPeer): Promise<void> {
  await createTopic(peer, 'target')
  assert.equal(errorOf(await produce(peer, { topic: 'target', records: batchOf(['a', 'b', 'c']) })), 'NONE')
}

test('G17: fetches beyond the log, at 2^53 and at the ends of 64 bits', () =>
  attacked(async peer => {
    await target(peer)
    for (const offset of [4, 2 ** 53 - 1, LAST, -1, -2, FIRST]) {
      assert.equal(errorOf(await fetch(peer, { topic: 'target', offset })), 'OFFSET_OUT_OF_RANGE', `offset ${offset}`)
    }
    for (const exact of [2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n)]) {
      const frame = frameOf(fetchApi, {
        version: 4,
        correlationId: 9,
        body: {
          maxWaitMs: 0,
          minBytes: 1,
          topics: [{ topic: 'target', partitions: [{ partition: 0, fetchOffset: 0x1234, partitionMaxBytes: 100 }] }],
        },
      })
      const at = Buffer.from(frame).indexOf(Buffer.from([0x12, 0x34])) - 6
      new DataView(frame.buffer, frame.byteOffset).setBigInt64(at, exact)
      peer.send(frame)
      const reply = Buffer.from(await peer.nextReply())
      // correlation id, throttle time, one topic, its name, one partition, its index: then the error.
      assert.equal(reply.readInt16BE(4 + 4 + 4 + 2 + 'target'.length + 4 + 4), 1, `offset ${exact}`)
    }
    assert.deepEqual(valuesIn((await fetch(peer, { topic: 'target', offset: 3 })).records), [])
  }))

test('G17: times of ListOffsets: the special ones by version, and the ends of 64 bits', () =>
  attacked(async peer => {
    await target(peer)
    for (const [timestamp, sinceVersion] of [
      [-3, 7],
      [-4, 8],
      [-5, 9],
      [-6, 11],
    ] as const) {
      assert.equal(errorOf(await listOffset(peer, timestamp, -1, sinceVersion)), 'NONE', `time ${timestamp}`)
      assert.equal(errorOf(await listOffset(peer, timestamp, -1, sinceVersion - 1)), 'UNSUPPORTED_VERSION')
    }
    for (const timestamp of [-7, -1000, FIRST])
      assert.equal(errorOf(await listOffset(peer, timestamp)), 'UNSUPPORTED_VERSION')
    const beyond = await listOffset(peer, LAST)
    assert.deepEqual([errorOf(beyond), beyond.offset, beyond.timestamp], ['NONE', -1, -1])
    const first = await listOffset(peer, 0)
    assert.deepEqual([errorOf(first), first.offset], ['NONE', 0])
  }))

test('G17: leader epochs', () =>
  attacked(async peer => {
    await target(peer)
    for (const [epoch, expected] of [
      [-1, 'NONE'],
      [2 ** 31 - 1, 'UNKNOWN_LEADER_EPOCH'],
      [1000, 'UNKNOWN_LEADER_EPOCH'],
    ] as const) {
      assert.equal(errorOf(await listOffset(peer, -1, epoch)), expected, `epoch ${epoch}`)
      assert.equal(errorOf(await fetch(peer, { topic: 'target', currentLeaderEpoch: epoch })), expected)
    }
    for (const epoch of [-2, -(2 ** 31)]) {
      const told = errorOf(await fetch(peer, { topic: 'target', currentLeaderEpoch: epoch }))
      assert.ok(told === 'FENCED_LEADER_EPOCH' || told === 'NONE', `epoch ${epoch}: ${told}`)
    }
    const partitions = [-2, -1, 2 ** 31 - 1, -(2 ** 31)].map(leaderEpoch => ({ partition: 0, leaderEpoch }))
    const response = await peer.request(offsetForLeaderEpochApi, 4, { topics: [{ topic: 'target', partitions }] })
    for (const answer of response.topics[0]?.partitions ?? []) {
      assert.equal(errorOf(answer), 'NONE')
      assert.deepEqual([answer.leaderEpoch, answer.endOffset], [-1, -1])
    }
  }))

test('G17: partitions and offsets of DeleteRecords, counts of CreateTopics', () =>
  attacked(async peer => {
    await target(peer)
    const partitions = [
      { partitionIndex: 0, offset: LAST },
      { partitionIndex: 0, offset: 4 },
      { partitionIndex: 0, offset: -2 },
      { partitionIndex: -1, offset: 0 },
      { partitionIndex: 2 ** 31 - 1, offset: 0 },
    ]
    const response = await peer.request(deleteRecordsApi, 2, {
      topics: [{ name: 'target', partitions }],
      timeoutMs: 100,
    })
    assert.deepEqual(response.topics[0]?.partitions.map(errorOf), [
      'OFFSET_OUT_OF_RANGE',
      'OFFSET_OUT_OF_RANGE',
      'OFFSET_OUT_OF_RANGE',
      'UNKNOWN_TOPIC_OR_PARTITION',
      'UNKNOWN_TOPIC_OR_PARTITION',
    ])
    const counts = [
      [0, 1],
      [-2, 1],
      [-(2 ** 31), 1],
      [2 ** 31 - 1, 1],
      [1, 0],
      [1, -2],
      [1, 32_767],
    ] as const
    for (const [numPartitions, replicationFactor] of counts) {
      const topics = [{ name: 'counted', numPartitions, replicationFactor }]
      const [topic] = (await peer.request(createTopicsApi, 7, { topics })).topics
      assert.ok(topic !== undefined)
      assert.ok(
        ['INVALID_PARTITIONS', 'INVALID_REPLICATION_FACTOR', 'POLICY_VIOLATION'].includes(errorOf(topic)),
        `${numPartitions}, ${replicationFactor}: ${errorOf(topic)}`,
      )
    }
  }))

const base: FetchRequestInput = { maxWaitMs: 0, minBytes: 1, topics: [] }

test('G18: sizes of a fetch at their ends: the first batch comes whole, and no wait is longer than asked', () =>
  attacked(async peer => {
    await target(peer)
    for (const maxBytes of [0, 1, -1, 2 ** 31 - 1, -(2 ** 31)]) {
      const { records } = await fetch(peer, { topic: 'target' }, { maxBytes })
      assert.deepEqual(valuesIn(records), ['a', 'b', 'c'], `maxBytes ${maxBytes}`)
      const own = await fetch(peer, { topic: 'target', partitionMaxBytes: maxBytes })
      assert.deepEqual(valuesIn(own.records), ['a', 'b', 'c'], `partitionMaxBytes ${maxBytes}`)
    }
    for (const minBytes of [-1, 0, -(2 ** 31)])
      await fetch(peer, { topic: 'target', offset: 3 }, { minBytes, maxWaitMs: 2 ** 31 - 1 })
    await fetch(peer, { topic: 'target', offset: 3 }, { minBytes: 2 ** 31 - 1, maxWaitMs: -1 })
  }))

test('G18: forged sessions', () =>
  attacked(async peer => {
    await target(peer)
    const unknown = await peer.request(fetchApi, 12, { ...base, sessionId: 12_345, sessionEpoch: 1 })
    assert.equal(errorOf(unknown), 'FETCH_SESSION_ID_NOT_FOUND')
    const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 100 }]
    const begun = await peer.request(fetchApi, 12, {
      ...base,
      sessionEpoch: 0,
      topics: [{ topic: 'target', partitions }],
    })
    assert.notEqual(begun.sessionId, 0)
    const skipped = await peer.request(fetchApi, 12, { ...base, sessionId: begun.sessionId, sessionEpoch: 5 })
    assert.equal(errorOf(skipped), 'INVALID_FETCH_SESSION_EPOCH')
    const mixed = await peer.request(fetchApi, 13, { ...base, sessionId: begun.sessionId, sessionEpoch: 1 })
    assert.equal(errorOf(mixed), 'FETCH_SESSION_TOPIC_ID_ERROR')
  }))

test('G18: 100,000 partitions in one fetch, none of them there', () =>
  attacked(async peer => {
    const partitions = Array.from({ length: 100_000 }, (_, partition) => ({
      partition,
      fetchOffset: 0,
      partitionMaxBytes: 1,
    }))
    const response = await peer.request(fetchApi, 12, { ...base, topics: [{ topic: 'nowhere', partitions }] })
    assert.equal(response.responses[0]?.partitions.length, 100_000)
  }))

test('G18: somebody who claims to be a replica is not taken for one', () =>
  attacked(async peer => {
    await target(peer)
    for (const replicaId of [1, 7, 2 ** 31 - 1, -3]) {
      const partitions = [{ partition: 0, fetchOffset: 3, partitionMaxBytes: 100 }]
      const response = await peer.request(fetchApi, 12, {
        ...base,
        replicaId,
        topics: [{ topic: 'target', partitions }],
      })
      assert.equal(response.responses[0]?.partitions[0]?.records?.length ?? 0, 0)
    }
    assert.equal(errorOf(await produce(peer, { topic: 'target', records: batchOf(['d']) })), 'NONE')
  }))
