import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { DecodeError, Reader, responseLimits } from './cursor.ts'

const reader = (hex: string): Reader => new Reader(Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex')))
const text = (value: string): string => Buffer.from(value).toString('hex')

function refuses(read: () => unknown, message: RegExp): void {
  assert.throws(read, (error: unknown) => error instanceof DecodeError && message.test(error.message))
}

test('fixed-width numbers are big-endian and signed', () => {
  const r = reader('80 8000 ffff 80000000 ffffffff 8000000000000001 fffffffffffffffe 3ff8000000000000 02')
  assert.equal(r.int8(), -128)
  assert.equal(r.int16(), -32768)
  assert.equal(r.uint16(), 65535)
  assert.equal(r.int32(), -2_147_483_648)
  assert.equal(r.uint32(), 4_294_967_295)
  assert.equal(r.int64(), -9_223_372_036_854_775_807n)
  assert.equal(r.int53(), -2)
  assert.equal(r.float64(), 1.5)
  assert.equal(r.bool(), true)
  assert.equal(r.remaining, 0)
})

test('G17: 64-bit numbers beyond 2^53 saturate where numbers are wanted, and are exact as bigint', () => {
  assert.equal(reader('001fffffffffffff').int53(), Number.MAX_SAFE_INTEGER)
  assert.equal(reader('0020000000000000').int53(), Number.MAX_SAFE_INTEGER)
  assert.equal(reader('7fffffffffffffff').int53(), Number.MAX_SAFE_INTEGER)
  assert.equal(reader('ffe0000000000001').int53(), Number.MIN_SAFE_INTEGER)
  assert.equal(reader('8000000000000000').int53(), Number.MIN_SAFE_INTEGER)
  assert.equal(reader('0020000000000001').int64(), 9_007_199_254_740_993n)
})

test('int53 agrees with the exact value wherever that is safe', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), value => {
      const bytes = new Uint8Array(8)
      new DataView(bytes.buffer).setBigInt64(0, value)
      const most = BigInt(Number.MAX_SAFE_INTEGER)
      const clamped = value > most ? most : value < -most ? -most : value
      assert.equal(new Reader(bytes).int53(), Number(clamped))
      assert.equal(new Reader(bytes).int64(), value)
    }),
  )
})

test('G5: a varint has at most five bytes and 32 bits, a varlong ten and 64', () => {
  refuses(() => reader('ffffffff1f').uvarint(), /more than 32 bits/)
  refuses(() => reader('808080808000').uvarint(), /more than 32 bits/)
  refuses(() => reader('ffffffffffffffffff02').varlong(), /more than 64 bits/)
  refuses(() => reader('8080808080808080808000').varlong(), /more than 64 bits/)
  refuses(() => reader('8080').uvarint(), /1 bytes wanted, 0 left/)
  assert.equal(reader('8000').uvarint(), 0, 'longer than needed is legal, as in Kafka')
  assert.equal(reader('feffffffffffffffff01').varlong(), Number.MAX_SAFE_INTEGER, 'the largest saturates')
  assert.equal(reader('ffffffffffffffffff01').varlong(), Number.MIN_SAFE_INTEGER, 'the smallest saturates')
})

test('G6: an array cannot have more elements than bytes left, nor -2, nor more than a million', () => {
  refuses(() => reader('7fffffff').arrayLength(false, 1, 'topics'), /2147483647 elements are too many/)
  refuses(() => reader('00000002 00').arrayLength(false, 1, 'topics'), /do not fit in the bytes left/)
  refuses(() => reader('00000002 000000').arrayLength(false, 2, 'topics'), /do not fit/)
  refuses(() => reader('fffffffe').arrayLength(false, 1, 'topics'), /cannot have -2 elements/)
  refuses(() => reader('ffffffff0f').arrayLength(true, 1, 'topics'), /too many/)
  const million = new Uint8Array(1_000_005)
  new DataView(million.buffer).setInt32(0, 1_000_001)
  refuses(() => new Reader(million, responseLimits).arrayLength(false, 1, 'topics'), /too many/)
})

test('G8: all arrays of a message together have a limit, and a new message starts afresh', () => {
  const bytes = new Uint8Array(700_004)
  new DataView(bytes.buffer).setInt32(0, 600_000)
  const r = new Reader(bytes)
  assert.equal(r.arrayLength(false, 1, 'topics'), 600_000)
  r.at = 0
  refuses(() => r.arrayLength(false, 1, 'topics'), /600000 elements are too many/)
  assert.equal(r.reset(bytes).arrayLength(false, 1, 'topics'), 600_000)
})

test('G7: tagged fields: count, order, size and what follows are checked', () => {
  refuses(() => reader('ffffffff0f').unknownTags(), /4294967295 tagged fields are too many/)
  refuses(() => reader('02 00').unknownTags(), /do not fit/)
  refuses(() => reader('02 0500 0500').unknownTags(), /tag 5 after tag 5/)
  refuses(() => reader('02 0500 0400').unknownTags(), /tag 4 after tag 5/)
  refuses(() => reader('01 0005 00').unknownTags(), /a tagged field of 5 bytes, 1 left/)
  refuses(() => reader('01 00ffffffff0f').unknownTags(), /4294967295 bytes/)
  const many = new Uint8Array(30_003)
  many.set([0x91, 0x4e]) // 10,001
  refuses(() => new Reader(many).unknownTags(), /10001 tagged fields are too many/)
})

