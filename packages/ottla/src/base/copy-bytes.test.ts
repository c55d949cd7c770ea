import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { copyBytes } from './copy-bytes.ts'

test('copies like set, whatever memory the bytes come from and go to', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(64), fc.nat(64), fc.boolean(), (bytes, at, room, shared) => {
      const length = at + bytes.length + room
      const into = new Uint8Array(shared ? new SharedArrayBuffer(length) : new ArrayBuffer(length)).fill(0xee)
      const expected = new Uint8Array(length).fill(0xee)
      expected.set(bytes, at)
      copyBytes(bytes, into, at)
      assert.deepEqual(Array.from(into), Array.from(expected))
    }),
  )
})

test('bytes that do not fit are never cut', () => {
  assert.throws(() => copyBytes(new Uint8Array(5), new Uint8Array(8), 4), /where there is room/)
})
