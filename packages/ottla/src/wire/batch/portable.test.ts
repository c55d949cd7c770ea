/**
 * The parts of the portable decoders on their own, each guard by itself: in a whole frame another guard often catches the
 * same damage a moment later.
 */
import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { test } from 'node:test'
import { inflateLz4Block, lz4BlockSize, repeat } from './lz4-block.ts'
import { inflateLz4Frame } from './lz4-frame.ts'
import { inflateSnappyBlock, snappyBlockSize } from './snappy-block.ts'
import { xxh32 } from './xxh32.ts'
import { readZstdFrame } from './zstd-frame.ts'

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'))
const corrupt = { name: 'CompressionError', kind: 'corrupt' }

test('xxh32: values of the reference implementation', () => {
  const text = Buffer.from('Nobody inspects the spammish repetition')
  assert.equal(xxh32(Buffer.alloc(0), 0, 0), 0x02cc5d05)
  assert.equal(xxh32(Buffer.from('abc'), 0, 3), 0x32d153ff)
  assert.equal(xxh32(text, 0, text.length), 0xe2293b2f)
  assert.equal(xxh32(Buffer.concat([Buffer.alloc(5), text]), 5, 5 + text.length), 0xe2293b2f)
})

test('repeat copies as if byte by byte, at every distance', () => {
  for (let distance = 1; distance < 12; distance++) {
    for (let count = 0; count < 30; count++) {
      const into = new Uint8Array(50).map((_, index) => (index < 12 ? index + 1 : 0))
      const expected = into.slice()
      for (let at = 12; at < 12 + count; at++) expected[at] = expected[at - distance]!
      assert.equal(repeat(into, 12, distance, count), 12 + count)
      assert.deepEqual(into, expected)
    }
  }
})

test('lz4 block: what is right is inflated and measured alike', () => {
  const long = `f0 ${'05'} ${'61'.repeat(20)}`
  const cases: [string, string][] = [
    ['00', ''],
    ['20 6869', 'hi'],
    ['10 61 0100 50 62 62 62 62 62', 'aaaaabbbbb'],
    ['1f 61 0100 01 50 6262626262', `${'a'.repeat(21)}bbbbb`],
    [long, 'a'.repeat(20)],
  ]
  for (const [block, text] of cases) {
    const bytes = hex(`ee ${block} ee`)
    const into = new Uint8Array(text.length)
    const range = { start: 1, end: bytes.length - 1 }
    assert.equal(inflateLz4Block(bytes, range, into, 0, 0), text.length, block)
    assert.equal(Buffer.from(into).toString(), text)
    assert.equal(lz4BlockSize(bytes, 1, bytes.length - 1, 1000), text.length)
  }
})

test('lz4 block: each guard', () => {
  const inflate = (block: string, size: number, history = 0) => {
    const bytes = hex(block)
    inflateLz4Block(bytes, { start: 0, end: bytes.length }, new Uint8Array(size), history, history)
  }
  assert.throws(() => inflate('20 68', 9), corrupt, 'literals past the block')
  assert.throws(() => inflate('20 6869', 1), corrupt, 'literals past the room')
  assert.throws(() => inflate('10 61 01', 9), corrupt, 'half a distance')
  assert.throws(() => inflate('10 61 0000 10 62', 9), corrupt, 'distance 0')
  assert.throws(() => inflate('10 61 0200 10 62', 9), corrupt, 'distance before the start')
  assert.throws(() => inflate('10 61 0200 10 62', 9, 3), corrupt, 'distance into another block')
  assert.throws(() => inflate('10 61 0100 10 62', 4), corrupt, 'match past the room')
  assert.throws(() => inflate('10 61 0100', 9), corrupt, 'ends with a match')
  assert.throws(() => inflate('', 9), corrupt, 'no sequence')
  for (const block of ['20 68', '10 61 0100', '']) {
    assert.throws(() => lz4BlockSize(hex(block), 0, hex(block).length, 1000), corrupt)
  }
})

test('lz4 block: measuring stops once it passes the limit', () => {
  const bomb = hex(`1f 41 0100 ${'ff'.repeat(4000)} 00 50 6162636465`)
  assert.equal(lz4BlockSize(bomb, 0, bomb.length, 10 ** 9), 1 + 19 + 255 * 4000 + 5)
  const twice = hex(`1f 41 0100 ff00 ${'1f 41 0100 ff00'.repeat(5000)} 50 6162636465`)
  assert.ok(lz4BlockSize(twice, 0, twice.length, 1000) < 2000)
})

test('lz4 frame: reserved bits, another version, a block larger than its frame allows', () => {
  const frame = (flags: string, blocks: string) => {
    const descriptor = hex(flags)
    const sum = (xxh32(descriptor, 0, descriptor.length) >>> 8) & 0xff
    return Buffer.concat([hex('04224d18'), descriptor, Uint8Array.of(sum), hex(blocks)])
  }
  const block = '02000080 6869 00000000'
  assert.equal(Buffer.from(inflateLz4Frame(frame('6040', block), 9)).toString(), 'hi')
  for (const flags of ['2040', 'a040', 'e040']) {
    assert.throws(() => inflateLz4Frame(frame(flags, block), 9), { kind: 'unsupported' })
  }
  for (const flags of ['6240', '60c0', '6041', '6030', '6000']) {
    assert.throws(() => inflateLz4Frame(frame(flags, block), 9), corrupt, flags)
  }
  const stored = `01000180${'00'.repeat(65_537)}00000000`
  assert.throws(() => inflateLz4Frame(frame('6040', stored), 1 << 20), corrupt)
  // 70 KB from one small block, in a frame of 64 KB blocks.
  const large = `1f 41 0100 ${'ff'.repeat(275)} 00 50 6162636465`
  const length = Buffer.alloc(4)
  length.writeUInt32LE(hex(large).length)
  assert.throws(() => inflateLz4Frame(frame('6040', `${length.toString('hex')}${large}00000000`), 1 << 20), corrupt)
})

