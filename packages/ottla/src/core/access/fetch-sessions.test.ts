import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FetchSession, type SessionAnswer, type SessionRead } from './fetch-session.ts'
import { EVICTION_MS, FetchSessions, type FetchTurn, type SessionRequest } from './fetch-sessions.ts'

function read(partition: number, fetchOffset = 0): SessionRead {
  const epochs = { currentLeaderEpoch: -1, lastFetchedEpoch: -1 }
  return { topic: 'a', topicId: null, partition, fetchOffset, maxBytes: 100, ...epochs }
}

function answer(fields: Partial<SessionAnswer> = {}): SessionAnswer {
  const offsets = { highWatermark: 0, lastStableOffset: 0, logStartOffset: 0 }
  return { error: 'NONE', ...offsets, divergingEpoch: null, bytes: 0, ...fields }
}

function request(fields: Partial<SessionRequest>): SessionRequest {
  const session = { sessionId: 0, sessionEpoch: 0, usesTopicIds: false, fromFollower: false }
  return { ...session, reads: [], forgotten: [], nowMs: 0, drawnId: 41, ...fields }
}

function begin(sessions: FetchSessions, fields: Partial<SessionRequest>): FetchTurn {
  const turn = sessions.begin(request(fields))
  assert.notEqual(typeof turn, 'string', `refused: ${turn}`)
  return turn as FetchTurn
}

/** Begins a session of so many partitions and returns its id, 0 when there was no room. */
function open(sessions: FetchSessions, count: number, fields: Partial<SessionRequest> = {}): number {
  const reads = Array.from({ length: count }, (_, i) => read(i))
  const turn = begin(sessions, { reads, ...fields })
  const reply = turn.answer(
    reads.map(() => answer()),
    fields.nowMs ?? 0,
  )
  assert.deepEqual(
    reply.told,
    reads.map(() => true),
  )
  return reply.sessionId
}

test('a full fetch tells everything and begins a session, which then tells what changed', () => {
  const sessions = new FetchSessions({ slots: 10 })
  const sessionId = open(sessions, 3)
  assert.equal(sessionId, 42)
  const quiet = begin(sessions, { sessionId, sessionEpoch: 1 })
  assert.equal(quiet.reads.length, 3)
  assert.deepEqual(quiet.answer([answer(), answer(), answer()], 0), { sessionId, told: [false, false, false] })
  const moved = begin(sessions, { sessionId, sessionEpoch: 2 })
  const answers = [answer({ highWatermark: 1 }), answer({ lastStableOffset: 1 }), answer({ logStartOffset: 1 })]
  assert.deepEqual(moved.answer(answers, 0).told, [true, true, true])
  const again = begin(sessions, { sessionId, sessionEpoch: 3 })
  assert.deepEqual(again.answer(answers, 0).told, [false, false, false])
})

test('(0, -1) makes no session', () => {
  const sessions = new FetchSessions({ slots: 10 })
  assert.equal(open(sessions, 2, { sessionEpoch: -1 }), 0)
  assert.equal(sessions.size, 0)
})

test('an unknown id, another epoch, topic ids mixed with names: each its own error', () => {
  const sessions = new FetchSessions({ slots: 10 })
  const sessionId = open(sessions, 1)
  assert.equal(sessions.begin(request({ sessionId: 7, sessionEpoch: 1 })), 'FETCH_SESSION_ID_NOT_FOUND')
  assert.equal(sessions.begin(request({ sessionId: 0, sessionEpoch: 1 })), 'FETCH_SESSION_ID_NOT_FOUND')
  for (const sessionEpoch of [2, -2, 0x7fff_ffff]) {
    assert.equal(sessions.begin(request({ sessionId, sessionEpoch })), 'INVALID_FETCH_SESSION_EPOCH')
  }
  const withIds = request({ sessionId, sessionEpoch: 1, usesTopicIds: true })
  assert.equal(sessions.begin(withIds), 'FETCH_SESSION_TOPIC_ID_ERROR')
  assert.equal(begin(sessions, { sessionId, sessionEpoch: 1 }).reads.length, 1, 'refusals change nothing')
})

test('epoch 0 and -1 with a session id end that session', () => {
  const sessions = new FetchSessions({ slots: 10 })
  const first = open(sessions, 1)
  const second = open(sessions, 1, { sessionId: first, drawnId: 8 })
  assert.deepEqual([second, sessions.size], [9, 1])
  open(sessions, 1, { sessionId: second, sessionEpoch: -1 })
  assert.deepEqual([sessions.size, sessions.partitionCount], [0, 0])
})

