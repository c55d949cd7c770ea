/** The map of newest offsets and the hash under it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KeyHash } from './key-hash.ts'
import { OffsetMap, SLOT_BYTES } from './offset-map.ts'

const secret = Uint8Array.from({ length: 16 }, (_, i) => i % 8)

function place(key: string) {
  const bytes = new TextEncoder().encode(`..${key}`)
  return { bytes, keyStart: 2, keyLength: bytes.length - 2 }
}

test('each half of the hash is HalfSipHash-2-4 with 64 bits, as its authors publish it', () => {
  const message = Uint8Array.from({ length: 63 }, (_, i) => i)
  const published: readonly [bytes: number, hash: string][] = [
    [0, '218d1f59b9b83cc8'],
    [1, 'be552412f8387315'],
    [3, 'ce0f1a45f7060679'],
    [4, 'd5e78a175be52ea1'],
    [8, 'edfee820bce4858c'],
    [15, '217d0bcb4e81c902'],
    [63, '2ea63c71bf326087'],
  ]
  for (const [length, expected] of published) {
    const words = new KeyHash(secret).of(message, 0, length)
    const bytes = Buffer.from(words.buffer)
    assert.equal(bytes.toString('hex', 0, 8), expected, `${length} bytes`)
    assert.deepEqual(bytes.subarray(8), bytes.subarray(0, 8), 'the same secret, the same half')
  }
})

test('another secret, another hash', () => {
  const other = Uint8Array.from(secret, byte => byte ^ 1)
  const [a, b] = [new KeyHash(secret), new KeyHash(other)].map(hash => [...hash.of(new Uint8Array(3), 0, 3)])
  assert.notDeepEqual(a, b)
})

test('a full map takes known keys only, and finds all that it has', () => {
  const map = new OffsetMap({ bytes: 101 * SLOT_BYTES, loadFactor: 0.9, secret })
  assert.equal(map.capacity, 90)
  for (let i = 0; i < 90; i++) assert.equal(map.put(place(`k${i}`), i), true)
  assert.equal(map.put(place('one more'), 90), false)
  assert.equal(map.get(place('one more')), -1)
  // Beyond 2^32 too.
  for (let i = 0; i < 90; i++) assert.equal(map.put(place(`k${i}`), 2 ** 40 + i), true)
  for (let i = 0; i < 90; i++) assert.equal(map.get(place(`k${i}`)), 2 ** 40 + i)
  assert.equal(map.size, 90)
})

test('offset 0 and the empty key are like any other', () => {
  const map = new OffsetMap({ bytes: OffsetMap.bytesFor(2, 0.9), loadFactor: 0.9, secret })
  assert.equal(map.get(place('')), -1)
  map.put(place(''), 0)
  assert.equal(map.get(place('')), 0)
  assert.ok(map.capacity >= 2)
})

test('the smallest map takes a key', () => {
  const map = new OffsetMap({ bytes: 2 * SLOT_BYTES, loadFactor: 0.1, secret })
  assert.equal(map.put(place('a'), 5), true)
  assert.equal(map.put(place('b'), 6), false)
  assert.equal(map.get(place('a')), 5)
})
