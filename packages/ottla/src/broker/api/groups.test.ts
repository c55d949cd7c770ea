/** JoinGroup, SyncGroup, Heartbeat and LeaveGroup over connections: what the group decides is tested in core/group. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { heartbeatApi } from '../../wire/gen/heartbeat.ts'
import { joinGroupApi } from '../../wire/gen/join-group.ts'
import { leaveGroupApi } from '../../wire/gen/leave-group.ts'
import { createTopic, errorOf } from '../testing/calls.ts'
import { assignment, committed, findGroup, GROUP_KEYS, GroupMember } from '../testing/group-member.ts'
import { MemoryBroker, withBroker } from '../testing/memory-broker.ts'
import { frameOf } from '../testing/raw-peer.ts'

/** Lets the member beat until it hears that somebody else joins. */
async function untilRebalance(member: GroupMember): Promise<void> {
  let error = await member.heartbeat()
  for (let beats = 0; beats < 100 && error === 'NONE'; beats++) error = await member.heartbeat()
  assert.equal(error, 'REBALANCE_IN_PROGRESS')
}

test('two members share a topic, one leaves, the other has it all', () =>
  withBroker(async broker => {
    await createTopic(await broker.connect(), 'orders', { partitions: 2 })
    const one = await GroupMember.connect(broker)
    await one.own([0, 1])
    const two = await GroupMember.connect(broker)
    const joining = two.join()
    await broker.until(() => two.memberId !== '')
    await untilRebalance(one)
    assert.equal(await one.commit(1), 'NONE', 'the generation is theirs until they join again')
    const [first, second] = await Promise.all([one.join(), joining])
    assert.deepEqual([first.generationId, second.generationId, first.leader], [2, 2, one.memberId])
    assert.deepEqual(first.members.map(each => each.memberId).sort(), [one.memberId, two.memberId].sort())
    assert.deepEqual(second.members, [])
    const waiting = two.sync()
    assert.equal(await one.heartbeat(), 'NONE')
    const shares = { [one.memberId]: assignment('orders', [0]), [two.memberId]: assignment('orders', [1]) }
    assert.deepEqual(await one.sync(shares), assignment('orders', [0]))
    assert.deepEqual(await waiting, assignment('orders', [1]))
    assert.equal(await two.leave(), 'NONE')
    assert.equal(await two.heartbeat(), 'UNKNOWN_MEMBER_ID')
    assert.equal(await one.heartbeat(), 'REBALANCE_IN_PROGRESS')
    await one.own([0, 1])
    assert.equal(one.generation, 3)
  }, GROUP_KEYS))

test('a group of one lives through every version of every API', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    await createTopic(peer, 'orders')
    for (let version = 0; version <= 10; version++) {
      const group = `group-${version}`
      const member = await GroupMember.connect(broker, { group, version })
      await member.own()
      assert.equal(await member.heartbeat(), 'NONE', `v${version}`)
      assert.equal(await member.commit(version), 'NONE', `v${version}`)
      assert.equal(await committed(peer, { group }), version)
      assert.equal(await member.leave(), 'NONE', `v${version}`)
      assert.equal(await member.heartbeat(), 'UNKNOWN_MEMBER_ID', `v${version}`)
    }
  }, GROUP_KEYS))

test('errors of every version of JoinGroup and LeaveGroup, and member ids that end in a UUID', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    await findGroup(peer, 'g')
    for (let version = joinGroupApi.min; version <= joinGroupApi.max; version++) {
      const body = { groupId: 'g', memberId: '', protocolType: 'consumer', protocols: [], rebalanceTimeoutMs: 1 }
      const early = await peer.request(joinGroupApi, version, { ...body, sessionTimeoutMs: 1 })
      assert.equal(errorOf(early), 'INVALID_SESSION_TIMEOUT')
      assert.equal(early.protocolName, version >= 7 ? null : '')
      const lost = await peer.request(joinGroupApi, version, { ...body, memberId: 'who', sessionTimeoutMs: 10_000 })
      assert.deepEqual([errorOf(lost), lost.memberId], ['UNKNOWN_MEMBER_ID', 'who'])
    }
    const member = await GroupMember.connect(broker)
    const asked = await member.joinOnce()
    assert.equal(errorOf(asked), 'MEMBER_ID_REQUIRED')
    assert.match(asked.memberId, /^test-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
    for (let version = leaveGroupApi.min; version <= leaveGroupApi.max; version++) {
      const response = await peer.request(leaveGroupApi, version, {
        groupId: 'g',
        memberId: 'who',
        members: [{ memberId: 'who' }],
      })
      const answers = version >= 3 ? response.members : [response]
      assert.deepEqual(answers.map(errorOf), ['UNKNOWN_MEMBER_ID'], `v${version}`)
    }
  }, GROUP_KEYS))

