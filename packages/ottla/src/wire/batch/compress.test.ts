/** Every codec in both of its forms: round trips, other writers' output, damage, and the bound on what it inflates. */
import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { test } from 'node:test'
import * as zlib from 'node:zlib'
import fc from 'fast-check'
import { type BatchCodec, codecChoice, compress, decompress } from './compress.ts'
import { CompressionError } from './errors.ts'
import { Codec } from './header.ts'
import { chooseLz4 } from './lz4.ts'
import { loadPackage } from './native.ts'
import { chooseSnappy } from './snappy.ts'
import { concatBytes, sharedMemory } from './testing.ts'
import { xxh32 } from './xxh32.ts'

const LIMIT = 1 << 20
const missing = () => {
  throw new Error('Cannot find native binding')
}
const lz4Package = loadPackage('lz4-napi') as {
  compressFrameSync(bytes: Uint8Array, options: { contentChecksum: boolean; blockChecksums: boolean }): Uint8Array
}
const snappyPackage = loadPackage('snappy') as { compressSync(bytes: Uint8Array): Uint8Array }

const forms: [string, BatchCodec][] = [
  ['gzip', codecChoice(Codec.gzip)!.use],
  ['snappy', codecChoice(Codec.snappy)!.use],
  ['snappy portable', chooseSnappy(missing).use],
  ['lz4', codecChoice(Codec.lz4)!.use],
  ['lz4 portable', chooseLz4(missing).use],
  ['zstd', codecChoice(Codec.zstd)!.use],
]
const pairs: [string, BatchCodec, BatchCodec][] = [
  ['snappy', codecChoice(Codec.snappy)!.use, chooseSnappy(missing).use],
  ['lz4', codecChoice(Codec.lz4)!.use, chooseLz4(missing).use],
]
const text = Buffer.from('a record, then a record much like it, and another record. '.repeat(30))

/** Bytes with runs and repeats of every distance, so that codecs use all they have. */
const repetitive = fc
  .array(fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 300 })), { maxLength: 12 })
  .map(parts => concatBytes(...parts.flatMap(([bytes, times]) => Array.from({ length: times }, () => bytes))))

test('native packages are in use here, and their absence is survived with the reason kept', () => {
  assert.equal(codecChoice(Codec.snappy)!.kind, 'native')
  assert.equal(codecChoice(Codec.lz4)!.kind, 'native')
  for (const choice of [chooseSnappy(missing), chooseLz4(missing)]) {
    assert.equal(choice.kind, 'portable')
    assert.match(String(choice.because), /native binding/)
  }
})

for (const [name, codec] of forms) {
  test(`${name}: what goes in comes out`, () => {
    const input = fc.oneof(fc.uint8Array({ maxLength: 2000 }), repetitive)
    fc.assert(
      fc.property(input, bytes => {
        assert.deepEqual(plain(codec.decompress(codec.compress(bytes), bytes.length)), plain(bytes))
      }),
      { numRuns: 60 },
    )
  })

  test(`${name}: over shared memory`, () => {
    const shared = sharedMemory(1)
    const stored = codec.compress(text)
    shared.set(stored, 128)
    assert.deepEqual(plain(codec.decompress(shared.subarray(128, 128 + stored.length), LIMIT)), plain(text))
    shared.set(text, 0)
    assert.deepEqual(plain(codec.decompress(codec.compress(shared.subarray(0, text.length)), LIMIT)), plain(text))
  })

  test(`${name}: the limit is exact`, () => {
    const stored = codec.compress(text)
    assert.equal(codec.decompress(stored, text.length).length, text.length)
    for (const limit of [text.length - 1, 1, 0]) {
      assert.throws(() => codec.decompress(stored, limit), { name: 'CompressionError', kind: 'limit' })
    }
  })

  test(`${name}: cut at any byte it is corrupt`, () => {
    const stored = codec.compress(text)
    for (let length = 0; length < stored.length; length++) {
      // A stream of snappy may end after any block, and after its header: nothing in it says how many there are.
      if (name.startsWith('snappy') && length === 16) continue
      assert.throws(() => codec.decompress(stored.slice(0, length), LIMIT), {
        name: 'CompressionError',
        kind: 'corrupt',
      })
    }
  })

  test(`G16 ${name}: damaged anywhere, it inflates to no more than the limit or is one of our errors`, () => {
    const stored = codec.compress(text)
    for (let at = 0; at < stored.length; at++) {
      for (const flip of [0x01, 0x80, 0xff]) {
        const damaged = stored.slice()
        damaged[at] = damaged[at]! ^ flip
        try {
          assert.ok(codec.decompress(damaged, 4096).length <= 4096)
        } catch (error) {
          assert.ok(error instanceof CompressionError, `byte ${at}: ${error}`)
        }
      }
    }
  })

  test(`G16 ${name}: garbage is one of our errors`, () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), junk => {
        try {
          assert.ok(codec.decompress(junk, 4096).length <= 4096)
        } catch (error) {
          assert.ok(error instanceof CompressionError, String(error))
        }
      }),
      { numRuns: 500 },
    )
  })

  test(`G15 ${name}: a bomb stops at the limit, before its memory is taken`, () => {
    const bomb = bombs[name.split(' ')[0]!]!()
    const before = process.memoryUsage().rss
    assert.throws(() => codec.decompress(bomb, LIMIT), { name: 'CompressionError', kind: 'limit' })
    assert.ok(process.memoryUsage().rss - before < 64 * LIMIT)
  })
}

