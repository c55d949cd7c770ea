import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ReadBuffers } from './read-buffers.ts'

const KIB = 1024
const MIB = 1024 * KIB

test('a buffer is as long as asked for, and at most a quarter longer', () => {
  const buffers = new ReadBuffers(0)
  for (const bytes of [65 * KIB, 100_000, MIB, MIB + 1, MIB + 16 * KIB, 3 * MIB, 5 * MIB]) {
    const { length } = buffers.take(bytes)
    assert.ok(length >= bytes && length <= 1.25 * bytes, `${bytes}: ${length}`)
  }
  assert.equal(buffers.take(1).length, 64 * KIB)
})

test('what was given back is used again, up to so many bytes', () => {
  const buffers = new ReadBuffers(3 * MIB)
  const taken = Array.from({ length: 4 }, () => buffers.take(MIB))
  for (const each of taken) buffers.give(each)
  const again = Array.from({ length: 4 }, () => buffers.take(MIB))
  assert.equal(again.filter(each => taken.includes(each)).length, 3)
  buffers.give(again[0] as Uint8Array)
  assert.equal(buffers.take(MIB), again[0])
})

test('large ones are not kept', () => {
  const buffers = new ReadBuffers(64 * MIB)
  const large = buffers.take(5 * MIB)
  buffers.give(large)
  assert.notEqual(buffers.take(5 * MIB), large)
})
