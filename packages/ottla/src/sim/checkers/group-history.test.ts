/** Each thing that no group may do is found, and nothing else. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GroupHistory } from './group-history.ts'
import { Violations } from './violation.ts'

function group() {
  const violations = new Violations()
  return { history: new GroupHistory('g', 2, violations), kinds: () => violations.found.map(({ kind }) => kind) }
}

test('a group that keeps its promises', () => {
  const { history, kinds } = group()
  history.owns(1, 'a', [0, 1])
  history.committed(history.commits(1, 0, 10))
  const lost = history.commits(1, 0, 20)
  history.owns(2, 'a', [0])
  history.owns(2, 'b', [1])
  history.fetched(0, 20, history.least(0))
  history.fetched(1, -1, history.least(1))
  // Answered late: it was sent while its generation was the newest.
  history.committed(lost)
  assert.deepEqual(kinds(), [])
  assert.equal(history.acknowledged, 2)
})

test('two owners of a partition in one generation', () => {
  const { history, kinds } = group()
  history.owns(3, 'a', [0])
  history.owns(3, 'b', [1, 0])
  assert.deepEqual(kinds(), ['group-owner'])
})

test('a commit in a generation that was over when it was sent', () => {
  const { history, kinds } = group()
  history.owns(1, 'a', [0])
  history.owns(2, 'b', [0])
  history.committed(history.commits(1, 0, 5))
  assert.deepEqual(kinds(), ['group-fence'])
})

test('a committed offset that went back, and one that nobody sent', () => {
  const { history, kinds } = group()
  history.committed(history.commits(1, 0, 5))
  history.fetched(0, 4, history.least(0))
  history.fetched(1, 7, history.least(1))
  assert.deepEqual(kinds(), ['group-offset', 'group-offset'])
})

test('an offset that somebody was told does not go back, though nobody heard of its commit', () => {
  const { history, kinds } = group()
  history.commits(1, 0, 5)
  history.fetched(0, 5, history.least(0))
  assert.deepEqual(kinds(), [])
  history.fetched(0, -1, history.least(0))
  assert.deepEqual(kinds(), ['group-offset'])
})