for (const [name, native, portable] of pairs) {
  test(`${name}: each form reads what the other wrote`, () => {
    fc.assert(
      fc.property(repetitive, bytes => {
        assert.deepEqual(plain(portable.decompress(native.compress(bytes), bytes.length)), plain(bytes))
        assert.deepEqual(plain(native.decompress(portable.compress(bytes), bytes.length)), plain(bytes))
      }),
      { numRuns: 60 },
    )
  })

  test(`${name}: the two forms agree on what is not readable`, () => {
    const stored = native.compress(text)
    for (let at = 0; at < stored.length; at++) {
      const damaged = stored.slice()
      damaged[at] = damaged[at]! ^ 0x41
      assert.deepEqual(outcome(portable, damaged), outcome(native, damaged), `byte ${at}`)
    }
  })
}

test('nothing is compressed and read back, before and after large inputs grew what a codec works in', () => {
  const large = new Uint8Array(3_000_000).map((_, index) => Math.imul(index, 0x9e3779b1) >>> 13)
  for (const [name, codec] of forms) {
    for (let round = 0; round < 3; round++) {
      const stored = codec.compress(new Uint8Array(0))
      assert.equal(codec.decompress(stored, 0).length, 0, name)
      if (name.startsWith('lz4')) assert.equal(decompress(Codec.lz4, stored, 0).length, 0)
      assert.equal(codec.decompress(codec.compress(large), large.length).length, large.length, name)
    }
  }
})

test('snappy: a bare block, as librdkafka writes it, is read by both forms; we write a stream', () => {
  const bare = snappyPackage.compressSync(text)
  for (const [name, codec] of forms.filter(([name]) => name.startsWith('snappy'))) {
    assert.deepEqual(plain(codec.decompress(bare, LIMIT)), plain(text), name)
    assert.equal(plain(codec.compress(text).subarray(0, 8)), '82534e4150505900')
  }
})

test('snappy: a stream of several blocks', () => {
  const long = Buffer.concat(Array.from({ length: 60 }, () => text))
  for (const [, codec] of forms.filter(([name]) => name.startsWith('snappy'))) {
    const stored = codec.compress(long)
    assert.deepEqual(plain(codec.decompress(stored, long.length)), plain(long))
    assert.throws(() => codec.decompress(stored, long.length - 1), { kind: 'limit' })
  }
})

test('G15 snappy: a block that claims more than its bytes can hold is corrupt, in a stream too', () => {
  const liar = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f, 0)
  const stream = concatBytes(Buffer.from('82534e41505059000000000100000001', 'hex'), Uint8Array.of(0, 0, 0, 6), liar)
  for (const bytes of [liar, stream]) {
    assert.throws(() => decompress(Codec.snappy, bytes, 2 ** 31), { name: 'CompressionError', kind: 'corrupt' })
  }
  const longChunk = concatBytes(stream.subarray(0, 16), Uint8Array.of(0x7f, 0xff, 0xff, 0xff), liar)
  assert.throws(() => decompress(Codec.snappy, longChunk, 2 ** 31), { name: 'CompressionError', kind: 'corrupt' })
})

test('lz4: checksums are read and held to, and what follows a frame is not dropped silently', () => {
  const stored = Buffer.from(lz4Package.compressFrameSync(text, { contentChecksum: true, blockChecksums: true }))
  for (const [name, codec] of forms.filter(([name]) => name.startsWith('lz4'))) {
    assert.deepEqual(plain(codec.decompress(stored, LIMIT)), plain(text), name)
    const changes = [stored.length - 1, stored.length - 9, 6]
    for (const at of changes) {
      const damaged = Buffer.from(stored)
      damaged[at] = damaged[at]! ^ 1
      assert.throws(
        () => codec.decompress(damaged, LIMIT),
        { name: 'CompressionError', kind: 'corrupt' },
        `${name} ${at}`,
      )
    }
    assert.throws(() => codec.decompress(concatBytes(stored, stored), LIMIT), { kind: 'corrupt' })
  }
})

