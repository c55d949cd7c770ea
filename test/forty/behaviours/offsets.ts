/** Behaviours 33 to 35: committed offsets, and what deletes groups and offsets. */
import assert from 'node:assert/strict'
import { deleteGroupsApi } from '../../../packages/ottla/src/wire/gen/delete-groups.ts'
import { listGroupsApi } from '../../../packages/ottla/src/wire/gen/list-groups.ts'
import { offsetCommitApi } from '../../../packages/ottla/src/wire/gen/offset-commit.ts'
import { offsetDeleteApi } from '../../../packages/ottla/src/wire/gen/offset-delete.ts'
import { offsetFetchApi } from '../../../packages/ottla/src/wire/gen/offset-fetch.ts'
import { type Behaviour, behaviour } from '../behaviour.ts'
import type { TestCluster } from '../cluster.ts'
import { errorText } from '../errors.ts'
import { describe, freshGroup, Member, stableMember } from '../members.ts'

const ADMIN = { memberId: '', generation: -1 }
const METADATA_BYTES_MAX = 4_096

export const offsetBehaviours: readonly Behaviour[] = [
  behaviour(
    33,
    'OffsetCommit: by an admin only where nobody is in the group; too much metadata fails alone',
    async cluster => {
      const { name: topic } = await cluster.topic(3)
      const group = await freshGroup(cluster)
      const admin = await Member.of(cluster, group)
      assert.equal(await admin.commit(topic, 3, ADMIN), 'NONE', 'a group that nobody made')
      const reply = await cluster.ask(
        offsetCommitApi,
        {
          groupId: group,
          topics: [
            {
              name: topic,
              partitions: [
                { partitionIndex: 0, committedOffset: 4, committedMetadata: 'x'.repeat(METADATA_BYTES_MAX) },
                { partitionIndex: 1, committedOffset: 5, committedMetadata: 'x'.repeat(METADATA_BYTES_MAX + 1) },
                { partitionIndex: 9, committedOffset: 5, committedMetadata: null },
                { partitionIndex: 2, committedOffset: 6, committedMetadata: null },
              ],
            },
          ],
        },
        8,
      )
      assert.deepEqual(
        new Map(reply.topics[0]!.partitions.map(each => [each.partitionIndex, errorText(each.errorCode)])),
        new Map([
          [0, 'NONE'],
          [1, 'OFFSET_METADATA_TOO_LARGE'],
          [2, 'NONE'],
          [9, 'UNKNOWN_TOPIC_OR_PARTITION'],
        ]),
      )
      assert.equal(await admin.commit(cluster.freshName(), 1, ADMIN), 'UNKNOWN_TOPIC_OR_PARTITION')

      const member = await Member.of(cluster, group)
      await member.enter()
      assert.equal(await member.commit(topic, 7), 'REBALANCE_IN_PROGRESS', 'assignments are awaited')
      assert.equal((await member.sync({ [member.id]: 'x' })).error, 'NONE')
      assert.equal(await member.commit(topic, 8), 'NONE')
      assert.equal(await admin.commit(topic, 9, ADMIN), 'UNKNOWN_MEMBER_ID', 'an admin while members are there')
      assert.equal(await member.commit(topic, 9, { memberId: 'nobody' }), 'UNKNOWN_MEMBER_ID')
      assert.equal(await member.commit(topic, 9, { generation: 9 }), 'ILLEGAL_GENERATION')
      assert.equal((await committed(cluster, group, topic, 0)).offset, 8)
      assert.equal(await member.leave(), 'NONE')
      assert.equal(await admin.commit(topic, 10, ADMIN), 'NONE', 'the group is empty again')
      const nobody = await Member.of(cluster, cluster.freshName())
      assert.equal(await nobody.commit(topic, 1, { memberId: 'nobody', generation: 4 }), 'ILLEGAL_GENERATION')
    },
  ),

  behaviour(34, 'OffsetFetch: nothing committed is -1 without an error; null topics are all', async cluster => {
    const { name: topic } = await cluster.topic(2)
    const group = await freshGroup(cluster)
    const nothing = { offset: -1, epoch: -1, metadata: '', error: 'NONE' }
    assert.deepEqual(await committed(cluster, group, topic, 0), nothing, 'an unknown group')
    const admin = await Member.of(cluster, group)
    assert.equal(await admin.commit(topic, 5, ADMIN), 'NONE')
    const five = { offset: 5, epoch: -1, metadata: 'note', error: 'NONE' }
    assert.deepEqual(await committed(cluster, group, topic, 0), five)
    assert.deepEqual(await committed(cluster, group, topic, 1), nothing, 'a partition without a commit')
    assert.deepEqual(await committed(cluster, group, cluster.freshName(), 0), nothing, 'an unknown topic')
    const all = await cluster.ask(offsetFetchApi, { groupId: group, topics: null }, 7)
    assert.deepEqual(
      all.topics.map(each => [each.name, each.partitions.map(partition => partition.partitionIndex)]),
      [[topic, [0]]],
    )
    const stable = await cluster.ask(offsetFetchApi, { groupId: group, topics: null, requireStable: true }, 7)
    assert.equal(stable.topics[0]!.partitions[0]!.committedOffset, 5)
    const missing = cluster.freshName()
    const groups = [group, missing].map(groupId => ({ groupId, topics: null }))
    const several = await cluster.ask(offsetFetchApi, { groups }, 8)
    assert.deepEqual(
      several.groups.map(each => [each.groupId, errorText(each.errorCode), each.topics.length]),
      [
        [group, 'NONE', 1],
        [missing, 'NONE', 0],
      ],
    )
  }),

  behaviour(
    35,
    'deleting groups and offsets is refused while they are used; what is not there is said to be Dead',
    async cluster => {
      const { name: topic } = await cluster.topic()
      const { name: other } = await cluster.topic()
      const group = await freshGroup(cluster)
      const member = await stableMember(cluster, group, { topics: [topic] })
      assert.equal(await member.commit(topic, 1), 'NONE')
      assert.equal(await member.commit(other, 1), 'NONE')
      const deleteGroup = async (name: string) => {
        const reply = await cluster.ask(deleteGroupsApi, { groupsNames: [name] })
        return errorText(reply.results[0]!.errorCode)
      }
      const deleteOffset = async (groupId: string, name: string) => {
        const topics = [{ name, partitions: [{ partitionIndex: 0 }] }]
        const reply = await cluster.ask(offsetDeleteApi, { groupId, topics })
        return errorText(reply.errorCode || reply.topics[0]!.partitions[0]!.errorCode)
      }
      assert.equal(await deleteGroup(group), 'NON_EMPTY_GROUP')
      assert.equal(await deleteOffset(group, topic), 'GROUP_SUBSCRIBED_TO_TOPIC')
      assert.equal(await deleteOffset(group, other), 'NONE')
      assert.equal((await committed(cluster, group, other, 0)).offset, -1)
      assert.equal((await committed(cluster, group, topic, 0)).offset, 1)
      assert.deepEqual(
        [(await describe(cluster, group)).groupState, (await describe(cluster, group)).protocolData],
        ['Stable', 'range'],
      )
      const listed = async (statesFilter: readonly string[], typesFilter: readonly string[] = []) => {
        const reply = await cluster.ask(listGroupsApi, { statesFilter, typesFilter }, 5)
        const found = reply.groups.find(each => each.groupId === group)
        return found === undefined ? null : [found.groupState, found.protocolType, found.groupType]
      }
      assert.deepEqual(await listed([]), ['Stable', 'consumer', 'classic'])
      assert.deepEqual(await listed(['stable'], ['CLASSIC']), ['Stable', 'consumer', 'classic'], 'in any case')
      assert.equal(await listed(['Empty', 'Dead']), null)
      assert.equal(await listed([], ['consumer']), null)
      assert.equal(await member.leave(), 'NONE')
      assert.equal((await describe(cluster, group)).groupState, 'Empty')
      assert.equal(await deleteGroup(group), 'NONE')
      assert.equal(await deleteGroup(group), 'GROUP_ID_NOT_FOUND')
      assert.equal(await deleteOffset(group, topic), 'GROUP_ID_NOT_FOUND')
      assert.equal((await committed(cluster, group, topic, 0)).offset, -1, 'offsets go with their group')
      const dead = await describe(cluster, group, 5)
      assert.deepEqual([dead.error, dead.groupState], ['NONE', 'Dead'])
      const notFound = await describe(cluster, group, 6)
      assert.deepEqual([notFound.error, notFound.groupState], ['GROUP_ID_NOT_FOUND', 'Dead'])
    },
  ),
]

async function committed(cluster: TestCluster, groupId: string, name: string, partition: number) {
  const reply = await cluster.ask(offsetFetchApi, { groupId, topics: [{ name, partitionIndexes: [partition] }] }, 7)
  assert.equal(errorText(reply.errorCode), 'NONE')
  const found = reply.topics[0]!.partitions[0]!
  const { committedOffset: offset, committedLeaderEpoch: epoch, metadata } = found
  return { offset, epoch, metadata, error: errorText(found.errorCode) }
}
