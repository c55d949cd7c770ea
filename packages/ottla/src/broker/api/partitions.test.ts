/** CreatePartitions and DescribeTopicPartitions. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type CreatePartitionsTopicInput, createPartitionsApi } from '../../wire/gen/create-partitions.ts'
import {
  type DescribeTopicPartitionsRequestInput,
  type DescribeTopicPartitionsResponse,
  describeTopicPartitionsApi,
} from '../../wire/gen/describe-topic-partitions.ts'
import { batchOf, createTopic, errorOf, fetch, metadataOf, produce, valuesIn } from '../testing/calls.ts'
import { outcomeOf } from '../testing/config-calls.ts'
import { commitAs, committed, findGroup, GROUP_KEYS } from '../testing/group-member.ts'
import { MemoryBroker, withBroker } from '../testing/memory-broker.ts'
import type { RawPeer } from '../testing/raw-peer.ts'

async function grow(
  peer: RawPeer,
  topics: readonly CreatePartitionsTopicInput[],
  options: { readonly validateOnly?: boolean; readonly version?: number } = {},
): Promise<(readonly [name: string, outcome: string])[]> {
  const { validateOnly = false, version = 3 } = options
  const { results } = await peer.request(createPartitionsApi, version, { topics, timeoutMs: 1000, validateOnly })
  return results.map(result => [result.name, outcomeOf(result)])
}

const placed = (...assignments: readonly number[][]) => assignments.map(brokerIds => ({ brokerIds }))

test('a topic grows in every version, and what is new is served when the reply is there', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    await createTopic(peer, 'orders', { partitions: 1 })
    assert.equal(errorOf(await produce(peer, { topic: 'orders', records: batchOf(['old']) })), 'NONE')
    let count = 1
    for (let version = createPartitionsApi.min; version <= createPartitionsApi.max; version++) {
      count += 2
      assert.deepEqual(await grow(peer, [{ name: 'orders', count }], { version }), [['orders', 'NONE']])
      const { partitions } = await metadataOf(peer, 'orders')
      assert.deepEqual(
        partitions.map(each => each.partitionIndex).sort((a, b) => a - b),
        [...Array(count).keys()],
      )
      assert.deepEqual([...new Set(partitions.map(each => `${each.errorCode} ${each.leaderId}`))], ['0 1'])
      const place = { topic: 'orders', partition: count - 1 }
      assert.equal(errorOf(await produce(peer, { ...place, records: batchOf([`new ${count}`]) })), 'NONE')
      assert.deepEqual(valuesIn((await fetch(peer, place)).records), [`new ${count}`])
    }
    assert.deepEqual(valuesIn((await fetch(peer, { topic: 'orders' })).records), ['old'])
  }))

test('new partitions and what is in them are there after a restart', async () => {
  const first = await MemoryBroker.start()
  const before = await first.connect()
  await createTopic(before, 'orders')
  assert.deepEqual(await grow(before, [{ name: 'orders', count: 3, assignments: placed([1], [1]) }]), [
    ['orders', 'NONE'],
  ])
  await produce(before, { topic: 'orders', partition: 2, records: batchOf(['kept']) })
  const second = await first.restart()
  const peer = await second.connect()
  assert.equal((await metadataOf(peer, 'orders')).partitions.length, 3)
  assert.deepEqual(valuesIn((await fetch(peer, { topic: 'orders', partition: 2 })).records), ['kept'])
  await second.close()
})

test('a topic only grows, and is placed by hand only as it can be; tools print why not', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    await createTopic(peer, 'orders', { partitions: 3 })
    const outcome = async (count: number, assignments: ReturnType<typeof placed> | null = null) =>
      (await grow(peer, [{ name: 'orders', count, assignments }]))[0]?.[1]
    const refusals: readonly (readonly [number, ReturnType<typeof placed> | null, string])[] = [
      [3, null, 'INVALID_PARTITIONS Topic already has 3 partition(s).'],
      [2, null, 'INVALID_PARTITIONS The topic orders currently has 3 partition(s); 2 would not be an increase.'],
      [0, null, 'INVALID_PARTITIONS The topic orders currently has 3 partition(s); 0 would not be an increase.'],
      [-1, null, 'INVALID_PARTITIONS The topic orders currently has 3 partition(s); -1 would not be an increase.'],
      [2_147_483_647, null, 'POLICY_VIOLATION Excessively large number of partitions per request.'],
      [
        5,
        placed([1]),
        'INVALID_REPLICA_ASSIGNMENT Attempted to add 2 additional partition(s), but only 1 assignment(s) were specified.',
      ],
      [
        4,
        placed(),
        'INVALID_REPLICA_ASSIGNMENT Attempted to add 1 additional partition(s), but only 0 assignment(s) were specified.',
      ],
      [
        4,
        placed([9]),
        'INVALID_REPLICA_ASSIGNMENT The manual partition assignment includes broker 9, but no such broker is registered.',
      ],
      [4, placed([]), 'INVALID_REPLICA_ASSIGNMENT The manual partition assignment includes an empty replica list.'],
      [
        4,
        placed([1, 1]),
        'INVALID_REPLICA_ASSIGNMENT The manual partition assignment includes the broker 1 more than once.',
      ],
    ]
    for (const [count, assignments, why] of refusals) assert.equal(await outcome(count, assignments), why)
    assert.deepEqual(await grow(peer, [{ name: 'nowhere', count: 4 }]), [['nowhere', 'UNKNOWN_TOPIC_OR_PARTITION']])
    const twice = [
      { name: 'orders', count: 6 },
      { name: 'orders', count: 7 },
    ]
    assert.deepEqual(await grow(peer, twice), [['orders', 'INVALID_REQUEST Duplicate topic name.']])
    assert.equal((await metadataOf(peer, 'orders')).partitions.length, 3)
    assert.deepEqual(await grow(peer, []), [])
  }))

test('the topic of groups does not grow: groups are found by the number of its partitions', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    await createTopic(peer, 'orders')
    await findGroup(peer, 'g')
    assert.equal(await commitAs(peer, { offset: 5 }), 'NONE')
    const [answer] = await grow(peer, [{ name: '__consumer_offsets', count: 7 }])
    assert.match(answer?.[1] ?? '', /^INVALID_PARTITIONS __consumer_offsets must not grow/)
    assert.equal((await metadataOf(peer, '__consumer_offsets')).partitions.length, 3)
    assert.equal(await committed(peer), 5)
  }, GROUP_KEYS))

test('growing that is only validated grows nothing', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    await createTopic(peer, 'orders')
    assert.deepEqual(await grow(peer, [{ name: 'orders', count: 5 }], { validateOnly: true }), [['orders', 'NONE']])
    assert.match(
      (await grow(peer, [{ name: 'orders', count: 1 }], { validateOnly: true }))[0]?.[1] ?? '',
      /already has 1/,
    )
    assert.equal((await metadataOf(peer, 'orders')).partitions.length, 1)
  }))

interface Described {
  /** Name, error and partitions of each topic. */
  readonly topics: readonly (readonly [name: string | null, error: string, partitions: readonly number[]])[]
  readonly next: string | null
}

