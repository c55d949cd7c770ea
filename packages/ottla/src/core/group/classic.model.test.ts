/** The machine against the model, under random clients, time, refused appends and crashes (I-16, I-17, I-18). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ModelGroup } from './classic.model.ts'
import { decide } from './classic.ts'
import type { Decision, GroupEvent, JoinReply, Reply, ReplyBody } from './events.ts'
import { isDurable } from './records.ts'
import { GroupWorld, testRules } from './testing/group-world.ts'
import { commit, heartbeat, join, leave, restartIds, sync } from './testing/requests.ts'
import { fetchOffsets } from './views.ts'

const PARTITIONS = [0, 1, 2, 3]
const SESSIONS = [6_007, 9_013, 14_029]
const REBALANCES = [5_003, 12_011, 20_021]

/** Somebody who was told a generation, once. */
interface Told {
  readonly memberId: string
  readonly generation: number
  readonly instance: string | null
}

interface Actor {
  readonly name: string
  readonly instance: string | null
  memberId: string
  generation: number
  members: JoinReply['members']
  /** Times in the past at which it was somebody. */
  readonly past: Told[]
}

type ClientOp =
  | { readonly kind: 'join'; readonly who: number; readonly variant: number; readonly fresh: boolean }
  | { readonly kind: 'sync' | 'beat' | 'leave' | 'expel'; readonly who: number }
  | { readonly kind: 'commit' | 'zombie'; readonly who: number; readonly variant: number }

interface Trouble {
  readonly kind: 'hold' | 'durable' | 'refuse' | 'take' | 'crash' | 'nobody'
}

type Op = ClientOp | { readonly kind: 'wait'; readonly ms: number } | Trouble

class Run {
  readonly world = new GroupWorld()
  readonly model: ModelGroup
  readonly actors: Actor[]
  readonly #askers = new Map<number, { readonly actor: Actor | null; readonly event: GroupEvent }>()
  readonly #owners = new Map<string, string>()
  readonly #acked = new Map<string, number>()
  #offset = 0

  constructor(initialRebalanceDelayMs: number, groupOf: number) {
    restartIds()
    this.world.rules = { ...testRules, initialRebalanceDelayMs }
    this.model = new ModelGroup(this.world.rules)
    this.actors = Array.from({ length: groupOf }, (_, i) => {
      const instance = i % 3 === 2 ? `s${i}` : null
      return { name: `c${i}`, instance, memberId: '', generation: -1, members: [], past: [] }
    })
    this.world.onDecision = (event, decision, isTaken) => this.#decided(event, decision, isTaken)
    this.world.onReply = reply => this.#heard(reply)
  }

  step(op: Op): void {
    if ('who' in op) this.#act(op)
    else if (op.kind === 'wait') this.world.advanceTo(this.world.nowMs + op.ms)
    else this.#trouble(op.kind)
    // What is due at once, by a timeout of nothing.
    this.world.advanceTo(this.world.nowMs)
    assert.ok(this.model.nextDeadline() > this.world.nowMs, 'nobody is overdue')
    this.#compare()
  }