test('snappy block: what is right is inflated', () => {
  const cases: [string, string][] = [
    ['00', ''],
    ['02 04 6869', 'hi'],
    ['06 00 61 05 01', 'aaaaaa'],
    ['05 00 61 0e 0100', 'aaaaa'],
    ['05 00 61 0f 01000000', 'aaaaa'],
    [`3d f0 3c ${'62'.repeat(61)}`, 'b'.repeat(61)],
    [`3d f4 3c00 ${'62'.repeat(61)}`, 'b'.repeat(61)],
  ]
  for (const [block, text] of cases) {
    const into = new Uint8Array(text.length + 2)
    assert.equal(inflateSnappyBlock(hex(block), into, 1), text.length, block)
    assert.equal(Buffer.from(into.subarray(1, 1 + text.length)).toString(), text)
    assert.equal(snappyBlockSize(hex(block)), text.length)
  }
})

test('snappy block: each guard', () => {
  const inflate = (block: string, outAt = 0) => inflateSnappyBlock(hex(block), new Uint8Array(100).fill(7), outAt)
  assert.throws(() => inflate(''), corrupt, 'no size')
  assert.throws(() => inflate('80'), corrupt, 'half a size')
  assert.throws(() => inflate('ffffffff7f 00 61'), corrupt, 'size of more than 32 bits')
  assert.throws(() => inflate('808080808001 00 61'), corrupt, 'size of six bytes')
  assert.throws(() => inflate('03 04 6869'), corrupt, 'less than claimed')
  assert.throws(() => inflate('01 04 6869'), corrupt, 'literal past the claim')
  assert.throws(() => inflate('03 08 6869'), corrupt, 'literal past the block')
  assert.throws(() => inflate('05 00 61 05'), corrupt, 'copy without its distance')
  assert.throws(() => inflate('05 00 61 0e 01'), corrupt, 'copy with half its distance')
  assert.throws(() => inflate('05 00 61 0f 010000'), corrupt, 'copy with three quarters of its distance')
  assert.throws(() => inflate('3d f4 3c'), corrupt, 'literal with half its length')
  assert.throws(() => inflate('06 00 61 05 00'), corrupt, 'distance 0')
  assert.throws(() => inflate('06 00 61 05 02'), corrupt, 'distance before the start')
  assert.throws(() => inflate('06 00 61 05 02', 50), corrupt, 'distance into another block')
  assert.throws(() => inflate('04 00 61 05 01'), corrupt, 'copy past the claim')
  assert.throws(() => snappyBlockSize(hex('43 0000')), corrupt, 'claims more than 22 times its length')
})

test('zstd frame: its end, window and size, for every form of its header', () => {
  const block = '110000 6162'
  const cases: [string, number, number | null][] = [
    ['00 58', 2 ** 21, null],
    ['00 5b', 2 ** 21 + (2 ** 21 / 8) * 3, null],
    ['20 02', 2, 2],
    ['60 0000', 256, 256],
    ['40 58 0100', 2 ** 21, 257],
    ['80 58 01000000', 2 ** 21, 1],
    ['a0 00000001', 2 ** 24, 2 ** 24],
    ['e0 0000000001000000', 2 ** 32, 2 ** 32],
    ['01 58 00', 2 ** 21, null],
    ['02 58 0000', 2 ** 21, null],
    ['03 58 00000000', 2 ** 21, null],
  ]
  for (const [header, windowBytes, contentBytes] of cases) {
    const bytes = hex(`ee 28b52ffd ${header} ${block} ee`)
    assert.deepEqual(readZstdFrame(bytes, 1), { end: bytes.length - 1, windowBytes, contentBytes }, header)
  }
  const several = hex('28b52ffd 04 58 100000 6162 0a0000 63 010000 11223344 ee')
  assert.equal(readZstdFrame(several, 0).end, several.length - 1)
})

test('zstd frame: each guard', () => {
  const read = (text: string) => () => readZstdFrame(hex(text), 0)
  assert.throws(read('29b52ffd 00 58 010000'), corrupt, 'magic')
  assert.throws(read('28b52ffd 08 58 010000'), corrupt, 'reserved bit')
  assert.throws(read('28b52ffd 00 58 070000'), corrupt, 'reserved block type')
  assert.throws(read('28b52ffd 00 58 110000 61'), corrupt, 'block past the end')
  assert.throws(read('28b52ffd 00 58 000000'), corrupt, 'no last block')
  assert.throws(read('28b52ffd 04 58 010000 112233'), corrupt, 'three quarters of a checksum')
  for (const id of ['01 58 01', '02 58 0100', '03 58 00000001']) {
    assert.throws(read(`28b52ffd ${id} 010000`), { name: 'CompressionError', kind: 'unsupported' })
  }
  const whole = hex('28b52ffd 40 58 0100 110000 6162')
  for (let length = 0; length < whole.length; length++) {
    assert.throws(() => readZstdFrame(whole.subarray(0, length), 0), corrupt, `${length} bytes`)
  }
})