test('a static member comes back without a rebalance, and fences who it was', () =>
  withBroker(async broker => {
    await createTopic(await broker.connect(), 'orders')
    const before = await GroupMember.connect(broker, { instanceId: 'i' })
    await before.own([0])
    const after = await GroupMember.connect(broker, { instanceId: 'i' })
    const joined = await after.join()
    assert.deepEqual([errorOf(joined), joined.generationId, joined.skipAssignment], ['NONE', 1, true])
    assert.notEqual(after.memberId, before.memberId)
    assert.deepEqual(await after.sync(), assignment('orders', [0]))
    assert.equal(await before.heartbeat(), 'FENCED_INSTANCE_ID')
    assert.equal(await before.commit(1), 'FENCED_INSTANCE_ID')
    assert.equal(await after.heartbeat(), 'NONE')
    const again = await GroupMember.connect(broker, { instanceId: 'i', version: 8 })
    assert.equal(errorOf(await again.join()), 'NONE')
    assert.deepEqual(await again.sync(), assignment('orders', [0]))
  }, GROUP_KEYS))

test('the first rebalance waits for group.initial.rebalance.delay.ms, and for those who come meanwhile', () =>
  withBroker(
    async broker => {
      const began = broker.clock.monoMs()
      const one = await GroupMember.connect(broker)
      const two = await GroupMember.connect(broker)
      const [first, second] = await Promise.all([one.join(), two.join()])
      assert.deepEqual([first.generationId, second.generationId], [1, 1])
      assert.ok(broker.clock.monoMs() - began >= 300)
    },
    { ...GROUP_KEYS, 'group.initial.rebalance.delay.ms': '300' },
  ))

test('requests behind a JoinGroup that waits are begun, and answered after it', () =>
  withBroker(async broker => {
    const one = await GroupMember.connect(broker)
    await one.own()
    const two = await GroupMember.connect(broker)
    const joining = two.join()
    await broker.until(() => two.memberId !== '')
    await untilRebalance(one)
    const body = { groupId: 'g', generationId: 1, memberId: 'nobody' }
    for (let i = 0; i < 40; i++) two.peer.send(frameOf(heartbeatApi, { version: 4, correlationId: 1000 + i, body }))
    const [, second] = await Promise.all([one.join(), joining])
    assert.equal(errorOf(second), 'NONE')
    for (let i = 0; i < 40; i++) {
      const reply = await two.peer.nextReply()
      assert.equal(new DataView(reply.buffer, reply.byteOffset).getInt32(0), 1000 + i)
    }
  }, GROUP_KEYS))

test('a member whose connection goes while its JoinGroup waits is kept for its session, not longer', () =>
  withBroker(async broker => {
    const one = await GroupMember.connect(broker, { sessionTimeoutMs: 6000 })
    await one.own()
    const two = await GroupMember.connect(broker, { sessionTimeoutMs: 6000 })
    two.join().catch(() => {})
    await broker.until(() => two.memberId !== '')
    await untilRebalance(one)
    two.peer.close()
    const joined = await one.join()
    assert.equal(joined.members.length, 2, 'it may be on its way back')
    assert.ok((await one.sync({ [one.memberId]: assignment('orders', [0]) })) instanceof Uint8Array)
    for (let spentMs = 0; spentMs < 6000; spentMs += 2000) {
      broker.clock.advance(2000)
      await one.heartbeat()
    }
    assert.equal(await one.heartbeat(), 'REBALANCE_IN_PROGRESS')
    assert.equal((await one.join()).members.length, 1)
  }, GROUP_KEYS))

test('a silent member is given up when its session times out', () =>
  withBroker(async broker => {
    const member = await GroupMember.connect(broker, { sessionTimeoutMs: 6000 })
    await member.own()
    broker.clock.advance(5000)
    assert.equal(await member.heartbeat(), 'NONE')
    broker.clock.advance(5000)
    assert.equal(await member.heartbeat(), 'NONE')
    broker.clock.advance(6001)
    assert.equal(await member.heartbeat(), 'UNKNOWN_MEMBER_ID')
  }, GROUP_KEYS))

test('a broker that stops tells those who wait, at once, and no timer of a group fires any more', async () => {
  const broker = await MemoryBroker.start(GROUP_KEYS)
  const one = await GroupMember.connect(broker)
  await one.own()
  const two = await GroupMember.connect(broker)
  const joining = two.join()
  await broker.until(() => two.memberId !== '')
  await untilRebalance(one)
  const began = broker.clock.monoMs()
  const closing = broker.close()
  assert.equal(errorOf(await joining), 'NOT_COORDINATOR')
  await closing
  assert.ok(broker.clock.monoMs() - began < 1000)
  // The timer of a session would find a partition that was left: a Bug.
  broker.clock.advance(60_000)
  assert.deepEqual(broker.fatals, [])
})

test('whoever did not look for the coordinator is told that this is none', () =>
  withBroker(async broker => {
    const stranger = new GroupMember(await broker.connect(), {})
    assert.equal(errorOf(await stranger.join()), 'NOT_COORDINATOR')
    assert.equal(await stranger.heartbeat(), 'NOT_COORDINATOR')
    assert.equal(await committed(stranger.peer), 'NOT_COORDINATOR')
  }, GROUP_KEYS))
