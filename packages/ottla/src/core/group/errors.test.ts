/** Every error code a group answers with, as a row: what was done, what is asked, what is told. §8.31 to §8.35. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { WireErrorName } from '../../spec/errors.ts'
import { decide } from './classic.ts'
import type { GroupEvent, JoinReply, ReplyBody } from './events.ts'
import { openGroup } from './group.ts'
import { GroupWorld, testRules } from './testing/group-world.ts'
import { commit, deleteGroup, heartbeat, type JoinChange, join, leave, offsetDelete, sync } from './testing/requests.ts'

/** A world without initial delay, the replies that left, and the id of member `a` once it is in. */
class Case {
  readonly world = new GroupWorld()
  readonly replies: ReplyBody[] = []
  a = ''

  constructor() {
    this.world.rules = { ...testRules, initialRebalanceDelayMs: 0 }
    this.world.onReply = ({ body }) => this.replies.push(body)
  }

  /** The last reply that left because of the event; null when the event waits. */
  ask(event: GroupEvent): ReplyBody | null {
    const before = this.replies.length
    this.world.send(event)
    return this.replies.length === before ? null : this.replies.at(-1)!
  }

  error(event: GroupEvent): string {
    const reply = this.ask(event)
    if (reply === null) return 'waits'
    if (reply.type === 'offsetCommit') return reply.topics[0]!.partitions[0]!.error
    if (reply.type === 'offsetDelete' && reply.error === 'NONE') return reply.topics[0]!.partitions[0]!.error
    if (reply.type === 'leave' && reply.error === 'NONE') return reply.members[0]?.error ?? 'NONE'
    return reply.error
  }

  joined(change: JoinChange = {}): JoinReply {
    return this.ask(join({ apiVersion: 3, ...change })) as JoinReply
  }

  completing(change: JoinChange = {}): this {
    this.a = this.joined(change).memberId
    return this
  }

  stable(change: JoinChange = {}): this {
    this.completing(change)
    this.world.send(sync({ memberId: this.a, groupInstanceId: change.groupInstanceId ?? null }, 4))
    assert.equal(this.world.group.membership.state, 'Stable')
    return this
  }

  preparing(): this {
    this.stable()
    this.world.send(join({ apiVersion: 3 }))
    assert.equal(this.world.group.membership.state, 'PreparingRebalance')
    return this
  }

  empty(): this {
    this.stable()
    this.world.send(leave([{ memberId: this.a }]))
    assert.equal(this.world.group.membership.state, 'Empty')
    return this
  }

  simple(): this {
    this.world.send(commit([{ topic: 'orders', partition: 0, offset: 1 }]))
    return this
  }
}

const inGroup = (generation: number, memberId: string) => ({ generationIdOrMemberEpoch: generation, memberId })
const one = [{ topic: 'orders', partition: 0, offset: 5 }]
const other = [{ topic: 'other', partition: 0, offset: 5 }]

type Row = readonly [
  what: string,
  before: (c: Case) => Case,
  event: (c: Case) => GroupEvent,
  told: WireErrorName | 'waits',
]