test('a request within a session adds, changes and forgets partitions', () => {
  const sessions = new FetchSessions({ slots: 10 })
  const sessionId = open(sessions, 3)
  const turn = begin(sessions, {
    sessionId,
    sessionEpoch: 1,
    reads: [read(1, 50), read(9)],
    forgotten: [{ topic: 'a', topicId: null, partition: 0 }],
  })
  assert.deepEqual(
    turn.reads.map(each => [each.partition, each.fetchOffset]),
    [
      [1, 50],
      [2, 0],
      [9, 0],
    ],
  )
  assert.equal(sessions.partitionCount, 3)
  assert.deepEqual(turn.answer([answer(), answer(), answer()], 0).told, [false, false, true], 'the new one is told')
})

test('a session that follows nothing any more is over', () => {
  const sessions = new FetchSessions({ slots: 10 })
  const sessionId = open(sessions, 1)
  const forgotten = [{ topic: 'a', topicId: null, partition: 0 }]
  const turn = begin(sessions, { sessionId, sessionEpoch: 1, forgotten })
  assert.deepEqual(turn.answer([], 0), { sessionId: 0, told: [] })
  assert.equal(sessions.size, 0)
})

test('errors and divergence are told each time, and once more when they are over', () => {
  const sessions = new FetchSessions({ slots: 10 })
  const sessionId = open(sessions, 2)
  const bad = [answer({ error: 'NOT_LEADER_OR_FOLLOWER' }), answer({ divergingEpoch: {} })]
  const good = [answer(), answer()]
  const told = [bad, bad, good, good].map(
    (answers, i) => begin(sessions, { sessionId, sessionEpoch: i + 1 }).answer(answers, 0).told,
  )
  assert.deepEqual(told, [
    [true, true],
    [true, true],
    [true, true],
    [false, false],
  ])
})

test('a partition whose records were sent is read last the next time', () => {
  const sessions = new FetchSessions({ slots: 10 })
  const sessionId = open(sessions, 3)
  const order = (turn: FetchTurn) => turn.reads.map(each => each.partition)
  const first = begin(sessions, { sessionId, sessionEpoch: 1 })
  assert.deepEqual(order(first), [0, 1, 2])
  first.answer([answer({ bytes: 5 }), answer(), answer()], 0)
  assert.deepEqual(order(begin(sessions, { sessionId, sessionEpoch: 2 })), [1, 2, 0])
})

test('two fetches of one session may be under way: each is answered as it was asked', () => {
  const sessions = new FetchSessions({ slots: 10 })
  const sessionId = open(sessions, 2)
  const first = begin(sessions, { sessionId, sessionEpoch: 1 })
  const forgotten = [{ topic: 'a', topicId: null, partition: 0 }]
  const second = begin(sessions, { sessionId, sessionEpoch: 2, forgotten, reads: [read(5)] })
  assert.deepEqual(second.answer([answer({ highWatermark: 3 }), answer()], 0).told, [true, true])
  assert.deepEqual(first.answer([answer({ bytes: 4 }), answer({ highWatermark: 3 })], 0).told, [true, false])
  assert.equal(begin(sessions, { sessionId, sessionEpoch: 3 }).reads.length, 2, 'what was forgotten stays forgotten')
})

test('the epoch wraps from 2147483647 to 1', () => {
  const session = new FetchSession({ id: 1, usesTopicIds: false, privileged: false, nowMs: 0 })
  assert.equal(session.epoch, 1)
  session.epoch = 0x7fff_fffe
  session.advanceEpoch()
  assert.equal(session.epoch, 0x7fff_ffff)
  session.advanceEpoch()
  assert.equal(session.epoch, 1)
})

test('without a free slot a reader gets no session until another is old or unused', () => {
  const sessions = new FetchSessions({ slots: 2 })
  const small = open(sessions, 1, { drawnId: 1 })
  const large = open(sessions, 5, { drawnId: 2 })
  assert.equal(open(sessions, 9, { drawnId: 3, nowMs: EVICTION_MS }), 0, 'both are young')
  for (const sessionId of [small, large]) begin(sessions, { sessionId, sessionEpoch: 1, nowMs: EVICTION_MS })
  const later = { drawnId: 4, nowMs: EVICTION_MS + 1 }
  assert.equal(open(sessions, 1, later), 0, 'not larger than the smallest')
  assert.notEqual(open(sessions, 2, later), 0, 'larger than the smallest, which is old')
  assert.equal(sessions.begin(request({ sessionId: small, sessionEpoch: 2 })), 'FETCH_SESSION_ID_NOT_FOUND')
  assert.notEqual(open(sessions, 1, { drawnId: 5, nowMs: 3 * EVICTION_MS }), 0, 'one is unused for long')
  assert.deepEqual([sessions.size, sessions.evictedCount], [2, 2])
})

