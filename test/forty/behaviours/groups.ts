/** Behaviours 30 to 32: the coordinator, joining and staying in a classic group. */
import assert from 'node:assert/strict'
import { describeConfigsApi } from '../../../packages/ottla/src/wire/gen/describe-configs.ts'
import { findCoordinatorApi } from '../../../packages/ottla/src/wire/gen/find-coordinator.ts'
import { metadataApi } from '../../../packages/ottla/src/wire/gen/metadata.ts'
import { type Behaviour, behaviour } from '../behaviour.ts'
import { errorText } from '../errors.ts'
import { eventually, timed } from '../eventually.ts'
import { describe, freshGroup, Member, stableMember } from '../members.ts'
import { INITIAL_REBALANCE_DELAY_MS } from '../setup.ts'

export const groupBehaviours: readonly Behaviour[] = [
  behaviour(30, 'FindCoordinator makes the topic of offsets, and answers for each key', async cluster => {
    const group = cluster.freshName()
    await eventually('the group has a coordinator', async () => {
      const reply = await cluster.ask(findCoordinatorApi, { key: group, keyType: 0 }, 1)
      const error = errorText(reply.errorCode)
      if (error === 'COORDINATOR_NOT_AVAILABLE') return false
      assert.deepEqual(
        [error, reply.nodeId, reply.host, reply.port],
        ['NONE', 1, cluster.address.host, cluster.address.port],
      )
      return true
    })
    const metadata = await cluster.ask(
      metadataApi,
      { topics: [{ name: '__consumer_offsets' }], allowAutoTopicCreation: false },
      9,
    )
    const [offsets] = metadata.topics
    assert.deepEqual(
      [errorText(offsets!.errorCode), offsets!.isInternal, offsets!.partitions.length],
      ['NONE', true, 50],
    )
    const batch = await cluster.ask(findCoordinatorApi, { keyType: 0, coordinatorKeys: [group, `${group}-b`] }, 4)
    assert.deepEqual(
      batch.coordinators.map(each => [each.key, errorText(each.errorCode), each.nodeId, each.port]),
      [group, `${group}-b`].map(key => [key, 'NONE', 1, cluster.address.port]),
    )
    const unknownType = await cluster.ask(findCoordinatorApi, { keyType: 7, coordinatorKeys: [group] }, 4)
    assert.equal(errorText(unknownType.coordinators[0]!.errorCode), 'INVALID_REQUEST')
  }),

  behaviour(
    31,
    'JoinGroup: an id first, the delay of a first rebalance, members for the leader only, no doubles',
    async cluster => {
      const group = await freshGroup(cluster)
      const first = await Member.of(cluster, group)
      const told = await first.join({ version: 4 })
      assert.equal(told.error, 'MEMBER_ID_REQUIRED')
      assert.match(told.memberId, /^forty-/, 'the id begins with the client id')
      const second = await Member.of(cluster, group)
      const { result: replies, tookMs } = await timed(() => Promise.all([first.join({ version: 4 }), second.enter()]))
      assert.ok(tookMs >= INITIAL_REBALANCE_DELAY_MS - 5, `the first rebalance took ${tookMs} ms`)
      assert.deepEqual(
        replies.map(reply => reply.generationId),
        [1, 1],
      )
      const [leader, follower] = replies[0].leader === first.id ? replies : [replies[1], replies[0]]
      assert.deepEqual(leader.members.map(each => each.memberId).sort(), [first.id, second.id].sort())
      assert.deepEqual([follower.members.length, follower.leader], [0, leader.memberId])
      assert.deepEqual([replies[0].protocolName, replies[1].protocolType], ['range', 'consumer'])

      const configurationKeys = ['group.initial.rebalance.delay.ms']
      const resources = [{ resourceType: 4, resourceName: '1', configurationKeys }]
      const { results } = await cluster.ask(describeConfigsApi, { resources, includeSynonyms: true })
      assert.equal(results[0]!.configs[0]?.synonyms.at(-1)?.value, '3000', 'the default delay')

      const old = await Member.of(cluster, await freshGroup(cluster))
      assert.equal((await old.join({ version: 3 })).error, 'NONE', 'before version 4 an id is given at once')

      const retried = await Member.of(cluster, await freshGroup(cluster))
      await retried.join()
      const again = await Member.of(cluster, retried.group)
      // Its reply may never come: the retry takes its place. The end of the behaviour closes its connection.
      retried.join().catch(() => {})
      await eventually('the member waits', async () => (await describe(cluster, retried.group)).members.length === 1)
      assert.equal((await again.join({ memberId: retried.id })).error, 'NONE')
      assert.equal((await describe(cluster, retried.group)).members.length, 1, 'a retry is the same member')

      const stranger = await Member.of(cluster, await freshGroup(cluster))
      assert.equal((await stranger.join({ memberId: 'nobody' })).error, 'UNKNOWN_MEMBER_ID')
      assert.equal((await stranger.join({ sessionTimeoutMs: 10 })).error, 'INVALID_SESSION_TIMEOUT')
      const outsider = await Member.of(cluster, group)
      assert.equal((await outsider.join({ protocolType: 'connect' })).error, 'INCONSISTENT_GROUP_PROTOCOL')
      assert.equal((await outsider.join({ protocols: ['sticky'] })).error, 'INCONSISTENT_GROUP_PROTOCOL')
      const nameless = await Member.of(cluster, '')
      assert.equal((await nameless.join()).error, 'INVALID_GROUP_ID')
    },
  ),

  behaviour(
    32,
    'Heartbeat: 0 while assignments are awaited, REBALANCE_IN_PROGRESS while members are',
    async cluster => {
      const group = await freshGroup(cluster)
      const member = await Member.of(cluster, group)
      await member.enter()
      assert.equal((await describe(cluster, group)).groupState, 'CompletingRebalance')
      assert.equal(await member.heartbeat(), 'NONE')
      assert.equal(await member.heartbeat({ generation: 7 }), 'ILLEGAL_GENERATION')
      assert.equal(await member.heartbeat({ memberId: 'nobody' }), 'UNKNOWN_MEMBER_ID')
      assert.deepEqual(await member.sync({ [member.id]: 'x' }), { error: 'NONE', assignment: 'x' })
      assert.equal(await member.heartbeat(), 'NONE')
      assert.equal((await member.sync({}, 9)).error, 'ILLEGAL_GENERATION')
      assert.equal(await member.heartbeat({ generation: 9 }), 'ILLEGAL_GENERATION')

      const late = await Member.of(cluster, group)
      const entering = late.enter()
      await eventually(
        'the group prepares',
        async () => (await describe(cluster, group)).groupState === 'PreparingRebalance',
      )
      assert.equal(await member.heartbeat(), 'REBALANCE_IN_PROGRESS')
      assert.equal(await member.heartbeat({ generation: 9 }), 'ILLEGAL_GENERATION')
      const [, joined] = await Promise.all([entering, member.enter()])
      assert.equal(joined.generationId, 2)
      assert.equal(await member.leave(), 'NONE')
      assert.equal(await member.heartbeat(), 'UNKNOWN_MEMBER_ID')

      const topic = await cluster.topic()
      const stable = await freshGroup(cluster)
      const before = await stableMember(cluster, stable, { instanceId: 'one' })
      const after = await Member.of(cluster, stable)
      const back = await after.enter({ instanceId: 'one' })
      assert.equal(back.generationId, before.generation, 'a static member comes back without a rebalance')
      assert.equal(back.leader, before.id, 'before version 9 the old id leads, so that the new one does not assign')
      assert.notEqual(after.id, before.id)
      assert.equal(await before.heartbeat(), 'FENCED_INSTANCE_ID')
      assert.equal(await after.heartbeat(), 'NONE')
      assert.equal(await before.commit(topic.name, 1), 'FENCED_INSTANCE_ID')
      const newest = await Member.of(cluster, stable)
      const led = await newest.enter({ instanceId: 'one', version: 9 })
      assert.deepEqual([led.leader, led.skipAssignment], [newest.id, true], 'from version 9 on it is told to skip')
    },
  ),
]
