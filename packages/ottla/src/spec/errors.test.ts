import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorCodeOf, errorNameOf, errorNames, errors, isRetriable } from './errors.ts'

test('codes run from -1 to 133 without a gap, and names and codes lead to each other', () => {
  assert.equal(errorNames.length, 135)
  errorNames.forEach((name, index) => {
    assert.equal(errorCodeOf(name), index - 1)
    assert.equal(errorNameOf(index - 1), name)
  })
})

test('codes that clients depend on stand where Kafka has them', () => {
  const expected = {
    OFFSET_OUT_OF_RANGE: 1,
    CORRUPT_MESSAGE: 2,
    UNKNOWN_TOPIC_OR_PARTITION: 3,
    NOT_LEADER_OR_FOLLOWER: 6,
    MESSAGE_TOO_LARGE: 10,
    REBALANCE_IN_PROGRESS: 27,
    UNSUPPORTED_VERSION: 35,
    OUT_OF_ORDER_SEQUENCE_NUMBER: 45,
    KAFKA_STORAGE_ERROR: 56,
    FETCH_SESSION_ID_NOT_FOUND: 70,
    FENCED_LEADER_EPOCH: 74,
    UNSUPPORTED_COMPRESSION_TYPE: 76,
    MEMBER_ID_REQUIRED: 79,
    INVALID_RECORD: 87,
    PRODUCER_FENCED: 90,
    UNKNOWN_TOPIC_ID: 100,
    FETCH_SESSION_TOPIC_ID_ERROR: 106,
    FENCED_MEMBER_EPOCH: 110,
    TRANSACTION_ABORTABLE: 120,
    REBOOTSTRAP_REQUIRED: 129,
  } as const
  for (const [name, code] of Object.entries(expected)) assert.equal(errorNameOf(code), name)
})

test('an unknown code has no name', () => {
  for (const code of [-2, 134, 32_767, -32_768, 0.5]) assert.equal(errorNameOf(code), null)
})

test('every row says something of its own', () => {
  const docs = errorNames.map(name => errors[name].doc)
  assert.equal(new Set(docs).size, docs.length)
  for (const doc of docs) assert.match(doc, /^[A-Za-z].*\.$/)
})

test('what can pass by itself is retriable, what cannot is not', () => {
  for (const name of ['NOT_LEADER_OR_FOLLOWER', 'KAFKA_STORAGE_ERROR', 'UNKNOWN_TOPIC_ID'] as const)
    assert.ok(isRetriable(name))
  for (const name of ['NONE', 'INVALID_RECORD', 'PRODUCER_FENCED'] as const) assert.equal(isRetriable(name), false)
})
