import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { EncodeError, Reader, Writer } from './cursor.ts'
import { anyText } from './text.testing.ts'

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const bare = (write: (w: Writer) => void): Uint8Array => {
  const w = new Writer().beginBare()
  write(w)
  return w.finishBytes()
}

function refuses(write: (w: Writer) => void, message: RegExp): void {
  assert.throws(
    () => bare(write),
    (error: unknown) => error instanceof EncodeError && message.test(error.message),
  )
}

test('a frame begins with its size, which does not count itself', () => {
  const w = new Writer().begin()
  w.int32(7)
  assert.deepEqual(w.finish().map(hexOf), ['0000000400000007'])
  assert.deepEqual(new Writer().begin().finish().map(hexOf), ['00000000'])
})

test('records are referenced, in order, and counted in the frame size', () => {
  const first = new Uint8Array(2000).fill(1)
  const second = new Uint8Array(3000).fill(2)
  const w = new Writer().begin()
  w.int8(5)
  w.records(false, [first, second], 'records')
  w.int8(6)
  const [head, one, two, tail, ...rest] = w.finish()
  assert.equal(hexOf(head!), '0000138e' + '05' + '00001388')
  assert.equal(one, first)
  assert.equal(two, second)
  assert.equal(hexOf(tail!), '06')
  assert.deepEqual(rest, [])
})

test('small records are copied instead of making another piece', () => {
  const small = Uint8Array.of(1, 2, 3)
  const w = new Writer().beginBare()
  w.records(true, small, 'records')
  const pieces = w.finish()
  small.fill(9)
  assert.deepEqual(pieces.map(hexOf), ['04010203'])
})

test('what was handed out is never written again', () => {
  const w = new Writer()
  const seen: { bytes: Uint8Array; hex: string }[] = []
  for (let i = 0; i < 500; i++) {
    w.begin()
    w.int32(i)
    w.string(true, 'x'.repeat(i % 100), 'name')
    for (const bytes of w.finish()) seen.push({ bytes, hex: hexOf(bytes) })
  }
  for (const { bytes, hex } of seen) assert.equal(hexOf(bytes), hex)
})

test('a message that was not finished leaves nothing behind', () => {
  const w = new Writer().begin()
  w.records(false, new Uint8Array(5000), 'records')
  w.int32(1)
  w.begin()
  w.int8(2)
  assert.deepEqual(w.finish().map(hexOf), ['0000000102'])
})

test('messages larger than a chunk grow in one piece, before and after records', () => {
  const w = new Writer().begin()
  for (let i = 0; i < 10_000; i++) w.int32(i)
  w.records(false, new Uint8Array(700).fill(3), 'records')
  for (let i = 0; i < 10_000; i++) w.int32(i)
  const whole = Buffer.concat(w.finish())
  const r = new Reader(whole)
  assert.equal(r.int32(), whole.length - 4)
  for (let i = 0; i < 10_000; i++) assert.equal(r.int32(), i)
  assert.equal(r.bytes(false, 'records').length, 700)
  for (let i = 0; i < 10_000; i++) assert.equal(r.int32(), i)
  assert.equal(r.remaining, 0)
})

test('the size of a tagged field takes the bytes it needs', () => {
  for (const size of [0, 127, 128, 16_383, 16_384, 40_000]) {
    const bytes = bare(w => {
      w.int8(1)
      w.uvarint(1)
      const mark = w.beginTag(3)
      for (let i = 0; i < size; i++) w.int8(i & 0x7f)
      w.endTag(mark)
      w.int8(2)
    })
    const r = new Reader(bytes)
    assert.equal(r.int8(), 1)
    const [field] = r.unknownTags() ?? []
    assert.equal(field?.tag, 3)
    assert.deepEqual(
      field?.bytes,
      Uint8Array.from({ length: size }, (_, i) => i & 0x7f),
    )
    assert.equal(r.int8(), 2)
    assert.equal(r.remaining, 0)
  }
})

test('numbers that do not fit are refused, whatever they are', () => {
  refuses(w => w.int8(128), /128 is no int8/)
  refuses(w => w.int16(-32_769), /no int16/)
  refuses(w => w.uint16(65_536), /no uint16/)
  refuses(w => w.int32(2 ** 31), /no int32/)
  refuses(w => w.int32(1.5), /no int32/)
  refuses(w => w.int32(Number.NaN), /NaN is no int32/)
  refuses(w => w.uint32(-1), /no uint32/)
  refuses(w => w.int53(2 ** 53), /no safe integer/)
  refuses(w => w.int64(2n ** 63n), /no int64/)
  refuses(w => w.uvarint(2 ** 32), /no unsigned varint/)
  refuses(w => w.uuid('not an id'), /no uuid/)
  refuses(w => w.uuid('AAAAAAAAAAAAAAAAAAAAAB'), /no uuid/)
})

test('nulls and strings that no version can carry are refused', () => {
  refuses(w => w.string(false, null, 'name'), /name must not be null/)
  refuses(w => w.bytes(true, null, 'data'), /data must not be null/)
  refuses(w => w.records(true, null, 'records'), /records must not be null/)
  refuses(w => w.nullArray(true, false, 'topics'), /topics must not be null/)
  refuses(w => w.string(false, 'half \ud800', 'name'), /half of a surrogate pair/)
  refuses(w => w.string(false, 'a'.repeat(32_768), 'name'), /32768 bytes/)
  refuses(w => w.string(true, 'é'.repeat(16_384), 'name'), /32768 bytes/)
})

test('strings of any length and script read back, in both forms', () => {
  const strings = fc.oneof(anyText(200), fc.string({ maxLength: 40 }))
  fc.assert(
    fc.property(strings, fc.boolean(), (value, flexible) => {
      const r = new Reader(bare(w => w.string(flexible, value, 'name')))
      assert.equal(r.string(flexible, 'name'), value)
      assert.equal(r.remaining, 0)
    }),
  )
  const long = 'a'.repeat(32_767)
  assert.equal(new Reader(bare(w => w.string(true, long, 'name'))).string(true, 'name'), long)
})

test('unknown tagged fields go between known ones, in order', () => {
  const kept = [
    { tag: 1, bytes: Uint8Array.of(0xaa) },
    { tag: 9, bytes: Uint8Array.of(0xbb) },
  ]
  const bytes = bare(w => {
    w.uvarint(3)
    const next = w.unknownTagsFrom(kept, 0, 5)
    w.endTag(w.beginTag(5))
    w.unknownTagsFrom(kept, next, Number.POSITIVE_INFINITY)
  })
  assert.equal(hexOf(bytes), '03' + '0101aa' + '0500' + '0901bb')
})
