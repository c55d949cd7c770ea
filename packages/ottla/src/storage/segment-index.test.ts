/** What an index takes from a file: entries that lie in its segment and rise. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SegmentIndex } from './segment-index.ts'

test('entries below the base, or that do not rise in both columns, are refused', () => {
  const index = new SegmentIndex(100)
  assert.equal(index.pushStored(99, 10), false)
  assert.equal(index.pushStored(100, 10), true)
  assert.equal(index.pushStored(100, 20), false)
  assert.equal(index.pushStored(110, 10), false)
  assert.equal(index.pushStored(110, 20), true)
  assert.deepEqual(index.atOrBefore(109), { offset: 100, position: 10 })
})

test('times below the base, or that do not rise, are refused; several may name one offset', () => {
  const index = new SegmentIndex(100)
  assert.equal(index.pushStoredTime(5, 99), false)
  assert.equal(index.pushStoredTime(5, 104), true)
  assert.equal(index.pushStoredTime(5, 105), false)
  assert.equal(index.pushStoredTime(6, 103), false)
  assert.equal(index.pushStoredTime(6, 104), true)
  assert.deepEqual(index.timeBefore(6), { timestamp: 5, offset: 104 })
})
