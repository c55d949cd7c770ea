import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { emptyBatchHeader } from '../../wire/batch/header.ts'
import { evolveAppended } from './append.ts'
import { evolveDurable, evolveLeaderHighWatermark } from './high-watermark.ts'
import { decideIsr, evolveFollowerFetch, evolveIsrProposed, evolveIsrRefused, evolveLag } from './isr.ts'
import { checkEpoch, checkLeader, evolveLogStart, evolveTruncated, follow, lead } from './leadership.ts'
import { invariants, openPartition, type PartitionState } from './state.ts'

const LAG_MS = 100

function term(isr: readonly number[], partitionEpoch = 0, leaderEpoch = 0) {
  return { leader: 1, leaderEpoch, partitionEpoch, replicas: [1, 2, 3], isr }
}

function leader(isr: readonly number[], options: { minIsr?: number; endOffset?: number } = {}): PartitionState {
  const state = openPartition({
    self: 1,
    minInsyncReplicas: options.minIsr ?? 1,
    logStartOffset: 0,
    endOffset: options.endOffset ?? 0,
    highWatermark: null,
    producers: [],
    nowMs: 0,
  })
  lead(state, term(isr), 0)
  return state
}

function append(state: PartitionState, count: number): void {
  const header = { ...emptyBatchHeader(), lastOffsetDelta: count - 1 }
  evolveAppended(state, header, { producerId: null, baseOffset: state.endOffset, nowMs: 0 })
}

interface FetchAt {
  nowMs?: number
  eligible?: boolean
  brokerEpoch?: number
}

function fetch(state: PartitionState, brokerId: number, endOffset: number, at: FetchAt = {}) {
  const moved = evolveFollowerFetch(state, {
    brokerId,
    brokerEpoch: at.brokerEpoch ?? 1,
    endOffset,
    eligible: at.eligible ?? true,
    nowMs: at.nowMs ?? 0,
  })
  invariants(state)
  return moved
}

const everyone = { lagMaxMs: LAG_MS, eligible: () => true }

test('I-05 with one replica the high watermark is the durable end', () => {
  const state = leader([1])
  append(state, 10)
  assert.equal(state.highWatermark, 0)
  assert.equal(evolveDurable(state, 7), true)
  assert.equal(state.highWatermark, 7)
  assert.equal(evolveDurable(state, 7), false)
})

test('I-05 the high watermark is the lowest durable end of the ISR', () => {
  const state = leader([1, 2, 3])
  append(state, 10)
  evolveDurable(state, 10)
  fetch(state, 2, 8)
  assert.equal(state.highWatermark, 0, 'broker 3 has not fetched')
  fetch(state, 3, 5)
  assert.equal(state.highWatermark, 5)
  fetch(state, 3, 9)
  assert.equal(state.highWatermark, 8)
})

test('a follower may have more than the leader synced: it does not count until the leader has it too', () => {
  const state = leader([1, 2])
  append(state, 10)
  fetch(state, 2, 10)
  assert.equal(state.highWatermark, 0)
  evolveDurable(state, 10)
  assert.equal(state.highWatermark, 10)
})

test('the high watermark stands below min.insync.replicas', () => {
  const state = leader([1], { minIsr: 2 })
  append(state, 4)
  evolveDurable(state, 4)
  assert.equal(state.highWatermark, 0)
  assert.equal(lead(state, term([1, 2], 1), 0).highWatermarkMoved, false)
  fetch(state, 2, 4)
  assert.equal(state.highWatermark, 4)
})

test('I-06 an unresolved ISR change counts both ISRs', () => {
  const state = leader([1, 2])
  append(state, 10)
  evolveDurable(state, 10)
  fetch(state, 2, 3)
  evolveIsrProposed(state, [1])
  assert.equal(evolveLag(state, { nowMs: 0, lagMaxMs: LAG_MS }), false)
  assert.equal(state.highWatermark, 3, 'the shrink may not have happened')
  assert.equal(lead(state, term([1], 1), 0).highWatermarkMoved, true)
  assert.equal(state.highWatermark, 10)
})

