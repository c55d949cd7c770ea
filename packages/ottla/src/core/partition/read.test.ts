import assert from 'node:assert/strict'
import { test } from 'node:test'
import { attributesOf, emptyBatchHeader } from '../../wire/batch/header.ts'
import { evolveAppended } from './append.ts'
import { evolveDurable } from './high-watermark.ts'
import { evolveLogStart, follow, lead } from './leadership.ts'
import { checkFollower, checkRead, decideDeleteRecords, decideDivergence, knowsCommitted, readLimit } from './read.ts'
import { openPartition, type PartitionState } from './state.ts'
import { UnstableTransactions } from './transactions.ts'

const term = { leader: 1, leaderEpoch: 3, partitionEpoch: 0, replicas: [1, 2], isr: [1] }

/** Log 2 to 12, committed to 10, one transaction open from 7. */
function leader(): PartitionState {
  const state = openPartition({
    self: 1,
    minInsyncReplicas: 1,
    logStartOffset: 0,
    endOffset: 7,
    highWatermark: 7,
    producers: [],
    nowMs: 0,
  })
  lead(state, term, 0)
  const header = { ...emptyBatchHeader(), lastOffsetDelta: 4, producerEpoch: 0, baseSequence: 0 }
  header.attributes = attributesOf({ codec: 0, transactional: true })
  evolveAppended(state, header, { producerId: 5n, baseOffset: 7, nowMs: 0 })
  evolveDurable(state, 10)
  evolveLogStart(state, 2)
  return state
}

test('offsets from the log start to its end are fetched, others are out of range', () => {
  const state = leader()
  const check = (fetchOffset: number) => checkRead(state, { fetchOffset, currentLeaderEpoch: -1 })
  assert.deepEqual([2, 9, 10, 11, 12].map(check), [null, null, null, null, null])
  assert.deepEqual([1, 13, Number.MAX_SAFE_INTEGER].map(check), Array(3).fill('OFFSET_OUT_OF_RANGE'))
  assert.equal(checkRead(state, { fetchOffset: 99, currentLeaderEpoch: 2 }), 'FENCED_LEADER_EPOCH')
})

test('I-07 J9 consumers read to the high watermark, stable ones to the open transaction, followers to the end', () => {
  const state = leader()
  assert.equal(readLimit(state, 'consumer'), 10)
  assert.equal(readLimit(state, 'committed-transactions'), 7)
  assert.equal(readLimit(state, 'follower'), 12)
})

test('a reader whose history is not ours is told where it diverges', () => {
  const read = { fetchOffset: 10, lastFetchedEpoch: 3 }
  assert.equal(decideDivergence(read, { epoch: 3, endOffset: 12 }), null)
  assert.equal(decideDivergence(read, { epoch: 3, endOffset: 10 }), null)
  assert.deepEqual(decideDivergence(read, { epoch: 3, endOffset: 9 }), { epoch: 3, endOffset: 9 })
  assert.deepEqual(decideDivergence(read, { epoch: 2, endOffset: 20 }), { epoch: 2, endOffset: 20 })
  assert.equal(decideDivergence(read, { epoch: -1, endOffset: -1 }), 'OFFSET_OUT_OF_RANGE')
})

test('a new leader does not say where the log ends before it knows', () => {
  const state = openPartition({ ...opened, endOffset: 9, highWatermark: 4 })
  assert.equal(knowsCommitted(state), false)
  lead(state, { ...term, isr: [1, 2] }, 0)
  assert.equal(knowsCommitted(state), false)
  lead(state, { ...term, partitionEpoch: 1 }, 0)
  assert.equal(knowsCommitted(state), true)
})

const opened = { self: 1, minInsyncReplicas: 1, logStartOffset: 0, producers: [], nowMs: 0 }

test('records are deleted up to the high watermark at most', () => {
  const state = leader()
  assert.deepEqual(decideDeleteRecords(state, -1), { logStartOffset: 10 })
  assert.deepEqual(decideDeleteRecords(state, 5), { logStartOffset: 5 })
  assert.deepEqual(decideDeleteRecords(state, 1), { logStartOffset: 2 }, 'already gone')
  assert.equal(decideDeleteRecords(state, 11), 'OFFSET_OUT_OF_RANGE')
  assert.equal(decideDeleteRecords(state, -2), 'OFFSET_OUT_OF_RANGE')
  follow(state, { ...term, leader: 2, leaderEpoch: 4, partitionEpoch: 1 })
  assert.equal(decideDeleteRecords(state, -1), 'NOT_LEADER_OR_FOLLOWER')
})

test('only another replica fetches as a follower', () => {
  const state = leader()
  assert.deepEqual(
    [2, 1, 3].map(id => checkFollower(state, id)),
    [null, 'NOT_LEADER_OR_FOLLOWER', 'NOT_LEADER_OR_FOLLOWER'],
  )
})

test('transactions decided out of order free the readers in order', () => {
  const transactions = new UnstableTransactions()
  for (const offset of [3, 5, 8]) transactions.begin(offset)
  transactions.decide(5, 10)
  transactions.decide(3, 11)
  transactions.settle(11)
  assert.equal(transactions.firstUnstableOffset(), 3, 'its marker at 11 is not below 11')
  transactions.settle(12)
  assert.equal(transactions.firstUnstableOffset(), 8)
  assert.equal(transactions.size, 1)
  assert.throws(() => transactions.decide(5, 12), /ends a transaction that began/)
})
