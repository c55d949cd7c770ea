import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ZERO_UUID } from '../../base/uuid.ts'
import { GroupWorld, testRules } from './testing/group-world.ts'
import { assignment, commit, join, offsetDelete, subscription, sync } from './testing/requests.ts'
import { describeGroup, fetchOffsets, isListed, type ListedGroup, listGroup } from './views.ts'

const FIRST = 'AAAAAAAAAAAAAAAAAAAABQ'
const SECOND = 'AAAAAAAAAAAAAAAAAAAABg'

test('§8.35 a group that is not there is described as Dead, from version 6 on with an error', () => {
  for (const group of [null, new GroupWorld().group]) {
    const old = describeGroup(group, 'g', 5)
    assert.deepEqual([old.error, old.message, old.groupState, old.members.length], ['NONE', null, 'Dead', 0])
    const { error, message, groupState } = describeGroup(group, 'g', 6)
    assert.deepEqual([error, message, groupState], ['GROUP_ID_NOT_FOUND', 'Group g not found.', 'Dead'])
  }
})

test('members tell what they were assigned while the group is stable only', () => {
  const world = new GroupWorld()
  world.rules = { ...testRules, initialRebalanceDelayMs: 0 }
  world.send(join({ apiVersion: 3, clientId: 'me' }))
  const completing = describeGroup(world.group, 'g', 6)
  assert.deepEqual(
    [completing.groupState, completing.protocolType, completing.protocolData],
    ['CompletingRebalance', 'consumer', ''],
  )
  assert.equal(completing.members[0]!.memberMetadata.length, 0)
  const { memberId } = completing.members[0]!
  world.send(sync({ memberId, assignments: [{ memberId, assignment: assignment('orders', [0]) }] }))
  const stable = describeGroup(world.group, 'g', 6)
  assert.equal(stable.protocolData, 'range')
  assert.deepEqual(stable.members, [
    {
      memberId,
      groupInstanceId: null,
      clientId: 'me',
      clientHost: '/127.0.0.1',
      memberMetadata: subscription(['orders']),
      memberAssignment: assignment('orders', [0]),
    },
  ])
  assert.deepEqual(listGroup(world.group), {
    groupId: 'g',
    protocolType: 'consumer',
    groupState: 'Stable',
    groupType: 'classic',
  })
})

test('ListGroups filters by state and type, in upper or lower case; names that nobody has let nothing through', () => {
  const group: ListedGroup = { groupId: 'g', protocolType: '', groupState: 'PreparingRebalance', groupType: 'classic' }
  const listed = (states: string[], types: string[] = []) => isListed(group, { states, types })
  assert.ok(listed([]))
  assert.ok(listed(['Stable', 'preparingREBALANCE'], ['Classic']))
  assert.ok(!listed(['Stable']))
  assert.ok(!listed([], ['consumer']))
  assert.ok(!listed(['nonsense']))
  assert.ok(!isListed({ ...group, groupState: 'Dead' }, { states: [], types: [] }))
})

test('§8.34 a partition without a commit is -1 and no error, as in a group that nobody knows; null is all', () => {
  const nothing = { partitionIndex: 4, committedOffset: -1, committedLeaderEpoch: -1, metadata: '' }
  const wanted = [{ name: 'orders', topicId: ZERO_UUID, partitionIndexes: [0, 4] }]
  assert.deepEqual(fetchOffsets(null, wanted)[0]!.partitions[1], nothing)
  assert.deepEqual(fetchOffsets(null, null), [])
  const { group } = committedFor(ZERO_UUID)
  const [orders] = fetchOffsets(group, wanted)
  assert.deepEqual(orders!.partitions, [
    { partitionIndex: 0, committedOffset: 8, committedLeaderEpoch: 2, metadata: 'mine' },
    nothing,
  ])
  assert.deepEqual(fetchOffsets(group, []), [])
  assert.equal(fetchOffsets(group, null)[0]!.partitions.length, 1)
})

/** A simple group that committed 8 for partition 0 of a topic with this id. */
function committedFor(topicId: string): GroupWorld {
  const world = new GroupWorld()
  const event = commit([{ topic: 'orders', partition: 0, offset: 8, metadata: 'mine' }])
  const partitions = event.body.topics[0]!.partitions.map(each => ({ ...each, committedLeaderEpoch: 2 }))
  world.send({ ...event, apiVersion: 10, body: { ...event.body, topics: [{ name: 'orders', topicId, partitions }] } })
  return world
}

test('an offset of a topic that was deleted and made anew is not one of the new topic', () => {
  const asked = (kept: string, wanted: string) => {
    const { group } = committedFor(kept)
    const [topic] = fetchOffsets(group, [{ name: 'orders', topicId: wanted, partitionIndexes: [0] }])
    assert.equal(topic!.topicId, wanted)
    return topic!.partitions[0]!.committedOffset
  }
  assert.equal(asked(FIRST, FIRST), 8)
  assert.equal(asked(FIRST, SECOND), -1)
  assert.equal(asked(FIRST, ZERO_UUID), 8)
  assert.equal(asked(ZERO_UUID, FIRST), 8)
})

test('a topic without offsets is not told', () => {
  const world = new GroupWorld()
  world.send(commit(['orders', 'more'].map(topic => ({ topic, partition: 0, offset: 1 }))))
  world.send(offsetDelete('more', [0]))
  assert.deepEqual(
    fetchOffsets(world.group, null).map(({ name }) => name),
    ['orders'],
  )
})

test('a partition named twice is committed as it was named last, and deleted once', () => {
  const world = new GroupWorld()
  const twice = [1, 2].map(offset => ({ topic: 'orders', partition: 0, offset }))
  world.send(commit(twice))
  assert.equal(fetchOffsets(world.group, null)[0]!.partitions[0]!.committedOffset, 2)
  const { records } = world.send(offsetDelete('orders', [0, 0]))
  assert.equal(records.length, 1)
})