test('I-06 an expansion counts from the moment it is asked for', () => {
  const state = leader([1])
  append(state, 10)
  evolveDurable(state, 10)
  fetch(state, 2, 10)
  evolveIsrProposed(state, [1, 2])
  append(state, 5)
  evolveDurable(state, 15)
  assert.equal(state.highWatermark, 10)
  evolveIsrRefused(state)
  assert.equal(state.highWatermark, 15)
})

test('I-06 a replica asked for counts although it no longer keeps up', () => {
  const state = leader([1])
  append(state, 10)
  fetch(state, 2, 10)
  evolveDurable(state, 10)
  evolveIsrProposed(state, [1, 2])
  append(state, 5)
  evolveDurable(state, 15)
  assert.equal(evolveLag(state, { nowMs: 1e6, lagMaxMs: LAG_MS }), false)
  assert.equal(state.highWatermark, 10)
})

test('C10 a replica that lost what it had does not join by what it had before', () => {
  const state = leader([1, 3], { endOffset: 20 })
  fetch(state, 2, 20)
  assert.deepEqual(decideIsr(state, { nowMs: 0, ...everyone }), [1, 2, 3])
  append(state, 1)
  fetch(state, 2, 10)
  assert.equal(decideIsr(state, { nowMs: 0, ...everyone }), null, 'not the start of the term')
  fetch(state, 2, 20)
  fetch(state, 2, 20, { brokerEpoch: 2 })
  assert.equal(decideIsr(state, { nowMs: 0, ...everyone }), null, 'another start of the process')
})

test('a replica with less than consumers may have seen does not join', () => {
  const state = leader([1])
  append(state, 10)
  fetch(state, 2, 10)
  evolveDurable(state, 10)
  fetch(state, 2, 9)
  assert.equal(state.highWatermark, 10)
  assert.equal(decideIsr(state, { nowMs: 0, ...everyone }), null)
})

test('a replica that never held everything does not join, though nothing is committed', () => {
  const state = leader([1, 3])
  append(state, 10)
  fetch(state, 2, 0)
  assert.equal(decideIsr(state, { nowMs: 0, ...everyone }), null)
})

test('a member of the ISR has the whole lag time for its first fetches', () => {
  const state = leader([1, 2], { endOffset: 20 })
  fetch(state, 2, 0, { nowMs: 1 })
  assert.equal(decideIsr(state, { nowMs: LAG_MS, ...everyone }), null)
})

test('another ISR in the same term moves neither its start nor what followers said; other replicas do', () => {
  const state = leader([1, 2], { endOffset: 20 })
  append(state, 5)
  fetch(state, 2, 25)
  lead(state, term([1, 2, 3], 1), 0)
  assert.equal(state.leaderEpochStartOffset, 20)
  assert.equal(state.followers.get(2)?.endOffset, 25)
  lead(state, { ...term([1, 3], 2), replicas: [1, 3, 4] }, 0)
  assert.deepEqual([...state.followers.keys()].sort(), [3, 4])
})

test('a checkpointed high watermark outside the log is brought into it', () => {
  const opened = { self: 1, minInsyncReplicas: 1, producers: [], nowMs: 0, logStartOffset: 5, endOffset: 9 }
  const watermarks = [null, 2, 7, 12].map(highWatermark => openPartition({ ...opened, highWatermark }).highWatermark)
  assert.deepEqual(watermarks, [5, 5, 7, 9])
})

test('a replica that fell behind is left out after the lag time, not before', () => {
  const state = leader([1, 2, 3])
  append(state, 1)
  fetch(state, 2, 0)
  fetch(state, 3, 1, { nowMs: LAG_MS })
  assert.equal(decideIsr(state, { nowMs: LAG_MS, ...everyone }), null)
  assert.deepEqual(decideIsr(state, { nowMs: LAG_MS + 1, ...everyone }), [1, 3])
})

test('a replica that has all we have is in sync however long ago it fetched', () => {
  const state = leader([1, 2])
  fetch(state, 2, 0)
  assert.equal(decideIsr(state, { nowMs: 1e9, ...everyone }), null)
})

test('a replica one fetch behind under constant load is in sync', () => {
  const state = leader([1, 2])
  for (let at = 0; at < 10; at++) {
    const before = state.endOffset
    append(state, 1)
    fetch(state, 2, before, { nowMs: at * 50 })
  }
  assert.equal(decideIsr(state, { nowMs: 450, ...everyone }), null)
})

