/** OffsetCommit, OffsetFetch, OffsetDelete, and the groups that hold the offsets: listed, described, deleted. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { plantBugs } from '../../base/planted.ts'
import { BatchBuilder } from '../../wire/batch/build.ts'
import { deleteGroupsApi } from '../../wire/gen/delete-groups.ts'
import { deleteTopicsApi } from '../../wire/gen/delete-topics.ts'
import { describeGroupsApi } from '../../wire/gen/describe-groups.ts'
import { listGroupsApi } from '../../wire/gen/list-groups.ts'
import { offsetCommitApi } from '../../wire/gen/offset-commit.ts'
import { offsetDeleteApi } from '../../wire/gen/offset-delete.ts'
import { offsetFetchApi } from '../../wire/gen/offset-fetch.ts'
import { produceApi } from '../../wire/gen/produce.ts'
import { batchOf, createTopic, errorOf, fetch, NOW_MS, produce, recordsIn } from '../testing/calls.ts'
import { assignment, commitAs, committed, findGroup, GROUP_KEYS, GroupMember } from '../testing/group-member.ts'
import { withBroker } from '../testing/memory-broker.ts'
import { frameOf, type RawPeer } from '../testing/raw-peer.ts'

/** How often a test looks whether the broker has swept. */
const LOOKS = 100

/** A record that no group has: its key is of a kind that nobody knows. */
function keyedBatch(): Uint8Array {
  const builder = new BatchBuilder()
  builder.append(Uint8Array.of(0x7f, 0xff), null, [], NOW_MS)
  return builder.build()
}

async function described(peer: RawPeer, group: string, version = 6) {
  const { groups } = await peer.request(describeGroupsApi, version, { groups: [group] })
  assert.ok(groups[0] !== undefined)
  return groups[0]
}

async function listed(peer: RawPeer, filters: { statesFilter?: string[]; typesFilter?: string[] } = {}) {
  const response = await peer.request(listGroupsApi, 5, filters)
  assert.equal(errorOf(response), 'NONE')
  return response.groups.map(({ groupId, groupState, groupType }) => [groupId, groupState, groupType]).sort()
}

async function deleted(peer: RawPeer, ...groupsNames: string[]) {
  const { results } = await peer.request(deleteGroupsApi, 2, { groupsNames })
  return results.map(errorOf)
}

test('offsets by name and by id, by partition and all of them, in every version of OffsetFetch', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    const topicId = await createTopic(peer, 'orders', { partitions: 3 })
    await findGroup(peer, 'g')
    assert.equal(await commitAs(peer, { offset: 7, partition: 1, metadata: 'note' }), 'NONE')
    for (let version = offsetFetchApi.min; version <= offsetFetchApi.max; version++) {
      const topic = { name: 'orders', topicId, partitionIndexes: [0, 1, 9] }
      for (const topics of version >= 2 ? [[topic], null] : [[topic]]) {
        const response = await peer.request(offsetFetchApi, version, {
          groupId: 'g',
          topics,
          groups: [
            { groupId: 'g', topics },
            { groupId: 'other', topics },
          ],
        })
        const answer = version >= 8 ? response.groups[0] : response
        assert.ok(answer !== undefined)
        assert.equal(errorOf(answer), 'NONE')
        const [found, ...more] = answer.topics
        assert.equal(more.length, 0)
        const told = found?.partitions.map(each => [each.partitionIndex, each.committedOffset, each.metadata])
        const none = [0, 9].map(index => [index, -1, ''])
        assert.deepEqual(told, topics === null ? [[1, 7, 'note']] : [none[0], [1, 7, 'note'], none[1]], `v${version}`)
        const other = response.groups[1]?.topics.flatMap(({ partitions }) =>
          partitions.map(each => each.committedOffset),
        )
        if (version >= 8) assert.deepEqual(other, topics === null ? [] : [-1, -1, -1])
      }
    }
  }, GROUP_KEYS))

test('OffsetCommit answers each partition: those that are not there, texts that are too long', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    const topicId = await createTopic(peer, 'orders')
    await findGroup(peer, 'g')
    const offset = { committedOffset: 3, committedMetadata: '' }
    const partitions = [
      { partitionIndex: 5, ...offset },
      { partitionIndex: 0, ...offset },
    ]
    for (let version = offsetCommitApi.min; version <= offsetCommitApi.max; version++) {
      const unknown = { name: 'nothing', topicId: 'AAAAAAAAAAAAAAAAAAAAAg', partitions }
      const { topics } = await peer.request(offsetCommitApi, version, {
        groupId: 'g',
        topics: [unknown, { name: 'orders', topicId, partitions }],
      })
      const missing = version >= 10 ? 'UNKNOWN_TOPIC_ID' : 'UNKNOWN_TOPIC_OR_PARTITION'
      assert.deepEqual(
        topics.map(topic => topic.partitions.map(each => [each.partitionIndex, errorOf(each)])),
        [
          [
            [5, missing],
            [0, missing],
          ],
          [
            [0, 'NONE'],
            [5, 'UNKNOWN_TOPIC_OR_PARTITION'],
          ],
        ],
      )
    }
    assert.equal(await commitAs(peer, { offset: 9, metadata: 'x'.repeat(4097) }), 'OFFSET_METADATA_TOO_LARGE')
    assert.equal(await committed(peer), 3)
    assert.equal(await commitAs(peer, { offset: 9, metadata: 'x'.repeat(4096) }), 'NONE')
    assert.equal(await committed(peer), 9)
  }, GROUP_KEYS))