test('G7: the limit of tagged fields is over all structs of a message', () => {
  const bytes = new Uint8Array(20_002)
  bytes.set([0xf0, 0x2e]) // 6,000
  const r = new Reader(bytes)
  assert.equal(r.tagCount(), 6000)
  r.at = 0
  refuses(() => r.tagCount(), /6000 tagged fields are too many/)
})

test('a tagged field is a range of its own: reads neither pass its end nor may leave a rest', () => {
  const short = reader('02 aabb cc')
  const outer = short.enterTag()
  refuses(() => short.int32(), /4 bytes wanted, 2 left/)
  short.int8()
  refuses(() => short.leaveTag(outer), /1 bytes too many in a tagged field/)
})

test('unknown tagged fields are kept as they came', () => {
  const kept = reader('02 6402abcd 6500').unknownTags()
  assert.deepEqual(kept, [
    { tag: 100, bytes: Uint8Array.of(0xab, 0xcd) },
    { tag: 101, bytes: new Uint8Array(0) },
  ])
  assert.equal(reader('00').unknownTags(), undefined)
})

test('G10: null only where null is legal; lengths 0 and -1 are told apart in both forms', () => {
  refuses(() => reader('ffff').string(false, 'name'), /name: must not be null/)
  refuses(() => reader('00').string(true, 'name'), /must not be null/)
  refuses(() => reader('ffffffff').bytes(false, 'data'), /must not be null/)
  refuses(() => reader('00').bytes(true, 'data'), /must not be null/)
  refuses(() => reader('00').arrayLength(true, 1, 'list'), /must not be null/)
  assert.equal(reader('ffff').nullableString(false, 'name'), null)
  assert.equal(reader('00').nullableString(true, 'name'), null)
  assert.equal(reader('0000').nullableString(false, 'name'), '')
  assert.equal(reader('01').nullableString(true, 'name'), '')
  assert.equal(reader('00').nullableBytes(true, 'data'), null)
  assert.deepEqual(reader('01').nullableBytes(true, 'data'), new Uint8Array(0))
  assert.equal(reader('ffffffff').nullableArrayLength(false, 1, 'list'), -1)
  assert.equal(reader('01').nullableArrayLength(true, 1, 'list'), 0)
})

test('G6: lengths below -1 are refused, not taken for null', () => {
  refuses(() => reader('fffe').nullableString(false, 'name'), /cannot have -2 bytes/)
  refuses(() => reader('80000000').nullableBytes(false, 'data'), /cannot have -2147483648 bytes/)
})

test('a string or bytes longer than what is left is refused', () => {
  refuses(() => reader('0005 6161').string(false, 'name'), /5 bytes wanted, 2 left/)
  refuses(() => reader('06 6161').string(true, 'name'), /5 bytes wanted, 2 left/)
  refuses(() => reader('7fffffff 00').bytes(false, 'data'), /2147483647 bytes wanted, 1 left/)
  refuses(() => reader('818002').string(true, 'name'), /cannot have 32768 bytes/)
})

test('G11: strings are strict UTF-8; nothing is replaced', () => {
  for (const bad of ['c0af', 'eda080', 'f5808080', 'ff', 'c3', '80', 'e282']) {
    const length = (bad.length / 2).toString(16).padStart(4, '0')
    refuses(() => reader(`${length}${bad}`).string(false, 'name'), /not UTF-8/)
  }
  for (const good of [
    'größe',
    'e\u0301',
    '日本語',
    '😀 emoji',
    '\u0000nul',
    '\ufeffbom',
    'a'.repeat(300),
    `${'a'.repeat(40)}é`,
  ]) {
    const length = Buffer.byteLength(good).toString(16).padStart(4, '0')
    assert.equal(reader(`${length}${text(good)}`).string(false, 'name'), good)
  }
})

test('bytes are views, not copies', () => {
  const bytes = Uint8Array.of(3, 1, 2, 9)
  const view = new Reader(bytes).bytes(true, 'data')
  bytes[1] = 7
  assert.deepEqual(view, Uint8Array.of(7, 2))
})

test('a reader keeps to its range of a larger buffer', () => {
  const r = new Reader().reset(Uint8Array.of(9, 0, 0, 0, 1, 9, 9), 1, 5)
  assert.equal(r.int32(), 1)
  refuses(() => r.int8(), /byte 4 of 4/)
  assert.throws(() => r.reset(new Uint8Array(4), 0, 5), RangeError)
})

test('errors name message, field and place', () => {
  const r = reader('0005 61')
  r.message = 'MetadataRequest'
  assert.throws(() => r.string(false, 'name'), {
    name: 'DecodeError',
    message: 'MetadataRequest.name: a string of 5 bytes wanted, 1 left (byte 2 of 3)',
    at: 2,
  })
})
