import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeValue, encodeValue, laneOfValueId, sequenceOfValueId, VALUE_BYTES_MIN, valueIdOf } from './value.ts'

test('a value says who sent it, whatever its size', () => {
  for (const bytes of [VALUE_BYTES_MIN, 17, 100, 65_536, 65_552, 1_000_000]) {
    const mark = { lane: 2 ** 20 - 1, sequence: 2 ** 32 - 1, run: 7 }
    assert.deepEqual(decodeValue(encodeValue(mark, bytes)), mark)
  }
})

test('one changed bit anywhere is noticed', () => {
  const value = encodeValue({ lane: 3, sequence: 9, run: 1 }, 40)
  for (let bit = 0; bit < value.length * 8; bit++) {
    const damaged = value.slice()
    damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7))
    assert.equal(decodeValue(damaged), 'a damaged value of 40 bytes', `bit ${bit}`)
  }
})

test('what is no value is told in words', () => {
  assert.equal(decodeValue(null), 'a record without a value')
  assert.equal(decodeValue(new Uint8Array(15)), 'a value of 15 bytes')
  assert.equal(
    decodeValue(encodeValue({ lane: 0, sequence: 0, run: 0 }, 50).subarray(0, 49)),
    'a damaged value of 49 bytes',
  )
})

test('ids are exact to the last lane and record', () => {
  const id = valueIdOf(2 ** 20 - 1, 2 ** 32 - 1)
  assert.ok(Number.isSafeInteger(id))
  assert.equal(laneOfValueId(id), 2 ** 20 - 1)
  assert.equal(sequenceOfValueId(id), 2 ** 32 - 1)
})
