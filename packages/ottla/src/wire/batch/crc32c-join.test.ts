/** Sums joined without the bytes, against the sum of the bytes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { crc32c } from './crc32c.ts'
import { crc32cJoin } from './crc32c-join.ts'

const sumOf = (bytes: Uint8Array): number => crc32c(bytes, 0, bytes.length)

test('the sum of two runs is that of the bytes together, whatever their lengths and in whatever order of calls', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 3000 }), { minLength: 2, maxLength: 6 }), runs => {
      const joined = runs.reduce((sum, run) => crc32cJoin(sum, sumOf(run), run.length), 0)
      assert.equal(joined, sumOf(Buffer.concat(runs)))
    }),
  )
})

test('sums are joined over megabytes, and over nothing', () => {
  const bytes = new Uint8Array(5_000_001).map((_, i) => (i * 31) >>> 3)
  for (const at of [0, 1, 4_095, 4_096, 1 << 20, (1 << 22) - 1, bytes.length]) {
    const [first, second] = [bytes.subarray(0, at), bytes.subarray(at)]
    assert.equal(crc32cJoin(sumOf(first), sumOf(second), second.length), sumOf(bytes), `at ${at}`)
  }
})

test('the sum behind four gigabytes of zeros is that of crc32c, as far as one can count', () => {
  // x^(8n) by steps of one byte is what the squares say.
  let byBytes = 0x12345678
  for (let i = 0; i < 1000; i++) byBytes = crc32cJoin(byBytes, 0, 1)
  assert.equal(crc32cJoin(0x12345678, 0, 1000), byBytes)
  const half = crc32cJoin(0x12345678, 0, 0x7fffffff)
  assert.equal(crc32cJoin(0x12345678, 0, 0xffffffff), crc32cJoin(crc32cJoin(half, 0, 0x7fffffff), 0, 1))
  for (const bytes of [-1, 0.5, 2 ** 32]) assert.throws(() => crc32cJoin(1, 2, bytes))
})
