import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LeaderEpochs } from './leader-epochs.ts'

const epochs = (...entries: [epoch: number, startOffset: number][]): LeaderEpochs =>
  new LeaderEpochs(
    entries.map(([epoch, startOffset]) => ({ epoch, startOffset })),
    () => {},
  )

test('the end of an epoch is the start of the next one, or the end of the log', () => {
  const cache = epochs([2, 0], [5, 10], [6, 30])
  assert.deepEqual(cache.endOffsetFor(2, 50), { epoch: 2, endOffset: 10 })
  assert.deepEqual(cache.endOffsetFor(4, 50), { epoch: 2, endOffset: 10 })
  assert.deepEqual(cache.endOffsetFor(5, 50), { epoch: 5, endOffset: 30 })
  assert.deepEqual(cache.endOffsetFor(6, 50), { epoch: 6, endOffset: 50 })
  assert.deepEqual(cache.endOffsetFor(7, 50), { epoch: -1, endOffset: -1 })
  assert.deepEqual(cache.endOffsetFor(-1, 50), { epoch: -1, endOffset: -1 })
  assert.deepEqual(cache.endOffsetFor(1, 50), { epoch: 1, endOffset: 0 })
  assert.deepEqual(epochs().endOffsetFor(0, 50), { epoch: -1, endOffset: -1 })
})

test('an offset belongs to the last epoch that began at or before it', () => {
  const cache = epochs([2, 5], [5, 10])
  assert.deepEqual(
    [4, 5, 9, 10, 99].map(offset => cache.epochAt(offset)),
    [-1, 2, 2, 5, 5],
  )
})

test('a term is told once, and one without records is forgotten', () => {
  const told: number[] = []
  const cache = new LeaderEpochs([], ({ epoch }) => told.push(epoch))
  cache.assign(1, 0)
  cache.assign(1, 4)
  cache.assign(2, 7)
  cache.assign(3, 7)
  cache.note(3, 7)
  assert.deepEqual(told, [1, 2, 3])
  assert.deepEqual(cache.entries, [
    { epoch: 1, startOffset: 0 },
    { epoch: 3, startOffset: 7 },
  ])
  assert.equal(cache.latest(), 3)
})

test('cuts at either end leave the terms of what remains', () => {
  const end = epochs([1, 0], [2, 10], [3, 20])
  end.cutEnd(20)
  assert.deepEqual(end.latest(), 2)
  end.cutEnd(5)
  assert.deepEqual(end.latest(), 1)
  const start = epochs([1, 0], [2, 10], [3, 20])
  start.cutStart(15)
  assert.deepEqual(start.entries, [
    { epoch: 2, startOffset: 15 },
    { epoch: 3, startOffset: 20 },
  ])
  start.cutStart(20)
  assert.deepEqual(start.entries, [{ epoch: 3, startOffset: 20 }])
})
