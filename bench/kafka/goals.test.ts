import assert from 'node:assert/strict'
import { test } from 'node:test'
import { atLeast, atMost, judge, type Samples } from './goals.ts'

const samples: Samples = {
  ottla: [
    { bytesPerSecond: 300, p99Ms: 4 },
    { bytesPerSecond: 100, p99Ms: 2 },
    { bytesPerSecond: 200, p99Ms: 3 },
  ],
  kafka: [
    { bytesPerSecond: 100, p99Ms: 10 },
    { bytesPerSecond: 100, p99Ms: 20 },
    { bytesPerSecond: 100, p99Ms: 30 },
  ],
}

test('a goal is met at its bound and missed beyond it, in the direction it names', () => {
  assert.equal(judge(atLeast(2, 'bytesPerSecond'), samples).outcome, 'met')
  assert.equal(judge(atLeast(2.01, 'bytesPerSecond'), samples).outcome, 'missed')
  assert.equal(judge(atMost(0.15, 'p99Ms'), samples).outcome, 'met')
  assert.equal(judge(atMost(0.14, 'p99Ms'), samples).outcome, 'missed')
})

test('without a side to compare with, the figure itself is bounded', () => {
  assert.equal(judge(atMost(3, 'p99Ms', null), samples).outcome, 'met')
  assert.equal(judge(atMost(2.9, 'p99Ms', null), samples).outcome, 'missed')
})

test('what was not measured is neither met nor missed', () => {
  assert.equal(judge(atLeast(0.8, 'bytesPerSecond', 'bare'), samples).outcome, 'unmeasured')
  assert.equal(judge(atMost(2, 'startMs', null), samples).outcome, 'unmeasured')
  assert.equal(judge(atLeast(1, 'bytesPerSecond'), { kafka: samples.kafka ?? [] }).outcome, 'unmeasured')
})

test('the verdict carries the ratio of the medians and the spread of the rounds', () => {
  assert.deepEqual(judge(atLeast(2, 'bytesPerSecond'), samples).measured, { median: 2, min: 1, max: 3 })
})