async function describe(
  peer: RawPeer,
  names: readonly string[],
  more: Partial<DescribeTopicPartitionsRequestInput> = {},
): Promise<Described> {
  const topics = names.map(name => ({ name }))
  const reply = await peer.request(describeTopicPartitionsApi, 0, { topics, ...more })
  const next = reply.nextCursor
  return {
    topics: reply.topics.map(topic => [topic.name, errorOf(topic), topic.partitions.map(each => each.partitionIndex)]),
    next: next === null ? null : `${next.topicName}-${next.partitionIndex}`,
  }
}

test('DescribeTopicPartitions: all of a topic, as Metadata tells it', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    const topicId = await createTopic(peer, 'orders', { partitions: 2 })
    const { topics, nextCursor } = await peer.request(describeTopicPartitionsApi, 0, { topics: [{ name: 'orders' }] })
    assert.equal(nextCursor, null)
    const [topic] = topics
    assert.deepEqual([topic?.topicId, topic?.isInternal, topic?.topicAuthorizedOperations], [topicId, false, 3576])
    assert.deepEqual(topic?.partitions[1], {
      errorCode: 0,
      partitionIndex: 1,
      leaderId: 1,
      leaderEpoch: 0,
      replicaNodes: [1],
      isrNodes: [1],
      eligibleLeaderReplicas: [],
      lastKnownElr: [],
      offlineReplicas: [],
    })
  }))