test('G16 lz4: a content size that lies, a dictionary, a skippable frame, the header checksum of old formats', () => {
  for (const [name, codec] of forms.filter(([name]) => name.startsWith('lz4'))) {
    const refuse = (bytes: Uint8Array, kind: string) =>
      assert.throws(() => codec.decompress(bytes, LIMIT), { name: 'CompressionError', kind }, `${name} ${plain(bytes)}`)
    // One stored block "hi": first with the size it has, then with others. Checksums computed by lz4's own tool's rule.
    const block = '0200008068690000' + '0000'
    assert.equal(plain(codec.decompress(frame('6840', '0200000000000000', block), LIMIT)), '6869')
    refuse(frame('6840', '0300000000000000', block), 'corrupt')
    refuse(frame('6840', 'ffffffffffffff7f', block), 'limit')
    refuse(frame('6140', '01000000', block), 'unsupported')
    refuse(Buffer.from('502a4d180100000000', 'hex'), 'unsupported')
    const legacy = frame('6040', '', block)
    legacy[6] = legacy[6]! ^ 0x5a
    refuse(legacy, 'corrupt')
  }
})

test('lz4: blocks that refer to those before them are read', () => {
  // "abcdefgh" stored, then a block that repeats it from eight back, then five literals. FLG 0x40: linked.
  const block = '08000080' + '6162636465666768' + '09000000' + '040800' + '507a7a7a7a7a' + '00000000'
  for (const [, codec] of forms.filter(([name]) => name.startsWith('lz4'))) {
    assert.equal(Buffer.from(codec.decompress(frame('4040', '', block), LIMIT)).toString(), 'abcdefghabcdefghzzzzz')
    // The same bytes with FLG 0x60, independent: the reference leads nowhere.
    if (codec !== codecChoice(Codec.lz4)!.use) {
      assert.throws(() => codec.decompress(frame('6040', '', block), LIMIT), { kind: 'corrupt' })
    }
  }
})

test('lz4: a small batch in a frame of 4 MB blocks fits a small limit', () => {
  const stored = Buffer.from(compress(Codec.lz4, text))
  stored[5] = 0x70
  stored[6] = headerChecksum(stored.subarray(4, 6))
  for (const [, codec] of forms.filter(([name]) => name.startsWith('lz4'))) {
    assert.equal(codec.decompress(stored, text.length).length, text.length)
    assert.throws(() => codec.decompress(stored, text.length - 1), { kind: 'limit' })
  }
})

test('zstd: frames after each other are all read, other bytes after a frame are not dropped silently', () => {
  const stored = zlib.zstdCompressSync(text)
  const twice = decompress(Codec.zstd, concatBytes(stored, stored), LIMIT)
  assert.equal(twice.length, text.length * 2)
  assert.throws(() => decompress(Codec.zstd, concatBytes(stored, stored), text.length * 2 - 1), { kind: 'limit' })
  assert.throws(() => decompress(Codec.zstd, concatBytes(stored, Uint8Array.of(1, 2, 3)), LIMIT), { kind: 'corrupt' })
})

test('G15 many empty frames, members, blocks are refused or done within a second', () => {
  const fill = (unit: Uint8Array, head: Uint8Array = new Uint8Array(0)) => {
    const bytes = new Uint8Array(head.length + unit.length * Math.floor((1 << 20) / unit.length))
    bytes.set(head)
    for (let at = head.length; at < bytes.length; at += unit.length) bytes.set(unit, at)
    return bytes
  }
  const snappyHeader = compress(Codec.snappy, new Uint8Array(0))
  const floods: [string, number, Uint8Array][] = [
    ['gzip', Codec.gzip, fill(zlib.gzipSync(new Uint8Array(0)))],
    ['snappy', Codec.snappy, fill(Uint8Array.of(0, 0, 0, 1, 0), snappyHeader)],
    ['lz4', Codec.lz4, concatBytes(frame('6040', '', ''), fill(Uint8Array.of(1, 0, 0, 0, 0)), new Uint8Array(4))],
    ['zstd', Codec.zstd, fill(zlib.zstdCompressSync(new Uint8Array(0)))],
  ]
  for (const [name, codec, bytes] of floods) {
    const started = performance.now()
    if (name === 'zstd') assert.throws(() => decompress(codec, bytes, LIMIT), { kind: 'unsupported' })
    else assert.equal(decompress(codec, bytes, LIMIT).length, 0, name)
    const tookMs = performance.now() - started
    assert.ok(tookMs < 1000, `${name}: ${tookMs} ms`)
  }
})

