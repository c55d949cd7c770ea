/** Groups when their partition goes: a log directory fails, a disk is full, the topic is deleted. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deleteGroupsApi } from '../../wire/gen/delete-groups.ts'
import { deleteTopicsApi } from '../../wire/gen/delete-topics.ts'
import { listGroupsApi } from '../../wire/gen/list-groups.ts'
import { offsetCommitApi } from '../../wire/gen/offset-commit.ts'
import { createTopic, errorOf } from '../testing/calls.ts'
import { commitAs, committed, findGroup, GROUP_KEYS, GroupMember } from '../testing/group-member.ts'
import { MemoryBroker, MemoryWorld, withBroker } from '../testing/memory-broker.ts'
import type { RawPeer } from '../testing/raw-peer.ts'

/** Simple groups, and groups that a member waits in: some of each in every partition. */
const SIMPLE = Array.from({ length: 12 }, (_, i) => `s${i}`)
const JOINED = Array.from({ length: 12 }, (_, i) => `j${i}`)

/** By group, in its order. */
async function commitEach(peer: RawPeer, offset: number): Promise<Map<string, string>> {
  const errors = new Map<string, string>()
  for (const group of SIMPLE) errors.set(group, await commitAs(peer, { group, offset }))
  return errors
}

test('a log directory that fails: its groups are told, those who wait in them too, the others go on', async () => {
  let isBroken = false
  const world = new MemoryWorld({
    intercept: ({ kind, path }) =>
      isBroken && path.startsWith('/a/') && (kind === 'write' || kind === 'sync') ? 'EIO' : 'go',
  })
  const keys = { ...GROUP_KEYS, 'offsets.topic.num.partitions': '4', 'log.dirs': '/a,/b' }
  const broker = await MemoryBroker.start({ ...keys, 'group.initial.rebalance.delay.ms': '1000000' }, world)
  const peer = await broker.connect()
  await createTopic(peer, 'orders')
  await findGroup(peer, 'g')
  assert.deepEqual(new Set((await commitEach(peer, 1)).values()), new Set(['NONE']))
  const joins = new Map<string, string>()
  for (const group of JOINED) {
    const member = await GroupMember.connect(broker, { group })
    member.join().then(
      response => joins.set(group, errorOf(response)),
      () => {},
    )
    await broker.until(() => member.memberId !== '')
  }
  isBroken = true
  const errors = await commitEach(peer, 2)
  const lost = SIMPLE.filter(group => errors.get(group) === 'NOT_COORDINATOR')
  assert.ok(lost.length > 0 && lost.length < SIMPLE.length)
  for (const group of SIMPLE) {
    const isLost = lost.includes(group)
    assert.equal(errors.get(group), isLost ? 'NOT_COORDINATOR' : 'NONE')
    assert.equal(await committed(peer, { group }), isLost ? 'NOT_COORDINATOR' : 2)
    assert.equal(await findGroup(peer, group), isLost ? 'COORDINATOR_NOT_AVAILABLE' : 'NONE')
  }
  await broker.until(() => joins.size > 0)
  for (const group of JOINED) {
    const isLost = (await committed(peer, { group })) === 'NOT_COORDINATOR'
    assert.equal(joins.get(group), isLost ? 'NOT_COORDINATOR' : undefined, group)
  }
  broker.clock.advance(60_000)
  await broker.close()
})

test('on a full disk groups can be read; they are written again once there is room', async () => {
  let isFull = false
  const world = new MemoryWorld({
    intercept: ({ kind, path }) => (isFull && kind === 'write' && path.endsWith('.log') ? 'ENOSPC' : 'go'),
  })
  const broker = await MemoryBroker.start(GROUP_KEYS, world)
  const peer = await broker.connect()
  await createTopic(peer, 'orders')
  await findGroup(peer, 'g')
  assert.equal(await commitAs(peer, { offset: 1 }), 'NONE')
  isFull = true
  broker.clock.advance(10_000)
  let error = await commitAs(peer, { offset: 2 })
  for (let i = 0; i < 100 && error === 'NONE'; i++) {
    broker.clock.advance(1000)
    error = await commitAs(peer, { offset: 2 })
  }
  assert.equal(error, 'NOT_COORDINATOR')
  assert.equal(await committed(peer), 2)
  assert.equal(await commitAs(peer, { offset: 3 }), 'NOT_COORDINATOR')
  assert.equal(await committed(peer), 2, 'what was refused is not there')
  isFull = false
  for (let i = 0; i < 100 && error !== 'NONE'; i++) {
    broker.clock.advance(1000)
    error = await commitAs(peer, { offset: 4 })
  }
  assert.deepEqual([error, await committed(peer)], ['NONE', 4])
  await broker.close()
})

test('the topic of the groups may be deleted: they are gone with it, and the next one who asks makes it anew', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    await createTopic(peer, 'orders')
    const member = await GroupMember.connect(broker)
    await member.own()
    await member.commit(1)
    const gone = await peer.request(deleteTopicsApi, 5, { topicNames: ['__consumer_offsets'], timeoutMs: 1000 })
    assert.deepEqual(gone.responses.map(errorOf), ['NONE'])
    assert.equal(await member.heartbeat(), 'NOT_COORDINATOR')
    assert.equal(await findGroup(peer, 'g'), 'NONE')
    assert.equal(await member.heartbeat(), 'UNKNOWN_MEMBER_ID')
    assert.equal(await committed(peer), -1)
  }, GROUP_KEYS))

test('a group with thousands of offsets is deleted, though its removal does not fit one batch', async () => {
  const world = new MemoryWorld()
  const topic = 'orders'.padEnd(240, '-')
  const before = await MemoryBroker.start(GROUP_KEYS, world)
  const peer = await before.connect()
  await createTopic(peer, topic, { partitions: 1500, configs: { durability: 'memory' } })
  await findGroup(peer, 'g')
  const partitions = Array.from({ length: 1500 }, (_, partitionIndex) => {
    return { partitionIndex, committedOffset: 1, committedMetadata: null }
  })
  const response = await peer.request(offsetCommitApi, 9, { groupId: 'g', topics: [{ name: topic, partitions }] })
  assert.ok(response.topics[0]?.partitions.every(each => errorOf(each) === 'NONE'))
  const { results } = await peer.request(deleteGroupsApi, 2, { groupsNames: ['g'] })
  assert.deepEqual(results.map(errorOf), ['NONE'])
  await world.crash('kill')
  const after = await MemoryBroker.start(GROUP_KEYS, world)
  const again = await after.connect()
  await findGroup(again, 'g')
  assert.deepEqual((await again.request(listGroupsApi, 5, {})).groups, [])
  assert.equal(await committed(again, { topic, partition: 1499 }), -1)
  await after.close()
})
