import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Crc32c, chooseCrc32c, crc32c, crc32cChoice, NATIVE_FROM_BYTES, portableCrc32c } from './crc32c.ts'
import { sharedMemory } from './testing.ts'

const missing = () => {
  throw new Error('Cannot find native binding')
}
const forms: [string, Crc32c][] = [
  ['chosen', crc32c],
  ['portable', portableCrc32c],
]

// RFC 3720 appendix B.4; the RFC prints the sums byte by byte, lowest first.
const vectors: [string, Uint8Array, number][] = [
  ['32 zeros', new Uint8Array(32), 0x8a9136aa],
  ['32 ones', new Uint8Array(32).fill(0xff), 0x62a8ab43],
  ['0 to 31', Uint8Array.from({ length: 32 }, (_, index) => index), 0x46dd794e],
  ['31 to 0', Uint8Array.from({ length: 32 }, (_, index) => 31 - index), 0x113fdb5c],
  [
    'an iSCSI read command',
    Buffer.from(
      '01c00000000000000000000000000000140000000000040000000014000000182800000000000000020000000000000000',
      'hex',
    ).subarray(0, 48),
    0xd9963a56,
  ],
  ['the check value', Buffer.from('123456789'), 0xe3069283],
  ['nothing', new Uint8Array(0), 0],
]

for (const [form, sum] of forms) {
  test(`${form}: the vectors of RFC 3720`, () => {
    for (const [name, bytes, expected] of vectors) assert.equal(sum(bytes, 0, bytes.length), expected, name)
  })

  test(`${form}: a range that is not there is a bug`, () => {
    for (const length of [10, 1000]) {
      const bytes = new Uint8Array(length)
      for (const [start, end] of [
        [-1, 5],
        [5, 4],
        [0, length + 1],
      ] as const) {
        assert.throws(() => sum(bytes, start, end), { name: 'Bug' })
      }
    }
  })
}

test('the native form is in use here, and agrees with the portable one at every size, place and kind of memory', () => {
  assert.equal(crc32cChoice.kind, 'native')
  const shared = sharedMemory(1)
  const plain = Buffer.alloc(70_000)
  for (let at = 0; at < shared.length; at++) plain[at] = shared[at] = (at * 31 + (at >>> 7)) & 0xff
  const sizes = [0, 1, 7, 8, NATIVE_FROM_BYTES - 1, NATIVE_FROM_BYTES, NATIVE_FROM_BYTES + 1, 1000, 16_384, 60_000]
  for (const size of sizes) {
    for (const start of [0, 1, 61, 4096]) {
      const expected = portableCrc32c(plain, start, start + size)
      assert.equal(crc32c(plain, start, start + size), expected)
      assert.equal(crc32c(shared, start, start + size), expected)
      assert.equal(crc32c(plain.subarray(start, start + size), 0, size), expected)
    }
  }
})

test('the sum of pieces is the sum of the whole', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 1500 }), fc.nat(1500), (bytes, cut) => {
      const middle = Math.min(cut, bytes.length)
      const whole = portableCrc32c(bytes, 0, bytes.length)
      for (const [, sum] of forms) {
        assert.equal(sum(bytes, middle, bytes.length, sum(bytes, 0, middle)), whole)
      }
    }),
  )
})

test('without the package the portable form is chosen and the reason kept', () => {
  const choice = chooseCrc32c(missing)
  assert.equal(choice.kind, 'portable')
  assert.equal(choice.use, portableCrc32c)
  assert.match(String(choice.because), /native binding/)
})
