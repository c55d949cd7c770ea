import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decide } from './classic.ts'
import { coordinatorPartition } from './coordinator-partition.ts'
import { evolve } from './evolve.ts'
import { type OpenGroup, openGroup } from './group.ts'
import { invariants } from './invariants.ts'
import { type GroupState, type Membership, NO_MEMBERSHIP, PREDECESSORS } from './membership.ts'
import type { GroupRecord } from './records.ts'
import { coordinatorError } from './refusal.ts'
import { EPOCH, GroupWorld, testRules } from './testing/group-world.ts'
import { commit, heartbeat, join, leave, subscription, sync } from './testing/requests.ts'

const context = { nowMs: 0, timestamp: EPOCH, rules: { ...testRules, initialRebalanceDelayMs: 0 } }

/** A group of one member, stable, and that member's id. */
function stableWorld(): { world: GroupWorld; memberId: string } {
  const world = new GroupWorld()
  world.rules = context.rules
  world.send(join({ apiVersion: 3 }))
  const memberId = [...world.group.membership.members.keys()][0]!
  world.send(sync({ memberId }))
  return { world, memberId }
}

/** One event or record for each way from a state to another, from a group that is in the first. */
function groupIn(state: GroupState): OpenGroup {
  const world = new GroupWorld()
  world.rules = context.rules
  if (state === 'Dead') return world.group
  world.send(join({ apiVersion: 3 }))
  const memberId = [...world.group.membership.members.keys()][0]!
  if (state === 'CompletingRebalance') return world.group
  world.send(sync({ memberId }))
  if (state === 'Stable') return world.group
  world.send(state === 'Empty' ? leave([{ memberId }]) : join({ apiVersion: 3 }))
  return world.group
}

/** The record that enters a state, of the members that the group has. */
function entering(state: GroupState, { members, generation }: Membership): GroupRecord {
  const now = { nowMs: 0, timestamp: EPOCH }
  const joinPhase = { isInitial: false, untilMs: 0, remainingMs: 0, hasNewMember: false }
  const value = {
    protocolType: 'consumer',
    generation,
    protocol: 'range',
    leader: null,
    currentStateTimestamp: EPOCH,
    members: [],
  }
  switch (state) {
    case 'Dead':
      return { type: 'groupRemoval' }
    case 'Empty':
      return { type: 'groupMade', timestamp: EPOCH }
    case 'PreparingRebalance':
      return { type: 'rebalanceBegun', joinPhase, ...now }
    case 'CompletingRebalance': {
      const leader = [...members.keys()][0] ?? ''
      return {
        type: 'generationBegun',
        generation: generation + 1,
        protocol: 'range',
        leader,
        syncPhaseUntilMs: 0,
        ...now,
      }
    }
    default:
      return { type: 'group', value: { ...value, members: [...members.values()].map(recordedMember) } }
  }
}

function recordedMember({ memberId }: { readonly memberId: string }) {
  const bytes = new Uint8Array(0)
  const client = { clientId: 'c', clientHost: '/h', groupInstanceId: null }
  return { memberId, ...client, rebalanceTimeout: 1, sessionTimeout: 1, subscription: bytes, assignment: bytes }
}

test('every state can be entered from its predecessors, and from no other state', () => {
  const states = Object.keys(PREDECESSORS) as GroupState[]
  assert.equal(states.length, 5)
  for (const to of states) {
    for (const from of states) {
      const group = groupIn(from)
      assert.equal(group.membership.state, from)
      const isAllowed = PREDECESSORS[to].includes(from)
      // A group of nobody is recorded as such, which is how Empty follows PreparingRebalance; a dead group stays dead.
      const isElsewhere = (to === 'Empty' && from === 'PreparingRebalance') || (to === 'Dead' && from === 'Dead')
      // Without members there is no record of a stable group: a record that is read back brings them.
      if (isElsewhere || (to === 'Stable' && (from === 'Dead' || from === 'Empty'))) continue
      const enter = () => evolve(group, entering(to, group.membership))
      if (isAllowed) assert.doesNotThrow(enter, `${from} to ${to}`)
      else assert.throws(enter, /state|removed/, `${from} to ${to}`)
    }
  }
})