  #trouble(kind: Trouble['kind']): void {
    if (kind === 'hold') this.world.isAutoCommit = false
    else if (kind === 'durable') this.#durable()
    else if (kind === 'refuse') this.world.refusal = 'NOT_ENOUGH_REPLICAS'
    else if (kind === 'take') this.world.refusal = null
    else if (kind === 'crash') this.#crash()
    else this.#send(null, commit([this.#next(0)]))
  }

  /** All clients are gone: everybody is answered and forgotten within the timeouts. */
  settle(): void {
    this.#durable()
    this.world.advanceTo(this.world.nowMs + 300_000 + 3 * 20_021 + 2 * 14_029)
    this.#compare()
    assert.deepEqual(this.world.unanswered, [])
    assert.match(this.world.group.membership.state, /^(Empty|Dead)$/)
    assert.deepEqual([...this.world.timers.keys()], [], 'no timer is left')
  }

  #act(op: ClientOp): void {
    const actor = this.actors[op.who % this.actors.length]!
    const { memberId, generation, instance } = actor
    const me = { memberId, groupInstanceId: instance }
    if (op.kind === 'join') this.#join(actor, op)
    else if ('variant' in op) {
      if (op.kind === 'zombie') this.#zombie(actor, op.variant)
      else this.#send(actor, commit([this.#next(op.variant % 2)], { ...me, generationIdOrMemberEpoch: generation }))
    } else if (op.kind === 'sync') this.#sync(actor, { memberId, generation, instance })
    else if (op.kind === 'beat') this.#send(actor, heartbeat({ ...me, generationId: generation }))
    else if (op.kind === 'leave') this.#send(actor, leave([me]))
    else this.#send(actor, leave([{ memberId: '', groupInstanceId: instance }]))
  }

  #join(actor: Actor, { variant, fresh }: { readonly variant: number; readonly fresh: boolean }): void {
    if (fresh || actor.memberId === '') this.#forget(actor)
    const protocols = [['range'], ['range', 'sticky'], ['sticky', 'range']][variant % 3]!
    const topics = variant % 5 === 0 ? ['orders', 'more'] : ['orders']
    const event = join({
      apiVersion: [3, 5, 9][variant % 3]!,
      clientId: actor.name,
      memberId: actor.memberId,
      groupInstanceId: actor.instance,
      sessionTimeoutMs: SESSIONS[variant % 3]!,
      rebalanceTimeoutMs: REBALANCES[(variant + 1) % 3]!,
      protocols,
      topics,
    })
    this.#send(actor, event)
  }

  #sync(actor: Actor | null, { memberId, generation, instance }: Told): void {
    const members = actor?.members ?? []
    const assignments = members.map((member, i) => {
      const own = PARTITIONS.filter(partition => partition % members.length === i)
      return { memberId: member.memberId, assignment: Uint8Array.from(own) }
    })
    const body = { memberId, groupInstanceId: instance, generationId: generation, assignments }
    this.#send(actor, sync(body, 4))
  }

  /** A client that was somebody once and does not know that it is no more. */
  #zombie(actor: Actor, variant: number): void {
    const past = actor.past[variant % Math.max(1, actor.past.length)]
    if (past === undefined) return
    const { memberId, generation, instance } = past
    if (variant % 4 === 0) this.#sync(null, past)
    else if (variant % 4 === 1)
      this.#send(null, heartbeat({ memberId, groupInstanceId: instance, generationId: generation }))
    else {
      const groupInstanceId = variant % 4 === 2 ? instance : null
      this.#send(null, commit([this.#next(1)], { memberId, groupInstanceId, generationIdOrMemberEpoch: generation }))
    }
  }

  #forget(actor: Actor): void {
    actor.memberId = ''
    actor.generation = -1
    actor.members = []
  }

  #next(partition: number): { topic: string; partition: number; offset: number } {
    this.#offset += 1
    return { topic: 'orders', partition, offset: this.#offset }
  }

  #send(actor: Actor | null, event: Extract<GroupEvent, { readonly request: number }>): void {
    this.#askers.set(event.request, { actor, event })
    this.world.send(event)
  }

  /** The model decides the same. */
  #decided(event: GroupEvent, decision: Decision, isTaken: boolean): void {
    if (event.type === 'loaded') return
    const before = structuredClone(this.model.data)
    this.model.apply(event, this.world.nowMs, chosenBy(decision, this.world.group.membership.protocol))
    const replies = decision.replies.map((reply): [number, string] => [reply.to, told(reply)])
    assert.deepEqual(replies.sort(byRequest), this.model.told.sort(byRequest), `told because of ${event.type}`)
    const durable = decision.records.filter(isDurable).map(({ type }) => type)
    assert.deepEqual(durable, { group: ['group'], offsets: ['offset'], nothing: [] }[this.model.wrote])
    if (isTaken) this.model.written(this.world.log.length + durable.length)
    else if (decision.ifRefused === 'drop') this.model.data = before
  }

  #heard({ to, body }: Reply): void {
    const { actor, event } = this.#askers.get(to)!
    if (body.type === 'join' && actor !== null && (body.error === 'NONE' || body.error === 'MEMBER_ID_REQUIRED')) {
      actor.memberId = body.memberId
      if (body.error === 'NONE') {
        actor.generation = body.generationId
        actor.members = body.members
        actor.past.push({ memberId: body.memberId, generation: body.generationId, instance: actor.instance })
      }
    }
    if (body.type === 'sync' && body.error === 'NONE' && event.type === 'sync') {
      this.#own(event.body, body.assignment)
    }
    if (body.type === 'offsetCommit' && event.type === 'offsetCommit' && summary(body) === 'NONE') {
      const { partitionIndex, committedOffset } = event.body.topics[0]!.partitions[0]!
      const key = `orders-${partitionIndex}`
      this.#acked.set(key, Math.max(this.#acked.get(key) ?? 0, committedOffset))
    }
  }

  /** A partition has one owner in a generation, for ever: crashes included (I-16). */
  #own(
    {
      memberId,
      groupInstanceId,
      generationId,
    }: { memberId: string; groupInstanceId: string | null; generationId: number },
    partitions: Uint8Array,
  ): void {
    const owner = groupInstanceId ?? memberId
    for (const partition of partitions) {
      const key = `${generationId}:${partition}`
      const before = this.#owners.get(key) ?? owner
      assert.equal(owner, before, `partition ${partition} in generation ${generationId}`)
      this.#owners.set(key, owner)
    }
  }

  #durable(): void {
    this.world.refusal = null
    this.world.isAutoCommit = true
    this.world.commit()
  }

  #crash(): void {
    this.model.crash(this.world.committed, this.world.nowMs)
    this.world.crash()
    this.world.isAutoCommit = true
    for (const [key, offset] of this.#acked) {
      assert.ok((this.#offsets()[key] ?? -1) >= offset, `no acknowledged offset of ${key} goes back`)
    }
  }

  #offsets(): Record<string, number> {
    const fetched = fetchOffsets(this.world.group, null).flatMap(({ name, partitions }) =>
      partitions.map(({ partitionIndex, committedOffset }) => [`${name}-${partitionIndex}`, committedOffset] as const),
    )
    return Object.fromEntries(fetched)
  }

  #compare(): void {
    const { membership } = this.world.group
    const { data } = this.model
    assert.equal(membership.state, data.state)
    assert.equal(membership.generation, data.generation)
    assert.deepEqual([...membership.members.keys()].sort(), data.members.map(({ id }) => id).sort())
    assert.deepEqual([...membership.pendingMembers.keys()].sort(), data.pending.map(({ id }) => id).sort())
    assert.deepEqual(this.#offsets(), data.offsets)
    for (const { memberId, generation, instance } of this.actors.flatMap(({ past }) => past.slice(-6))) {
      const event = commit([{ topic: 'orders', partition: 3, offset: 1 }], {
        memberId,
        groupInstanceId: instance,
        generationIdOrMemberEpoch: generation,
      })
      const context = { nowMs: this.world.nowMs, timestamp: this.world.timestamp, rules: this.world.rules }
      const error = summary(decide(this.world.group, event, context).replies[0]!.body)
      assert.equal(error, this.model.commitError(memberId, generation, instance), `${memberId} in ${generation}`)
    }
    this.#compareTimers()
    this.#compareLog()
  }

  /** Every wait has a timer, which is due when the wait is over at the latest (I-18). */
  #compareTimers(): void {
    const { members, pendingMembers, joinPhase, syncPhaseUntilMs } = this.world.group.membership
    const sessions = [...members.keys(), ...pendingMembers.keys()].map(memberId => `session/${memberId}`)
    const phases = [...(joinPhase === null ? [] : ['join']), ...(syncPhaseUntilMs === null ? [] : ['sync'])]
    assert.deepEqual([...this.world.timers.keys()].sort(), [...sessions, ...phases].sort())
    for (const { memberId, awaitingJoin, awaitingSync, sessionUntilMs } of members.values()) {
      const isHeld = awaitingJoin !== null || awaitingSync !== null
      assert.ok(isHeld || this.world.timers.get(`session/${memberId}`)!.atMs <= sessionUntilMs, memberId)
    }
  }

  /** What is read back is what was written last: the group as it was then. */
  #compareLog(): void {
    if (this.world.committed !== this.world.log.length) return
    const { membership } = this.world.readBack()
    const data = this.model.readBack()
    assert.equal(membership.state, data.state)
    assert.equal(membership.generation, data.generation)
    assert.equal(membership.leader, data.leader)
    assert.equal(membership.protocol, data.protocol)
    assert.deepEqual([...membership.members.keys()].sort(), data.members.map(({ id }) => id).sort())
  }
}