test('errors of OffsetFetch stand where its version has them', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    const topics = [{ name: 'orders', topicId: 'AAAAAAAAAAAAAAAAAAAAAg', partitionIndexes: [4] }]
    for (let version = offsetFetchApi.min; version <= offsetFetchApi.max; version++) {
      const response = await peer.request(offsetFetchApi, version, {
        groupId: 'g',
        topics,
        groups: [{ groupId: 'g', topics }],
      })
      const partition = response.topics[0]?.partitions[0]
      const answer = version >= 8 ? response.groups[0] : version >= 2 ? response : partition
      assert.ok(answer !== undefined)
      assert.equal(errorOf(answer), 'NOT_COORDINATOR', `v${version}`)
      if (version < 2) assert.deepEqual([partition?.partitionIndex, partition?.committedOffset], [4, -1])
    }
    await findGroup(peer, 'g')
    const { groups } = await peer.request(offsetFetchApi, 10, { groups: [{ groupId: 'g', topics }] })
    assert.deepEqual(groups[0]?.topics[0]?.partitions.map(errorOf), ['UNKNOWN_TOPIC_ID'])
  }, GROUP_KEYS))

/** A member of generation 2 that still believes to be in generation 1 commits. */
async function commitOfOldGeneration(): Promise<string> {
  let error = ''
  await withBroker(async broker => {
    await createTopic(await broker.connect(), 'orders')
    const member = await GroupMember.connect(broker)
    await member.own()
    await member.own()
    assert.equal(member.generation, 2)
    member.generation = 1
    error = await member.commit(1)
    const nobody = await commitAs(member.peer, { offset: 1, generation: 2, memberId: 'nobody' })
    assert.equal(nobody, 'UNKNOWN_MEMBER_ID')
    assert.equal(await committed(member.peer), error === 'NONE' ? 1 : -1)
  }, GROUP_KEYS)
  return error
}

test('who is in another generation commits nothing, nor who is no member while there are some', async () => {
  assert.equal(await commitOfOldGeneration(), 'ILLEGAL_GENERATION')
  plantBugs(['old-generation-may-commit'])
  try {
    assert.equal(await commitOfOldGeneration(), 'NONE', 'the planted bug is seen')
  } finally {
    plantBugs([])
  }
})

test('groups are listed with filters, described in every version, and deleted when they are empty', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    await createTopic(peer, 'orders')
    const member = await GroupMember.connect(broker, { group: 'busy' })
    await member.own([0])
    await commitAs(peer, { group: 'simple', offset: 5 })
    assert.deepEqual(await listed(peer), [
      ['busy', 'Stable', 'classic'],
      ['simple', 'Empty', 'classic'],
    ])
    assert.deepEqual(await listed(peer, { statesFilter: ['stable'] }), [['busy', 'Stable', 'classic']])
    assert.deepEqual(await listed(peer, { typesFilter: ['consumer'] }), [])
    for (let version = describeGroupsApi.min; version <= describeGroupsApi.max; version++) {
      const busy = await described(peer, 'busy', version)
      assert.deepEqual(
        [errorOf(busy), busy.groupState, busy.protocolType, busy.protocolData],
        ['NONE', 'Stable', 'consumer', 'range'],
      )
      const [told] = busy.members
      assert.deepEqual([told?.memberId, told?.clientId], [member.memberId, 'test'])
      assert.match(told?.clientHost ?? '', /^\/[^/]/)
      assert.deepEqual(told?.memberAssignment, assignment('orders', [0]))
      const nothing = await described(peer, 'nothing', version)
      const missing = version >= 6 ? 'GROUP_ID_NOT_FOUND' : 'NONE'
      assert.deepEqual([errorOf(nothing), nothing.groupState], [missing, 'Dead'])
    }
    const { groups } = await peer.request(describeGroupsApi, 6, {
      groups: ['busy', 'busy'],
      includeAuthorizedOperations: true,
    })
    assert.deepEqual(
      groups.map(each => each.authorizedOperations),
      [3400],
    )
    assert.deepEqual(await deleted(peer, 'busy', 'nothing'), ['NON_EMPTY_GROUP', 'GROUP_ID_NOT_FOUND'])
    await member.leave()
    assert.deepEqual(await deleted(peer, 'busy', 'simple'), ['NONE', 'NONE'])
    assert.deepEqual(await listed(peer), [])
    assert.equal(await committed(peer, { group: 'simple' }), -1)
  }, GROUP_KEYS))

