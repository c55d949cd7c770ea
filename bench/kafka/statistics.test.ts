import assert from 'node:assert/strict'
import { test } from 'node:test'
import { median, quantile, ratioOf, spreadOf } from './statistics.ts'

test('the median of an even number of values is between the two in the middle', () => {
  assert.equal(median([9, 1, 5]), 5)
  assert.equal(median([9, 1, 5, 7]), 6)
  assert.equal(median([3]), 3)
  assert.equal(median([]), Number.NaN)
})

test('a spread is of the values as they are, sorted or not', () => {
  assert.deepEqual(spreadOf([3, 1, 2]), { median: 2, min: 1, max: 3 })
  assert.deepEqual(spreadOf([]), { median: Number.NaN, min: Number.NaN, max: Number.NaN })
})

test('a ratio is of the medians, its spread of the rounds that both sides have', () => {
  assert.deepEqual(ratioOf([10, 30, 20], [10, 10, 5]), { median: 2, min: 1, max: 4 })
  assert.deepEqual(ratioOf([10, 30], [5, 10, 5]), { median: 4, min: 2, max: 3 })
})

test('a quantile is the value at its rank: of a hundred the 99th is the last but one', () => {
  const hundred = Float64Array.from({ length: 100 }, (_, i) => i + 1)
  assert.equal(quantile(hundred, 0.5), 50)
  assert.equal(quantile(hundred, 0.99), 99)
  assert.equal(quantile(hundred, 0.999), 100)
  assert.equal(quantile(hundred, 0), 1)
  assert.equal(quantile([], 0.5), Number.NaN)
})
