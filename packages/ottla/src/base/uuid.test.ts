import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isAssignable, isUuid, METADATA_TOPIC_UUID, uuidFromBytes, uuidToBytes, ZERO_UUID } from './uuid.ts'

test('an id is the base64url of its bytes, and comes back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), bytes => {
      const uuid = uuidFromBytes(bytes)
      assert.equal(uuid, Buffer.from(bytes).toString('base64url'))
      assert.deepEqual(uuidToBytes(uuid), bytes)
      assert.ok(isUuid(uuid))
    }),
  )
})

test('an id is read from inside a larger array', () => {
  const bytes = new Uint8Array(20).fill(0xff)
  bytes.set(new Uint8Array(16), 3)
  assert.equal(uuidFromBytes(bytes, 3), ZERO_UUID)
  assert.throws(() => uuidFromBytes(bytes, 5), /16 bytes/)
})

test('text that is not the canonical form of an id is refused', () => {
  for (const text of [
    '',
    'AAAA',
    `${ZERO_UUID}A`,
    'AAAAAAAAAAAAAAAAAAAAA+',
    'AAAAAAAAAAAAAAAAAAAAAB',
    'ÄAAAAAAAAAAAAAAAAAAAAA',
  ]) {
    assert.equal(isUuid(text), false, text)
    assert.throws(() => uuidToBytes(text), /22 characters/)
  }
})

test('reserved ids, and those a command line reads as an option, are not given out', () => {
  assert.equal(isAssignable(ZERO_UUID), false)
  assert.equal(isAssignable(METADATA_TOPIC_UUID), false)
  assert.equal(isAssignable(uuidFromBytes(new Uint8Array(16).fill(0xfb))), false)
  assert.equal(isAssignable(uuidFromBytes(new Uint8Array(16).fill(7))), true)
})
