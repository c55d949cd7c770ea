import assert from 'node:assert/strict'
import { test } from 'node:test'
import { groupsOf, keyOf, rows } from './rows.ts'

test('each row has a name of its own and at least one goal', () => {
  assert.equal(new Set(rows.map(row => row.name)).size, rows.length)
  for (const row of rows) assert.ok(row.goals.length > 0, row.name)
})

test('every goal against the bare loop stands in a row that has one', () => {
  for (const row of rows) {
    if (row.goals.some(goal => goal.against === 'bare')) assert.equal(row.bare, true, row.name)
  }
})

test('rows of one workload are measured together, each contender once', () => {
  const [first] = groupsOf(rows)
  assert.deepEqual(
    first?.rows.map(row => row.name),
    ['produce-128k-cache', 'produce-128k-disk', 'produce-128k-disk-cache'],
  )
  assert.deepEqual(first?.contenders.map(keyOf).sort(), [
    'bare disk',
    'bare page-cache',
    'bare-twice disk',
    'kafka disk',
    'kafka page-cache',
    'ottla disk',
    'ottla page-cache',
  ])
  assert.equal(groupsOf(rows).flatMap(group => group.rows).length, rows.length)
})