test('DescribeTopicPartitions: by name, page by page, with what is not there told beside', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    for (const name of ['p2', 'p1']) await createTopic(peer, name, { partitions: 3 })
    const p1 = ['p1', 'NONE', [0, 1, 2]] as const
    const p2 = ['p2', 'NONE', [0, 1, 2]] as const
    assert.deepEqual(await describe(peer, []), { topics: [p1, p2], next: null })
    assert.deepEqual(await describe(peer, ['p2', 'p1', 'p1']), { topics: [p1, p2], next: null })
    const two = { responsePartitionLimit: 2 }
    assert.deepEqual(await describe(peer, [], two), { topics: [['p1', 'NONE', [0, 1]]], next: 'p1-2' })
    const cursor = { topicName: 'p1', partitionIndex: 2 }
    assert.deepEqual(await describe(peer, [], { ...two, cursor }), {
      topics: [
        ['p1', 'NONE', [2]],
        ['p2', 'NONE', [0]],
      ],
      next: 'p2-1',
    })
    const three = { responsePartitionLimit: 3 }
    assert.deepEqual(await describe(peer, ['p1', 'p2'], three), { topics: [p1], next: 'p2-0' })
    assert.deepEqual(await describe(peer, ['p1'], three), { topics: [p1], next: null })
    const one = { topics: [['p1', 'NONE', [0]]], next: 'p1-1' }
    for (const responsePartitionLimit of [1, 0, -1]) {
      assert.deepEqual(await describe(peer, ['p1'], { responsePartitionLimit }), one)
    }
    const unknown = 'UNKNOWN_TOPIC_OR_PARTITION'
    assert.deepEqual(await describe(peer, ['p1', 'nowhere', 'a/b'], { responsePartitionLimit: 1 }), {
      topics: [
        ['a/b', 'INVALID_TOPIC_EXCEPTION', []],
        ['nowhere', unknown, []],
        ['p1', 'NONE', [0]],
      ],
      next: 'p1-1',
    })
    const full = { responsePartitionLimit: 6 }
    assert.deepEqual(await describe(peer, ['p1', 'p2', 'q'], full), { topics: [p1, p2], next: 'q-0' })
  }))

test('DescribeTopicPartitions: a cursor that points beside what is asked for', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    for (const name of ['p1', 'p2']) await createTopic(peer, name, { partitions: 3 })
    const at = (topicName: string, partitionIndex: number) => ({ cursor: { topicName, partitionIndex } })
    const refused = {
      topics: [
        ['p1', 'INVALID_REQUEST', []],
        ['p2', 'INVALID_REQUEST', []],
      ],
      next: null,
    }
    for (const cursor of [at('p15', 0), at('zz', 0), at('a', 0), at('p1', -1)]) {
      assert.deepEqual(await describe(peer, ['p2', 'p1'], cursor), refused)
    }
    assert.deepEqual(await describe(peer, [], at('p1', -1)), { topics: [], next: null })
    const fromP2 = { topics: [['p2', 'NONE', [0, 1, 2]]], next: null }
    assert.deepEqual(await describe(peer, [], at('p15', 2)), fromP2, 'that topic is gone by now')
    assert.deepEqual(await describe(peer, ['p1'], at('p1', 9)), { topics: [['p1', 'NONE', []]], next: null })
  }))

test('DescribeTopicPartitions: the broker has the last word on how much a page holds', () =>
  withBroker(
    async broker => {
      const peer = await broker.connect()
      await createTopic(peer, 'orders', { partitions: 7 })
      const seen: number[] = []
      let cursor: DescribeTopicPartitionsRequestInput['cursor'] = null
      do {
        const page: DescribeTopicPartitionsResponse = await peer.request(describeTopicPartitionsApi, 0, {
          topics: [{ name: 'orders' }],
          cursor,
        })
        const indexes = (page.topics[0]?.partitions ?? []).map(each => each.partitionIndex)
        assert.ok(indexes.length <= 3)
        seen.push(...indexes)
        cursor = page.nextCursor
      } while (cursor !== null)
      assert.deepEqual(seen, [0, 1, 2, 3, 4, 5, 6])
    },
    { 'max.request.partition.size.limit': '3' },
  ))