test('C5 a replica joins when it has the high watermark and the start of the term', () => {
  const state = leader([1], { endOffset: 20 })
  assert.equal(state.leaderEpochStartOffset, 20)
  fetch(state, 2, 19)
  assert.equal(decideIsr(state, { nowMs: 0, ...everyone }), null)
  fetch(state, 2, 20)
  assert.deepEqual(decideIsr(state, { nowMs: 0, ...everyone }), [1, 2])
  assert.equal(decideIsr(state, { nowMs: 0, lagMaxMs: LAG_MS, eligible: () => false }), null, 'C10: not fenced ones')
  const asked: number[] = []
  decideIsr(state, { nowMs: 0, lagMaxMs: LAG_MS, eligible: (id, epoch) => asked.push(id, epoch) > 0 })
  assert.deepEqual(asked, [2, 1], 'with the epoch of the registration that fetched')
})

test('a replica about to join holds the high watermark, until it falls behind', () => {
  const state = leader([1])
  fetch(state, 2, 0)
  append(state, 10)
  evolveDurable(state, 10)
  assert.equal(state.highWatermark, 0)
  fetch(state, 2, 10, { nowMs: 10 })
  assert.equal(state.highWatermark, 10)
  append(state, 5)
  evolveDurable(state, 15)
  assert.equal(evolveLag(state, { nowMs: 10 + LAG_MS, lagMaxMs: LAG_MS }), false)
  assert.equal(evolveLag(state, { nowMs: 11 + LAG_MS, lagMaxMs: LAG_MS }), true)
  assert.equal(state.highWatermark, 15)
})

test('one that may not join holds nothing', () => {
  const state = leader([1])
  fetch(state, 2, 0, { eligible: false })
  append(state, 10)
  evolveDurable(state, 10)
  assert.equal(state.highWatermark, 10)
})

test('one change of the ISR at a time', () => {
  const state = leader([1])
  fetch(state, 2, 0)
  fetch(state, 3, 0)
  evolveIsrProposed(state, [1, 2])
  assert.equal(decideIsr(state, { nowMs: 0, ...everyone }), null)
  lead(state, term([1, 2], 1), 0)
  assert.deepEqual(decideIsr(state, { nowMs: 0, ...everyone }), [1, 2, 3])
})

test('an ISR is asked for by its leader, with itself in it, one at a time', () => {
  const state = leader([1, 2])
  assert.throws(() => evolveIsrProposed(state, [2]), /a leader stays in its ISR/)
  assert.equal(state.proposedIsr, null)
  evolveIsrProposed(state, [1])
  assert.throws(() => evolveIsrProposed(state, [1, 2]), /one change at a time/)
  const follower = leader([1, 2])
  follow(follower, { ...term([1, 2], 1, 1), leader: 2 })
  assert.throws(() => evolveIsrProposed(follower, [1]), /by the leader/)
})

test('a new term forgets what followers said and knows no more of what is committed', () => {
  const state = leader([1, 2])
  append(state, 5)
  evolveDurable(state, 5)
  fetch(state, 2, 5)
  append(state, 5)
  evolveDurable(state, 10)
  assert.deepEqual(lead(state, term([1, 2], 1, 1), 0), { newTerm: true, highWatermarkMoved: false })
  assert.deepEqual([state.highWatermark, state.leaderEpochStartOffset], [5, 10])
  assert.equal(state.followers.get(2)?.endOffset, -1)
})

test('beliefs about the term: older fenced, newer unknown, none accepted', () => {
  const state = leader([1])
  lead(state, term([1], 1, 5), 0)
  assert.deepEqual(
    [-1, 5, 4, 6].map(epoch => checkLeader(state, epoch)),
    [null, null, 'FENCED_LEADER_EPOCH', 'UNKNOWN_LEADER_EPOCH'],
  )
  follow(state, { ...term([2], 2, 6), leader: 2 })
  assert.equal(checkLeader(state, 6), 'NOT_LEADER_OR_FOLLOWER')
  assert.equal(checkLeader(state, 5), 'FENCED_LEADER_EPOCH')
  assert.equal(checkEpoch(state, 6), null)
})

