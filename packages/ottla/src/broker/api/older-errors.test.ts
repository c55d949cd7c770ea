import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorCodeOf } from '../../spec/errors.ts'
import { dataErrorCode } from './older-errors.ts'

test('a storage error is told as "not the leader" to those who do not know it', () => {
  assert.equal(dataErrorCode('Produce', 3, 'KAFKA_STORAGE_ERROR'), errorCodeOf('NOT_LEADER_OR_FOLLOWER'))
  assert.equal(dataErrorCode('Produce', 4, 'KAFKA_STORAGE_ERROR'), errorCodeOf('KAFKA_STORAGE_ERROR'))
  assert.equal(dataErrorCode('Fetch', 5, 'KAFKA_STORAGE_ERROR'), errorCodeOf('NOT_LEADER_OR_FOLLOWER'))
  assert.equal(dataErrorCode('Fetch', 6, 'KAFKA_STORAGE_ERROR'), errorCodeOf('KAFKA_STORAGE_ERROR'))
  assert.equal(dataErrorCode('Fetch', 4, 'OFFSET_OUT_OF_RANGE'), errorCodeOf('OFFSET_OUT_OF_RANGE'))
})