test('the invariants notice a group that contradicts itself', () => {
  const broken = (change: (of: Membership) => Partial<Membership>, from: GroupState = 'Stable') => {
    const { groupId, membership, offsets } = groupIn(from)
    return () => invariants({ groupId, membership: { ...membership, ...change(membership) }, offsets })
  }
  assert.doesNotThrow(broken(() => ({})))
  assert.throws(
    broken(() => ({ generation: -1 })),
    /from 0/,
  )
  assert.throws(
    broken(() => ({ awaitingJoinCount: 1 })),
    /joins are counted/,
  )
  assert.throws(
    broken(() => ({ owedSyncCount: 1 })),
    /owed syncs/,
  )
  assert.throws(
    broken(() => ({ protocolCounts: NO_MEMBERSHIP.protocolCounts })),
    /protocols are counted/,
  )
  assert.throws(
    broken(() => ({ joinPhase: null }), 'PreparingRebalance'),
    /with an end/,
  )
  assert.throws(
    broken(() => ({ leader: 'ghost' })),
    /a member leads/,
  )
  assert.throws(
    broken(() => ({ protocol: 'sticky' })),
    /protocol of its generation/,
  )
  assert.throws(
    broken(() => ({ state: 'Empty' })),
    /has no members/,
  )
  assert.throws(
    broken(({ pendingMembers }) => ({ pendingMembers: pendingMembers.draft().set('x', 0).finish() }), 'Dead'),
    /dead/,
  )
})

test('what a group keeps of a request is its own: the memory of the request is used again', () => {
  const world = new GroupWorld()
  world.rules = context.rules
  const joined = join({ apiVersion: 3 })
  world.send(joined)
  const memberId = [...world.group.membership.members.keys()][0]!
  const metadata = subscription(['orders'])
  joined.body.protocols[0]!.metadata.fill(0xff)
  const assignment = Uint8Array.of(1, 2, 3)
  world.send(sync({ memberId, assignments: [{ memberId, assignment }] }))
  assignment.fill(0xff)
  for (const group of [world.group, world.readBack()]) {
    const member = group.membership.members.get(memberId)!
    assert.deepEqual(member.protocols[0]!.metadata, metadata)
    assert.deepEqual(member.assignment, Uint8Array.of(1, 2, 3))
  }
})

test('a protocol that a member names twice is its first', () => {
  const world = new GroupWorld()
  world.rules = context.rules
  const event = join({ apiVersion: 3, protocols: ['range', 'range'] })
  event.body.protocols[1]!.metadata.slice()
  const twice = [event.body.protocols[0]!, { name: 'range', metadata: Uint8Array.of(9) }]
  world.send({ ...event, body: { ...event.body, protocols: twice } })
  const member = [...world.group.membership.members.values()][0]!
  assert.deepEqual(
    member.protocols.map(({ name }) => name),
    ['range'],
  )
  assert.deepEqual(member.protocols[0]!.metadata, subscription(['orders']))
})

test('of two protocols with as many votes the one that got its vote first is chosen', () => {
  const world = new GroupWorld()
  for (const protocols of [
    ['sticky', 'range'],
    ['range', 'sticky'],
  ]) {
    world.send(join({ apiVersion: 3, protocols }))
  }
  world.advanceTo(6_000)
  const [first] = world.group.membership.members.values()
  assert.equal(world.group.membership.protocol, first!.protocols[0]!.name)
})

test('a client id of any length makes a member id that fits into a string of the protocol', () => {
  for (const clientId of ['x'.repeat(32_767), `a${'\u{1f600}'.repeat(8_191)}`]) {
    const { replies } = decide(openGroup('g'), join({ clientId }), context)
    const { body } = replies[0]!
    assert.ok(body.type === 'join' && body.error === 'MEMBER_ID_REQUIRED')
    assert.ok(Buffer.byteLength(body.memberId) < 32_767)
    assert.equal(Buffer.from(body.memberId).toString(), body.memberId)
  }
})