test('I-02 an image that goes back is a bug', () => {
  const state = leader([1])
  lead(state, term([1], 3, 5), 0)
  assert.throws(() => lead(state, term([1], 4, 4), 0), /terms only move forward/)
  assert.throws(() => lead(state, term([1], 2, 5), 0), /partition records only move forward/)
})

test('a follower shows what its leader committed and it has, and less after a truncation', () => {
  const state = leader([1], { endOffset: 10 })
  follow(state, { ...term([2], 1, 1), leader: 2 })
  const committed = state.highWatermark
  assert.equal(evolveLeaderHighWatermark(state, 99), committed < 10)
  assert.equal(state.highWatermark, 10)
  evolveTruncated(state, 6)
  invariants(state)
  assert.deepEqual([state.endOffset, state.durableEndOffset, state.highWatermark], [6, 6, 6])
})

test('the log start moves forward only, and never past what is committed', () => {
  const state = leader([1], { endOffset: 10 })
  evolveLogStart(state, 4)
  evolveLogStart(state, 2)
  assert.equal(state.logStartOffset, 4)
  append(state, 5)
  assert.throws(() => evolveLogStart(state, 12), /not committed is not deleted/)
})

test('no leader makes the replica idle', () => {
  const state = leader([1, 2])
  follow(state, { ...term([2], 1, 1), leader: -1 })
  invariants(state)
  assert.equal(state.role, 'idle')
  assert.equal(checkLeader(state, -1), 'NOT_LEADER_OR_FOLLOWER')
})

test('I-05 I-06 the high watermark never exceeds a counted replica and never goes back within a term', () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant('append' as const), by: fc.integer({ min: 1, max: 5 }) }),
    fc.record({ do: fc.constant('durable' as const), by: fc.integer({ min: 1, max: 5 }) }),
    fc.record({ do: fc.constant('fetch' as const), id: fc.constantFrom(2, 3), by: fc.integer({ min: 0, max: 6 }) }),
    fc.record({ do: fc.constant('isr' as const) }),
    fc.record({ do: fc.constant('resolve' as const), made: fc.boolean() }),
    fc.record({ do: fc.constant('wait' as const), by: fc.integer({ min: 1, max: 150 }) }),
  )
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 3 }), fc.array(step, { maxLength: 80 }), (minIsr, steps) => {
      const state = leader([1, 2, 3], { minIsr })
      const ends = new Map([
        [2, 0],
        [3, 0],
      ])
      let nowMs = 0
      for (const each of steps) {
        const before = state.highWatermark
        if (each.do === 'append') append(state, each.by)
        else if (each.do === 'durable')
          evolveDurable(state, Math.min(state.endOffset, state.durableEndOffset + each.by))
        else if (each.do === 'wait') {
          nowMs += each.by
          evolveLag(state, { nowMs, lagMaxMs: LAG_MS })
        } else if (each.do === 'fetch') {
          const end = Math.min(state.endOffset, ends.get(each.id)! + each.by)
          ends.set(each.id, end)
          fetch(state, each.id, end, { nowMs })
        } else if (each.do === 'isr') {
          const wanted = decideIsr(state, { nowMs, ...everyone })
          if (wanted !== null) evolveIsrProposed(state, wanted)
        } else if (state.proposedIsr !== null) {
          if (each.made) lead(state, term(state.proposedIsr, state.partitionEpoch + 1), nowMs)
          else evolveIsrRefused(state)
        }
        invariants(state)
        assert.ok(state.highWatermark >= before)
        if (state.highWatermark > before) {
          assert.ok(state.isr.length >= Math.min(minIsr, 3))
          assert.ok(state.highWatermark <= state.durableEndOffset)
          for (const id of [...state.isr, ...(state.proposedIsr ?? [])]) {
            if (id !== 1) assert.ok(state.highWatermark <= ends.get(id)!, `broker ${id} has it`)
          }
        }
      }
    }),
    { numRuns: 500 },
  )
})

test('a leader does not truncate, and nobody cuts what was never there', () => {
  const state = leader([1], { endOffset: 10 })
  assert.throws(() => evolveTruncated(state, 6), /a leader does not truncate/)
  follow(state, { ...term([1]), leader: 2, leaderEpoch: 1, partitionEpoch: 1 })
  for (const beyond of [-1, 11]) assert.throws(() => evolveTruncated(state, beyond), /a truncation cuts the tail/)
})
