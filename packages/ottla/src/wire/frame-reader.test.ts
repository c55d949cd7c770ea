import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Prng } from '../base/random.ts'
import { FrameMemory } from './frame-memory.ts'
import { type FrameOutcome, FrameReader, type FrameSink } from './frame-reader.ts'

const SHARED_BYTES = 4096

interface Harness {
  readonly reader: FrameReader
  readonly frames: Uint8Array[]
  /** Frames the sink takes before it says no. */
  budget: number
}

function harness(options: { retain?: boolean; maxFrameBytes?: number } = {}): Harness {
  const memory = new FrameMemory({ sharedBytes: SHARED_BYTES })
  const state: { frames: Uint8Array[]; budget: number } = { frames: [], budget: Number.POSITIVE_INFINITY }
  const sink: FrameSink = {
    mayTake: () => state.budget > 0,
    take: (bytes, start, end) => {
      state.budget--
      state.frames.push(options.retain ? bytes.subarray(start, end) : bytes.slice(start, end))
    },
  }
  const reader = new FrameReader(sink, {
    memory,
    minFrameBytes: 1,
    maxFrameBytes: options.maxFrameBytes ?? 1_000_000,
    retain: options.retain ?? false,
  })
  return Object.assign(state, { reader })
}

function frame(payload: Uint8Array): Uint8Array {
  const out = new Uint8Array(4 + payload.byteLength)
  new DataView(out.buffer).setInt32(0, payload.byteLength)
  out.set(payload, 4)
  return out
}

/** Feeds at most `atMost` bytes the way a socket does: as many as there is space for. Returns how many. */
function feedOnce(reader: FrameReader, bytes: Uint8Array, atMost: number): { fed: number; outcome: FrameOutcome } {
  const space = reader.space()
  assert.ok(space.byteLength > 0)
  const fed = Math.min(space.byteLength, bytes.byteLength, atMost)
  space.set(bytes.subarray(0, fed))
  return { fed, outcome: reader.received(fed) }
}

function feed(h: Harness, bytes: Uint8Array, pieceBytes: () => number): void {
  let rest = bytes
  while (rest.byteLength > 0) {
    const { fed, outcome } = feedOnce(h.reader, rest, pieceBytes())
    rest = rest.subarray(fed)
    if (outcome === 'held') {
      h.budget = 3
      while (h.reader.resume() === 'held') h.budget = 3
    }
  }
}

for (const retain of [false, true]) {
  test(`any frames in any pieces come out the same (retain: ${retain})`, () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 9000 }), { maxLength: 12 }),
        fc.integer(),
        fc.integer({ min: 1, max: 6000 }),
        fc.boolean(),
        (sizes, seed, pieceMax, stingy) => {
          const rng = new Prng(seed)
          const payloads = sizes.map(size => rng.bytes(size))
          const h = harness({ retain })
          if (stingy) h.budget = 1
          feed(h, Buffer.concat(payloads.map(frame)), () => rng.int(1, pieceMax))
          assert.deepEqual(
            h.frames.map(bytes => Buffer.from(bytes).toString('hex')),
            payloads.map(bytes => Buffer.from(bytes).toString('hex')),
          )
          assert.equal(h.reader.heldBytes, 0)
          assert.equal(h.reader.ownBytes, 0)
        },
      ),
      { numRuns: 150 },
    )
  })
}

test('space given before held frames were taken is not lost and gets no new owner', () => {
  const memory = new FrameMemory({ sharedBytes: SHARED_BYTES })
  const frames: string[] = []
  let willing = false
  const sink: FrameSink = {
    mayTake: () => willing,
    take: (bytes, start, end) => frames.push(Buffer.from(bytes.subarray(start, end)).toString()),
  }
  const reader = new FrameReader(sink, { memory, minFrameBytes: 1, maxFrameBytes: 100 })
  feedOnce(reader, frame(Buffer.from('held')), 100)
  const given = reader.space()
  willing = true
  assert.equal(reader.resume(), 'more')
  assert.deepEqual(frames, ['held'])
  assert.notEqual(memory.take(1024).buffer, given.buffer, 'a socket may still fill it')
  const late = frame(Buffer.from('late'))
  given.set(late)
  assert.equal(reader.received(late.byteLength), 'more')
  assert.deepEqual(frames, ['held', 'late'])
  reader.space()
  assert.equal(memory.take(1024).buffer, given.buffer, 'now it is free')
})

test('one byte per read', () => {
  const h = harness()
  feed(h, frame(new Uint8Array([1, 2, 3, 4, 5])), () => 1)
  assert.deepEqual([...h.frames[0]!], [1, 2, 3, 4, 5])
})

test('a declared size costs nothing: memory follows the bytes received (G2)', () => {
  const h = harness({ maxFrameBytes: 100 * 1024 * 1024 })
  const head = new Uint8Array(4)
  new DataView(head.buffer).setInt32(0, 100 * 1024 * 1024)
  feed(h, head, () => 4)
  assert.ok(h.reader.ownBytes <= 1024, `${h.reader.ownBytes} bytes for 4 received`)
  for (let received = 4; received < 300_000; received += 700) {
    feed(h, new Uint8Array(700), () => 700)
    assert.ok(h.reader.ownBytes <= Math.max(1024, 8 * h.reader.heldBytes), `${h.reader.ownBytes} for ${received}`)
  }
})

test('frame sizes out of bounds are faults, and nothing after them is read (G1)', () => {
  for (const size of [0, -1, -(2 ** 31), 2 ** 31 - 1, 1001]) {
    const h = harness({ maxFrameBytes: 1000 })
    const head = new Uint8Array(12)
    new DataView(head.buffer).setInt32(0, size)
    const { outcome } = feedOnce(h.reader, head, 12)
    assert.equal(outcome, 'fault', `size ${size}`)
    assert.match(h.reader.fault ?? '', /1 to 1000 are allowed/)
    assert.equal(h.frames.length, 0)
    assert.equal(feedOnce(h.reader, frame(new Uint8Array(3)), 12).outcome, 'fault')
    assert.equal(h.frames.length, 0)
  }
})

test('a sink that discards in the middle of a read gets nothing more', () => {
  const memory = new FrameMemory({ sharedBytes: SHARED_BYTES })
  let taken = 0
  const reader: FrameReader = new FrameReader(
    {
      mayTake: () => true,
      take: () => {
        taken++
        reader.discard()
      },
    },
    { memory, minFrameBytes: 1, maxFrameBytes: 100 },
  )
  const two = Buffer.concat([frame(new Uint8Array(3)), frame(new Uint8Array(3))])
  memory.shared.set(two)
  reader.space()
  reader.received(two.byteLength)
  assert.equal(taken, 1)
  assert.equal(reader.heldBytes, 0)
})

test('buffers of finished frames are used again', () => {
  const memory = new FrameMemory({ sharedBytes: SHARED_BYTES })
  const first = memory.take(3000)
  assert.equal(first.byteLength, 4096)
  memory.give(first)
  assert.equal(memory.keptBytes, 4096)
  assert.equal(memory.take(2500), first)
  assert.equal(memory.keptBytes, 0)
  memory.give(memory.take(2 * 1024 * 1024))
  assert.equal(memory.keptBytes, 0, 'large buffers are not kept')
})
