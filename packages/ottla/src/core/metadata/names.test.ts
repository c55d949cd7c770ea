import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ambiguousForm, isInternalTopic, topicNameProblem } from './names.ts'

test('G12 names of topics: 1 to 249 of letters, digits, dot, underscore, hyphen; not . or ..', () => {
  for (const name of ['a', 'A.b_c-9', 'x'.repeat(249), '...', '-', '__proto__', 'constructor']) {
    assert.equal(topicNameProblem(name), null, name)
  }
  for (const name of ['', '.', '..', 'x'.repeat(250), 'a/b', '..%2f', 'C:\\x', 'a b', 'é', 'a\n', 'a\0', '한국']) {
    assert.notEqual(topicNameProblem(name), null, JSON.stringify(name))
  }
})

test('only names with a dot or an underscore can be taken for another', () => {
  assert.equal(ambiguousForm('plain-name'), null)
  assert.equal(ambiguousForm('a.b'), ambiguousForm('a_b'))
})

test('the topics of the coordinators are internal', () => {
  assert.deepEqual(['__consumer_offsets', '__transaction_state', '__mine'].map(isInternalTopic), [true, true, false])
})