const rows: readonly Row[] = [
  ['join: shortest session', c => c, () => join({ sessionTimeoutMs: 6_000 }), 'MEMBER_ID_REQUIRED'],
  ['join: too short a session', c => c, () => join({ sessionTimeoutMs: 5_999 }), 'INVALID_SESSION_TIMEOUT'],
  ['join: longest session', c => c, () => join({ sessionTimeoutMs: 1_800_000 }), 'MEMBER_ID_REQUIRED'],
  ['join: too long a session', c => c, () => join({ sessionTimeoutMs: 1_800_001 }), 'INVALID_SESSION_TIMEOUT'],
  ['join: a member of no group', c => c, () => join({ memberId: 'ghost' }), 'UNKNOWN_MEMBER_ID'],
  ['join: a member of an empty group', c => c.empty(), c => join({ memberId: c.a }), 'UNKNOWN_MEMBER_ID'],
  ['join: a member unknown here', c => c.stable(), () => join({ memberId: 'ghost' }), 'UNKNOWN_MEMBER_ID'],
  ['join: no protocol type', c => c, () => join({ protocolType: '' }), 'INCONSISTENT_GROUP_PROTOCOL'],
  ['join: no protocols', c => c, () => join({ protocols: [] }), 'INCONSISTENT_GROUP_PROTOCOL'],
  ['join: another type', c => c.stable(), () => join({ protocolType: 'x' }), 'INCONSISTENT_GROUP_PROTOCOL'],
  ['join: other protocols', c => c.stable(), () => join({ protocols: ['x'] }), 'INCONSISTENT_GROUP_PROTOCOL'],
  ['join: another type once empty', c => c.empty(), () => join({ protocolType: 'x' }), 'MEMBER_ID_REQUIRED'],
  [
    'join: its own protocols dropped',
    c => c.stable(),
    c => join({ memberId: c.a, protocols: ['x'] }),
    'INCONSISTENT_GROUP_PROTOCOL',
  ],
  ['join: v3 needs no id first', c => c, () => join({ apiVersion: 3 }), 'NONE'],
  ['join: v4 does', c => c, () => join({ apiVersion: 4 }), 'MEMBER_ID_REQUIRED'],
  ['join: static members do not', c => c, () => join({ groupInstanceId: 'i' }), 'NONE'],
  [
    'join: a replaced static member',
    c => replaced(c),
    c => join({ memberId: c.a, groupInstanceId: 'i' }),
    'FENCED_INSTANCE_ID',
  ],
  [
    'join: an instance nobody knows',
    c => c.stable(),
    c => join({ memberId: c.a, groupInstanceId: 'i' }),
    'UNKNOWN_MEMBER_ID',
  ],
  ['join: waits for the others', c => c.stable(), () => join({ apiVersion: 3 }), 'waits'],
  ['sync: of no group', c => c, () => sync({ memberId: 'ghost' }), 'UNKNOWN_MEMBER_ID'],
  ['sync: of an empty group', c => c.empty(), c => sync({ memberId: c.a }), 'UNKNOWN_MEMBER_ID'],
  ['sync: an unknown member', c => c.completing(), () => sync({ memberId: 'ghost' }), 'UNKNOWN_MEMBER_ID'],
  ['sync: an older generation', c => c.stable(), c => sync({ memberId: c.a, generationId: 0 }), 'ILLEGAL_GENERATION'],
  ['sync: a later generation', c => c.stable(), c => sync({ memberId: c.a, generationId: 2 }), 'ILLEGAL_GENERATION'],
  ['sync: while members join', c => c.preparing(), c => sync({ memberId: c.a }), 'REBALANCE_IN_PROGRESS'],
  [
    'sync: another type',
    c => c.completing(),
    c => sync({ memberId: c.a, protocolType: 'x' }),
    'INCONSISTENT_GROUP_PROTOCOL',
  ],
  [
    'sync: another protocol',
    c => c.completing(),
    c => sync({ memberId: c.a, protocolName: 'x' }),
    'INCONSISTENT_GROUP_PROTOCOL',
  ],
  [
    'sync: v5 without a protocol',
    c => c.completing(),
    c => sync({ memberId: c.a, protocolName: null }),
    'INCONSISTENT_GROUP_PROTOCOL',
  ],
  [
    'sync: v5 without a type',
    c => c.completing(),
    c => sync({ memberId: c.a, protocolType: null }),
    'INCONSISTENT_GROUP_PROTOCOL',
  ],
  ['sync: v4 has neither', c => c.completing(), c => sync({ memberId: c.a }, 4), 'NONE'],
  [
    'sync: a replaced static member',
    c => replaced(c),
    c => sync({ memberId: c.a, groupInstanceId: 'i' }),
    'FENCED_INSTANCE_ID',
  ],
  ['beat: of no group', c => c, () => heartbeat({ memberId: 'ghost' }), 'UNKNOWN_MEMBER_ID'],
  ['beat: of an empty group', c => c.empty(), c => heartbeat({ memberId: c.a, generationId: 2 }), 'UNKNOWN_MEMBER_ID'],
  ['beat: while members join', c => c.preparing(), c => heartbeat({ memberId: c.a }), 'REBALANCE_IN_PROGRESS'],
  ['beat: while the leader assigns', c => c.completing(), c => heartbeat({ memberId: c.a }), 'NONE'],
  ['beat: stable', c => c.stable(), c => heartbeat({ memberId: c.a }), 'NONE'],
  [
    'beat: another generation',
    c => c.stable(),
    c => heartbeat({ memberId: c.a, generationId: 0 }),
    'ILLEGAL_GENERATION',
  ],
  [
    'beat: a replaced static member',
    c => replaced(c),
    c => heartbeat({ memberId: c.a, groupInstanceId: 'i' }),
    'FENCED_INSTANCE_ID',
  ],
  ['leave: of no group', c => c, () => leave([{ memberId: 'ghost' }]), 'UNKNOWN_MEMBER_ID'],
  ['leave: of no group, v2', c => c, () => leave([{ memberId: 'ghost' }], 2), 'UNKNOWN_MEMBER_ID'],
  ['leave: nobody', c => c.stable(), () => leave([]), 'NONE'],
  ['leave: v2', c => c.stable(), c => leave([{ memberId: c.a }], 2), 'NONE'],
  ['leave: unknown', c => c.stable(), () => leave([{ memberId: 'ghost' }]), 'UNKNOWN_MEMBER_ID'],
  [
    'leave: an unknown instance',
    c => c.stable(),
    () => leave([{ memberId: '', groupInstanceId: 'x' }]),
    'UNKNOWN_MEMBER_ID',
  ],
  ['leave: by instance id alone', c => replaced(c), () => leave([{ memberId: '', groupInstanceId: 'i' }]), 'NONE'],
  ['leave: replaced', c => replaced(c), c => leave([{ memberId: c.a, groupInstanceId: 'i' }]), 'FENCED_INSTANCE_ID'],
  ['commit: a new simple group', c => c, () => commit(one), 'NONE'],
  ['commit: an empty group', c => c.empty(), () => commit(one), 'NONE'],
  ['commit: an empty group, by who was in it', c => c.empty(), c => commit(one, inGroup(2, c.a)), 'UNKNOWN_MEMBER_ID'],
  ['commit: a stable group, by nobody', c => c.stable(), () => commit(one), 'UNKNOWN_MEMBER_ID'],
  [
    'commit: a stable group, a member without generation',
    c => c.stable(),
    c => commit(one, inGroup(-1, c.a)),
    'ILLEGAL_GENERATION',
  ],
  ['commit: a stable group, unknown', c => c.stable(), () => commit(one, inGroup(1, 'ghost')), 'UNKNOWN_MEMBER_ID'],
  ['commit: an older generation', c => c.stable(), c => commit(one, inGroup(0, c.a)), 'ILLEGAL_GENERATION'],
  ['commit: stable', c => c.stable(), c => commit(one, inGroup(1, c.a)), 'NONE'],
  ['commit: while members join', c => c.preparing(), c => commit(one, inGroup(1, c.a)), 'NONE'],
  ['commit: while the leader assigns', c => c.completing(), c => commit(one, inGroup(1, c.a)), 'REBALANCE_IN_PROGRESS'],
  ['commit: no group, v8', c => c, () => commit(one, inGroup(1, 'x'), 8), 'ILLEGAL_GENERATION'],
  ['commit: no group, v9', c => c, () => commit(one, inGroup(1, 'x'), 9), 'GROUP_ID_NOT_FOUND'],
  [
    'commit: replaced',
    c => replaced(c),
    c => commit(one, { ...inGroup(1, c.a), groupInstanceId: 'i' }),
    'FENCED_INSTANCE_ID',
  ],
  [
    'commit: replaced, and silent about its instance',
    c => replaced(c),
    c => commit(one, inGroup(1, c.a)),
    'UNKNOWN_MEMBER_ID',
  ],
  ['commit: longest text', c => c, () => commit([{ ...one[0]!, metadata: 'x'.repeat(4_096) }]), 'NONE'],
  [
    'commit: too long a text',
    c => c,
    () => commit([{ ...one[0]!, metadata: 'x'.repeat(4_097) }]),
    'OFFSET_METADATA_TOO_LARGE',
  ],
  ['delete offsets: no group', c => c, () => offsetDelete('orders', [0]), 'GROUP_ID_NOT_FOUND'],
  ['delete offsets: a simple group', c => c.simple(), () => offsetDelete('orders', [0]), 'NONE'],
  ['delete offsets: not committed', c => c.simple(), () => offsetDelete('orders', [9]), 'NONE'],
  [
    'delete offsets: a topic that is read',
    c => c.stable(),
    () => offsetDelete('orders', [0]),
    'GROUP_SUBSCRIBED_TO_TOPIC',
  ],
  ['delete offsets: a topic that is not', c => c.stable(), () => offsetDelete('other', [0]), 'NONE'],
  [
    'delete offsets: no consumers',
    c => c.stable({ protocolType: 'x' }),
    () => offsetDelete('other', [0]),
    'NON_EMPTY_GROUP',
  ],
  ['delete group: none', c => c, () => deleteGroup(), 'GROUP_ID_NOT_FOUND'],
  ['delete group: with members', c => c.stable(), () => deleteGroup(), 'NON_EMPTY_GROUP'],
  ['delete group: rebalancing', c => c.preparing(), () => deleteGroup(), 'NON_EMPTY_GROUP'],
  ['delete group: empty', c => c.empty(), () => deleteGroup(), 'NONE'],
  ['delete group: simple', c => c.simple(), () => deleteGroup(), 'NONE'],
]