test('OffsetDelete: offsets of topics that nobody in the group reads', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    for (const name of ['orders', 'old']) await createTopic(peer, name)
    const member = await GroupMember.connect(broker)
    await commitAs(peer, { offset: 1 })
    await commitAs(peer, { topic: 'old', offset: 2 })
    await member.own()
    const asked = (name: string, ...indexes: number[]) => {
      return { name, partitions: indexes.map(partitionIndex => ({ partitionIndex })) }
    }
    const response = await peer.request(offsetDeleteApi, 0, {
      groupId: 'g',
      topics: [asked('nothing', 0), asked('orders', 0), asked('old', 4, 0)],
    })
    assert.equal(errorOf(response), 'NONE')
    assert.deepEqual(
      response.topics.map(({ name, partitions }) => [name, ...partitions.map(errorOf)]),
      [
        ['nothing', 'UNKNOWN_TOPIC_OR_PARTITION'],
        ['orders', 'GROUP_SUBSCRIBED_TO_TOPIC'],
        ['old', 'NONE', 'UNKNOWN_TOPIC_OR_PARTITION'],
      ],
    )
    assert.deepEqual([await committed(peer), await committed(peer, { topic: 'old' })], [1, -1])
    const none = await peer.request(offsetDeleteApi, 0, { groupId: 'nothing', topics: [asked('old', 0)] })
    assert.equal(errorOf(none), 'GROUP_ID_NOT_FOUND')
  }, GROUP_KEYS))

test('a topic that is deleted takes its offsets along, also when one of its name is made at once', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    for (const name of ['orders', 'kept']) await createTopic(peer, name)
    await findGroup(peer, 'g')
    await commitAs(peer, { offset: 5 })
    await commitAs(peer, { topic: 'kept', offset: 6 })
    const gone = await peer.request(deleteTopicsApi, 5, { topicNames: ['orders'], timeoutMs: 1000 })
    assert.deepEqual(gone.responses.map(errorOf), ['NONE'])
    await createTopic(peer, 'orders')
    for (let i = 0; i < LOOKS && (await committed(peer)) === 5; i++) broker.clock.advance(1)
    assert.deepEqual([await committed(peer), await committed(peer, { topic: 'kept' })], [-1, 6])
    assert.equal(await commitAs(peer, { offset: 1 }), 'NONE')
    broker.clock.advance(600_000)
    assert.equal(await committed(peer), 1, 'it is of the new topic')
  }, GROUP_KEYS))

test('offsets that nobody uses expire with the retention, and the group with the last of them', () =>
  withBroker(
    async broker => {
      const peer = await broker.connect()
      for (const name of ['orders', 'old']) await createTopic(peer, name)
      const member = await GroupMember.connect(broker, { sessionTimeoutMs: 600_000 })
      await commitAs(peer, { topic: 'old', offset: 1 })
      await commitAs(peer, { group: 'simple', offset: 3 })
      await member.own()
      await member.commit(2)
      broker.clock.advance(59_000)
      assert.deepEqual([await committed(peer, { topic: 'old' }), await committed(peer)], [1, 2])
      broker.clock.advance(11_000)
      for (let i = 0; i < LOOKS && (await committed(peer, { topic: 'old' })) === 1; i++) broker.clock.advance(1)
      assert.deepEqual([await committed(peer, { topic: 'old' }), await committed(peer)], [-1, 2])
      assert.deepEqual(await listed(peer), [['g', 'Stable', 'classic']])
    },
    { ...GROUP_KEYS, 'offsets.retention.minutes': '1', 'offsets.retention.check.interval.ms': '5000' },
  ))

test('nobody but coordinators writes to their topic, or deletes records of it', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    await findGroup(peer, 'g')
    const records = batchOf(['x'])
    const topic = '__consumer_offsets'
    assert.equal(errorOf(await produce(peer, { topic, records })), 'INVALID_TOPIC_EXCEPTION')
    const body = {
      acks: -1,
      timeoutMs: 1000,
      topicData: [{ name: topic, partitionData: [{ index: 0, records: keyedBatch() }] }],
    }
    peer.send(frameOf(produceApi, { version: 12, clientId: '__admin_client', body }))
    await peer.nextReply()
    assert.equal(recordsIn((await fetch(peer, { topic })).records).length, 1)
  }, GROUP_KEYS))
