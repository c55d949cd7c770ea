import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Reader } from './cursor.ts'
import { putUvarint, putVarint, putVarlong, sizeOfUvarint, sizeOfVarint, sizeOfVarlong } from './varint.ts'

type Put = (bytes: Uint8Array, at: number, value: number) => number

function written(put: Put, value: number): Uint8Array {
  const bytes = new Uint8Array(12)
  return bytes.slice(0, put(bytes, 0, value))
}

const hex = (put: Put, value: number): string => Buffer.from(written(put, value)).toString('hex')

test('unsigned varints at the edges of each size', () => {
  const edges: [number, string][] = [
    [0, '00'],
    [0x7f, '7f'],
    [0x80, '8001'],
    [0x3fff, 'ff7f'],
    [0x4000, '808001'],
    [0x1f_ffff, 'ffff7f'],
    [0x20_0000, '80808001'],
    [0xfff_ffff, 'ffffff7f'],
    [0x1000_0000, '8080808001'],
    [0xffff_ffff, 'ffffffff0f'],
  ]
  for (const [value, text] of edges) {
    assert.equal(hex(putUvarint, value), text)
    assert.equal(sizeOfUvarint(value), text.length / 2)
    assert.equal(new Reader(written(putUvarint, value)).uvarint(), value)
  }
})

test('zigzag puts small negative numbers into one byte', () => {
  assert.deepEqual(
    [0, -1, 1, -2, 63, -64, 64].map(value => hex(putVarint, value)),
    ['00', '01', '02', '03', '7e', '7f', '8001'],
  )
  assert.equal(hex(putVarint, 0x7fff_ffff), 'feffffff0f')
  assert.equal(hex(putVarint, -0x8000_0000), 'ffffffff0f')
})

test('varlongs at the ends of safe integers', () => {
  assert.equal(hex(putVarlong, Number.MAX_SAFE_INTEGER), 'feffffffffffff1f')
  assert.equal(hex(putVarlong, -Number.MAX_SAFE_INTEGER), 'fdffffffffffff1f')
  assert.equal(hex(putVarlong, -(2 ** 31) - 1), '818080 8010'.replace(' ', ''))
})

test('what is written reads back and has the size foretold', () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), value => {
      const bytes = written(putVarlong, value)
      assert.equal(bytes.length, sizeOfVarlong(value))
      assert.equal(new Reader(bytes).varlong(), value)
    }),
  )
  fc.assert(
    fc.property(fc.integer(), value => {
      const bytes = written(putVarint, value)
      assert.equal(bytes.length, sizeOfVarint(value))
      assert.equal(new Reader(bytes).varint(), value)
    }),
  )
})