test('zstd: a frame without content size, as streams write it, with a checksum', () => {
  const params = { [zlib.constants.ZSTD_c_contentSizeFlag]: 0, [zlib.constants.ZSTD_c_checksumFlag]: 1 }
  const stored = zlib.zstdCompressSync(text, { params })
  assert.equal(decompress(Codec.zstd, stored, text.length).length, text.length)
  const damaged = Buffer.from(stored)
  damaged[damaged.length - 1] = damaged[damaged.length - 1]! ^ 1
  assert.throws(() => decompress(Codec.zstd, damaged, LIMIT), { kind: 'corrupt' })
})

test('G16 zstd: a window of 2 GB, a dictionary, a skippable frame', () => {
  const block = '010000'
  const inflate = (hex: string) => () => decompress(Codec.zstd, Buffer.from(hex, 'hex'), LIMIT)
  assert.equal(inflate(`28b52ffd00${'58'}${block}`)().length, 0)
  assert.throws(inflate(`28b52ffd00${'a8'}${block}`), { name: 'CompressionError', kind: 'limit' })
  assert.throws(inflate(`28b52ffd01${'58'}07${block}`), { name: 'CompressionError', kind: 'unsupported' })
  assert.throws(inflate('502a4d180100000000'), { name: 'CompressionError', kind: 'unsupported' })
  assert.throws(inflate(`28b52ffde0ffffffffffffff7f${block}`), { name: 'CompressionError', kind: 'limit' })
})

test('codec 0 is the bytes themselves, 5 and up do not exist', () => {
  assert.equal(compress(0, text), text)
  assert.equal(decompress(0, text, 0), text)
  for (const id of [5, 6, 7]) {
    assert.throws(() => decompress(id, text, LIMIT), { name: 'CompressionError', kind: 'unsupported' })
    assert.throws(() => compress(id, text), { name: 'CompressionError', kind: 'unsupported' })
  }
})

test('levels reach gzip and zstd', () => {
  const noise = Buffer.concat(
    Array.from({ length: 400 }, (_, index) => Buffer.from(`${index * 7919} `.repeat(index % 9))),
  )
  assert.ok(compress(Codec.gzip, noise, 9).length < compress(Codec.gzip, noise, 1).length)
  assert.ok(compress(Codec.zstd, noise, 19).length < compress(Codec.zstd, noise, 1).length)
})

/** Small inputs that inflate to hundreds of megabytes. */
const bombs: Record<string, () => Uint8Array> = {
  gzip: () => zlib.gzipSync(new Uint8Array(200 * LIMIT), { level: 1 }),
  zstd: () =>
    zlib.zstdCompressSync(new Uint8Array(200 * LIMIT), { params: { [zlib.constants.ZSTD_c_contentSizeFlag]: 0 } }),
  snappy() {
    // One literal byte, then copies of 64 from one back, in one honest block of some 20 MB.
    const copies = 320_000
    const block = new Uint8Array(4 + 2 + copies * 3)
    block.set([...varint(1 + copies * 64), 0x00, 0x41])
    for (let at = 6; at < block.length; at += 3) block.set([0xfe, 1, 0], at)
    return block
  },
  lz4() {
    // Blocks of one literal and a match of 4 MB less a little, length bytes all 255.
    const block = new Uint8Array(16_000).fill(0xff)
    block.set([0x1f, 0x41, 1, 0])
    block.set([0, 0x50, 1, 2, 3, 4, 5], block.length - 7)
    const length = Buffer.alloc(4)
    length.writeUInt32LE(block.length)
    const blocks = Array.from({ length: 60 }, () => concatBytes(length, block))
    return concatBytes(frame('6070', '', ''), ...blocks, new Uint8Array(4))
  },
}

/** An LZ4 frame from its descriptor bytes and what follows the header, with a right header checksum. */
function frame(flags: string, rest: string, blocks: string): Buffer {
  const descriptor = Buffer.from(flags + rest, 'hex')
  const checksum = Uint8Array.of(headerChecksum(descriptor))
  return Buffer.concat([Buffer.from('04224d18', 'hex'), descriptor, checksum, Buffer.from(blocks, 'hex')])
}

function headerChecksum(descriptor: Uint8Array): number {
  return (xxh32(descriptor, 0, descriptor.length) >>> 8) & 0xff
}

function varint(value: number): number[] {
  const bytes: number[] = []
  for (; value > 0x7f; value >>>= 7) bytes.push((value & 0x7f) | 0x80)
  return [...bytes, value]
}

function outcome(codec: BatchCodec, bytes: Uint8Array): string {
  try {
    return plain(codec.decompress(bytes, LIMIT))
  } catch (error) {
    assert.ok(error instanceof CompressionError, String(error))
    return error.kind
  }
}

function plain(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')
}
