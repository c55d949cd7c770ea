import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BatchBuilder } from './build.ts'
import * as layout from './header.ts'
import { concatBytes } from './testing.ts'
import { BatchWalk, walkBatches } from './walk.ts'

const value = new Uint8Array(20).fill(7)

test('batches after each other are walked with their positions, whatever the gaps between offsets', () => {
  const set = concatBytes(batch(10, 3), batch(13, 1), batch(100, 2))
  const seen: [number, number, number][] = []
  const end = walkBatches(set, { start: 0, end: set.length, verifyCrc: true }, (header, position) => {
    seen.push([position, header.baseOffset, layout.endOffset(header)])
  })
  const [first, second] = [batch(10, 3).length, batch(13, 1).length]
  assert.deepEqual(seen, [
    [0, 10, 13],
    [first, 13, 14],
    [first + second, 100, 102],
  ])
  assert.deepEqual(end, { stop: 'end', position: set.length, count: 3 })
})

test('a trailing part of a batch stops the walk at its start, at every length', () => {
  const whole = batch(0, 2)
  const set = concatBytes(whole, batch(2, 2))
  for (let end = whole.length + 1; end < set.length; end++) {
    // Cut by range, and cut by buffer.
    for (const bytes of [set, set.slice(0, end)]) {
      const walked = walkBatches(bytes, { start: 0, end }, () => undefined)
      assert.deepEqual(walked, { stop: 'partial', position: whole.length, count: 1 })
    }
  }
})

test('an end beyond the buffer is the end of the buffer', () => {
  const set = batch(0, 1)
  assert.deepEqual(walkBatches(set, { start: 0, end: set.length + 500 }, () => undefined).stop, 'end')
})

test('each kind of bad batch stops the walk with its name', () => {
  const good = batch(0, 2)
  const cases: [string, (bytes: Uint8Array) => void, object?][] = [
    ['magic', bytes => bytes.fill(1, layout.MAGIC_AT, layout.MAGIC_AT + 1)],
    ['size', bytes => bytes.fill(0, layout.BATCH_LENGTH_AT, layout.BATCH_LENGTH_AT + 4)],
    ['size', bytes => bytes.fill(0xff, layout.BATCH_LENGTH_AT, layout.BATCH_LENGTH_AT + 4)],
    ['size', () => undefined, { maxBatchBytes: good.length - 1 }],
    ['partial', bytes => bytes.fill(0x7f, layout.BATCH_LENGTH_AT, layout.BATCH_LENGTH_AT + 4)],
    ['crc', bytes => bytes.fill(9, bytes.length - 1), { verifyCrc: true }],
    ['range', bytes => bytes.fill(0xff, layout.LAST_OFFSET_DELTA_AT, layout.LAST_OFFSET_DELTA_AT + 4)],
    ['range', bytes => bytes.fill(0xff, 0, 8)],
    ['range', bytes => layout.patchBaseOffset(bytes, 0, Number.MAX_SAFE_INTEGER)],
    ['order', () => undefined, { minBaseOffset: 1 }],
  ]
  for (const [stop, damage, options] of cases) {
    const bytes = good.slice()
    damage(bytes)
    const walked = walkBatches(bytes, { start: 0, end: bytes.length, ...options }, () => undefined)
    assert.deepEqual(walked, { stop, position: 0, count: 0 }, String(damage))
  }
})

test('offsets that go back or overlap stop the walk', () => {
  for (const baseOffset of [9, 10, 12]) {
    const set = concatBytes(batch(10, 3), batch(baseOffset, 1))
    const walked = walkBatches(set, { start: 0, end: set.length }, () => undefined)
    assert.deepEqual([walked.stop, walked.count], ['order', 1])
  }
})

test('a visitor stops the walk, and a walk can be used again', () => {
  const set = concatBytes(batch(0, 1), batch(1, 1))
  assert.deepEqual(
    walkBatches(set, { start: 0, end: set.length }, () => false),
    { stop: null, position: 0, count: 1 },
  )
  const walk = new BatchWalk()
  assert.equal(walk.next(), false)
  for (let run = 0; run < 2; run++) {
    walk.reset(set, 0, set.length)
    assert.equal(walk.next() && walk.next(), true)
    assert.equal(walk.next(), false)
    assert.deepEqual([walk.stop, walk.position], ['end', set.length])
  }
})

function batch(baseOffset: number, records: number): Uint8Array {
  const builder = new BatchBuilder()
  for (let index = 0; index < records; index++) builder.append(null, value, [], 1000 + index)
  return builder.build({ baseOffset })
}
