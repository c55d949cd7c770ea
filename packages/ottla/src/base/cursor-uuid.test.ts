import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { putUuid, uuidAt } from './cursor-uuid.ts'

const ids = fc.uint8Array({ minLength: 16, maxLength: 16 })

test('an id reads as the base64url of its bytes and is written as it was', () => {
  fc.assert(
    fc.property(ids, bytes => {
      const text = uuidAt(bytes, 0)
      assert.equal(text, Buffer.from(bytes).toString('base64url'))
      const back = new Uint8Array(17)
      assert.equal(putUuid(back, 1, text), true)
      assert.deepEqual(back.subarray(1), bytes)
    }),
  )
})

test('many ids that share slots of the cache never answer for each other', () => {
  const bytes = new Uint8Array(16)
  const view = new DataView(bytes.buffer)
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 5000; i++) {
      view.setUint32(0, i)
      view.setUint32(12, ~i)
      assert.equal(uuidAt(bytes, 0), Buffer.from(bytes).toString('base64url'))
    }
  }
})

test('the same id comes back as the same text after others took its slot', () => {
  const one = new Uint8Array(16).fill(7)
  const before = uuidAt(one, 0)
  for (let i = 0; i < 4000; i++)
    uuidAt(
      Uint8Array.from({ length: 16 }, (_, j) => (i * 31 + j * 17) & 0xff),
      0,
    )
  assert.equal(uuidAt(one, 0), before)
})