test('negative rebalance timeouts are none at all, -1 is the session timeout', () => {
  for (const [given, kept] of [
    [-1, 10_000],
    [-2, 0],
    [-2_147_483_648, 0],
    [0, 0],
    [2_147_483_647, 2_147_483_647],
  ] as const) {
    const group = openGroup('g')
    const { records } = decide(group, join({ apiVersion: 3, rebalanceTimeoutMs: given }), context)
    for (const record of records) evolve(group, record)
    assert.equal([...group.membership.members.values()][0]!.rebalanceTimeoutMs, kept)
  }
})

test('a retention time that ends beyond all time is kept for ever; clients below version 5 choose it', () => {
  const expiry = (retentionTimeMs: number) => {
    const record = decide(
      openGroup('g'),
      commit([{ topic: 't', partition: 0, offset: 1 }], { retentionTimeMs }),
      context,
    ).records[0]!
    return record.type === 'offset' ? record.value.expireTimestamp : null
  }
  assert.equal(expiry(-1), -1)
  assert.equal(expiry(0), EPOCH)
  assert.equal(expiry(Number.MAX_SAFE_INTEGER), Number.MAX_SAFE_INTEGER)
})

const MANY = 4_000

test('a group of thousands joins, is assigned, beats and is read back', () => {
  const world = new GroupWorld()
  world.rules = { ...testRules, groupSizeMax: MANY }
  world.isChecked = false
  for (let i = 0; i < MANY; i++) world.send(join({ apiVersion: 3, clientId: `c${i}`, sessionTimeoutMs: 300_000 }))
  world.send(join({ apiVersion: 3 }))
  world.advanceTo(60_000)
  const { membership } = world.group
  assert.deepEqual([membership.state, membership.members.size], ['CompletingRebalance', MANY])
  world.send(sync({ memberId: membership.leader! }))
  for (const memberId of membership.members.keys()) world.send(heartbeat({ memberId }))
  invariants(world.group)
  const readBack = world.readBack()
  invariants(readBack)
  assert.equal(readBack.membership.members.size, MANY)
})

test('errors of the log become errors of a coordinator', () => {
  assert.equal(coordinatorError('REQUEST_TIMED_OUT'), 'COORDINATOR_NOT_AVAILABLE')
  assert.equal(coordinatorError('NOT_ENOUGH_REPLICAS'), 'COORDINATOR_NOT_AVAILABLE')
  assert.equal(coordinatorError('NOT_LEADER_OR_FOLLOWER'), 'NOT_COORDINATOR')
  assert.equal(coordinatorError('KAFKA_STORAGE_ERROR'), 'NOT_COORDINATOR')
  assert.equal(coordinatorError('MESSAGE_TOO_LARGE'), 'UNKNOWN_SERVER_ERROR')
  assert.equal(coordinatorError('INVALID_REQUEST'), 'INVALID_REQUEST')
})

test('decide leaves the group as it was', () => {
  const { world, memberId } = stableWorld()
  const before = world.group.membership
  const offsets = world.group.offsets.size
  const me = { memberId, generationIdOrMemberEpoch: 1 }
  const events = [
    join(),
    heartbeat({ memberId }),
    commit([{ topic: 'orders', partition: 0, offset: 1 }], me),
    leave([{ memberId }]),
  ]
  for (const event of events) decide(world.group, event, context)
  assert.equal(world.group.membership, before)
  assert.equal(world.group.offsets.size, offsets)
})

test('the coordinator of a group is found by the hash that Java has of its id', () => {
  assert.equal(coordinatorPartition('', 50), 0)
  assert.equal(coordinatorPartition('test', 50), 48)
  assert.equal(coordinatorPartition('polygenelubricants', 50), 0)
  assert.equal(coordinatorPartition('console-consumer-1', 1), 0)
  assert.throws(() => coordinatorPartition('g', 0), /has partitions/)
})