const byRequest = (a: [number, string], b: [number, string]) => a[0] - b[0]

/** Who leads and which protocol is used, as the machine says in what it decided. */
function chosenBy(decision: Decision, protocol: string | null): { leader: string | null; protocol: string | null } {
  for (const record of decision.records) {
    if (record.type === 'generationBegun') return { leader: record.leader, protocol: record.protocol }
    if (record.type === 'group') return { leader: record.value.leader, protocol: record.value.protocol }
  }
  return { leader: null, protocol: decision.records.some(({ type }) => type === 'rebalanceBegun') ? null : protocol }
}

function told({ after, body }: Reply): string {
  return after === 'now' ? summary(body) : `${summary(body)} when durable`
}

function summary(body: ReplyBody): string {
  switch (body.type) {
    case 'join':
      if (body.error === 'MEMBER_ID_REQUIRED') return `${body.error} ${body.memberId}`
      return body.error === 'NONE' ? `in ${body.generationId}` : body.error
    case 'sync':
      return body.error === 'NONE' ? 'assigned' : body.error
    case 'leave':
      return body.members.map(({ error }) => error).join(' ')
    case 'offsetCommit':
      return body.topics[0]!.partitions[0]!.error
    default:
      return body.error
  }
}

const who = fc.nat(5)
const variant = fc.nat(29)
const client = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('join' as const),
      who,
      variant,
      fresh: fc.constantFrom(false, false, false, true),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constantFrom('sync' as const, 'sync' as const, 'beat' as const), who }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('leave' as const, 'expel' as const), who }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('commit' as const, 'zombie' as const), who, variant }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 4_999 }) }) },
)
const trouble = fc.record({
  kind: fc.constantFrom(
    'hold' as const,
    'durable' as const,
    'refuse' as const,
    'take' as const,
    'crash' as const,
    'nobody' as const,
  ),
})
const calm = fc.array(client, { minLength: 5, maxLength: 60 })
const rough = fc.array(fc.oneof({ weight: 8, arbitrary: client }, { weight: 1, arbitrary: trouble }), {
  minLength: 5,
  maxLength: 80,
})

function play(delayMs: number, groupOf: number, ops: readonly Op[]): void {
  const run = new Run(delayMs, groupOf)
  for (const op of ops) run.step(op)
  run.settle()
}

const delays = fc.constantFrom(0, 0, 3_001)
const sizes = fc.integer({ min: 1, max: 6 })

test('I-17 I-18 the machine and the model tell clients the same', () => {
  fc.assert(fc.property(delays, sizes, calm, play), { numRuns: 400 })
})

test('I-16 I-17 I-18 so they do when the log refuses, lags, and is read back after a crash', () => {
  fc.assert(fc.property(delays, sizes, rough, play), { numRuns: 400 })
})