/** `a` was static member `i`, and came back as somebody else. */
function replaced(c: Case): Case {
  c.stable({ groupInstanceId: 'i' })
  assert.equal(c.error(join({ groupInstanceId: 'i' })), 'NONE')
  return c
}

for (const [what, before, event, told] of rows) {
  test(`${what}: ${told}`, () => {
    const c = before(new Case())
    assert.equal(c.error(event(c)), told)
  })
}

test('an id that was given to a dynamic member is not one of a static member', () => {
  const c = new Case()
  const reply = c.joined({ apiVersion: 9 })
  assert.equal(c.error(join({ memberId: reply.memberId, groupInstanceId: 'i' })), 'UNKNOWN_MEMBER_ID')
  assert.equal(c.error(join({ memberId: reply.memberId })), 'NONE')
})

test('consumers whose bytes nobody can read may read any topic', () => {
  const c = new Case()
  const event = join({ apiVersion: 3 })
  c.ask({ ...event, body: { ...event.body, protocols: [{ name: 'range', metadata: Uint8Array.of(7) }] } })
  assert.equal(c.error(offsetDelete('other', [0])), 'GROUP_SUBSCRIBED_TO_TOPIC')
})

test('a group without a name is refused, but for offsets, which Kafka keeps for it', () => {
  const context = { nowMs: 0, timestamp: 0, rules: testRules }
  const told = [join(), sync({}), heartbeat({}), leave([]), offsetDelete('orders', [0])].map(event => {
    const { body } = decide(openGroup(''), event, context).replies[0]!
    return 'error' in body ? body.error : ''
  })
  assert.deepEqual(told, Array(5).fill('INVALID_GROUP_ID'))
  assert.equal(decide(openGroup(''), commit(one), context).records.length, 1)
})

test('§8.33 a text that is too long fails its partition alone', () => {
  const c = new Case()
  const long = { topic: 'orders', partition: 1, offset: 1, metadata: 'x'.repeat(4_097) }
  const reply = c.ask(commit([...one, long, ...other]))
  assert.ok(reply?.type === 'offsetCommit')
  assert.deepEqual(
    reply.topics.map(topic => [topic.name, topic.partitions.map(({ error }) => error)]),
    [
      ['orders', ['NONE', 'OFFSET_METADATA_TOO_LARGE']],
      ['other', ['NONE']],
    ],
  )
  assert.equal(c.world.group.offsets.size, 2)
})