test('a follower gets the slot of a consumer at any time, a consumer never that of a follower', () => {
  const sessions = new FetchSessions({ slots: 1 })
  open(sessions, 50, { drawnId: 1 })
  const follower = open(sessions, 1, { drawnId: 2, fromFollower: true })
  assert.notEqual(follower, 0)
  begin(sessions, { sessionId: follower, sessionEpoch: 1, nowMs: EVICTION_MS })
  assert.equal(open(sessions, 50, { drawnId: 3, nowMs: EVICTION_MS + 1 }), 0)
  assert.equal(open(sessions, 1, { drawnId: 4, fromFollower: true, nowMs: EVICTION_MS + 1 }), 0, 'not larger')
  assert.notEqual(open(sessions, 2, { drawnId: 5, fromFollower: true, nowMs: EVICTION_MS + 1 }), 0)
})

test('no slots, no sessions; partitions in all are limited too', () => {
  assert.equal(open(new FetchSessions({ slots: 0 }), 1), 0)
  const sessions = new FetchSessions({ slots: 9, partitionsMax: 5 })
  assert.equal(open(sessions, 6), 0)
  const sessionId = open(sessions, 4)
  assert.equal(open(sessions, 2), 0)
  const more = request({ sessionId, sessionEpoch: 1, reads: [read(0), read(7), read(8)] })
  assert.equal(sessions.begin(more), 'FETCH_SESSION_ID_NOT_FOUND', 'the reader begins again')
  assert.equal(sessions.partitionCount, 0)
})

test('a drawn id that is taken gives way to the next', () => {
  const sessions = new FetchSessions({ slots: 9 })
  assert.deepEqual([open(sessions, 1), open(sessions, 1), open(sessions, 1, { drawnId: 0xffff_ffff })], [42, 43, 2])
})

test('I-15 a reader that keeps what it was told always knows what is so', () => {
  const step = fc.record({
    partition: fc.nat(5),
    what: fc.constantFrom('add', 'forget', 'append', 'append', 'fail', 'heal', 'trim', 'full'),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), steps => {
      const sessions = new FetchSessions({ slots: 3 })
      const truth = Array.from({ length: 6 }, () => ({ ...answer() }))
      const wanted = new Set<number>()
      const known = new Map<number, SessionAnswer>()
      let sessionId = 0
      let epoch = 0
      for (const { partition, what } of steps) {
        const before = new Set(wanted)
        const state = truth[partition]!
        if (what === 'add') wanted.add(partition)
        else if (what === 'forget') wanted.delete(partition)
        else if (what === 'append') Object.assign(state, { highWatermark: state.highWatermark + 1 })
        else if (what === 'fail') Object.assign(state, { error: 'KAFKA_STORAGE_ERROR' })
        else if (what === 'heal') Object.assign(state, { error: 'NONE' })
        else if (what === 'trim') Object.assign(state, { logStartOffset: state.highWatermark })
        else epoch = 0
        const full = epoch === 0
        const turn = begin(sessions, {
          sessionId,
          sessionEpoch: epoch,
          reads: [...wanted].filter(each => full || !before.has(each)).map(each => read(each)),
          forgotten: full ? [] : [...before].filter(each => !wanted.has(each)).map(each => ({ ...read(each) })),
        })
        assert.deepEqual(new Set(turn.reads.map(each => each.partition)), wanted)
        const answers = turn.reads.map(each => ({ ...truth[each.partition]! }))
        const reply = turn.answer(answers, 0)
        if (full) known.clear()
        for (const each of known.keys()) if (!wanted.has(each)) known.delete(each)
        turn.reads.forEach((each, i) => {
          if (reply.told[i]) known.set(each.partition, answers[i]!)
        })
        assert.deepEqual(known, new Map(turn.reads.map(each => [each.partition, truth[each.partition]!])))
        sessionId = reply.sessionId
        epoch = sessionId === 0 ? 0 : epoch + 1
      }
    }),
    { numRuns: 300 },
  )
})
