import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { MemoryDisk } from '../adapters/memory/disk.ts'
import { BLOCK_BYTES_MIN, type Block, MemoryBudget } from './memory-budget.ts'

const KB = 1024

class CountingDisk extends MemoryDisk {
  slabs = 0

  override slab(sizeBytes: number): Uint8Array {
    this.slabs++
    return super.slab(sizeBytes)
  }
}

test('blocks never overlap, are aligned, and all of it can be had again', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 100 * KB })), { maxLength: 80 }), steps => {
      const disk = new CountingDisk()
      const budget = new MemoryBudget(disk, { bytes: 256 * KB })
      const held: Block[] = []
      for (const [give, bytes] of steps) {
        const old = give ? held.pop() : undefined
        if (old !== undefined) budget.give(old)
        else held.push(budget.take(bytes))
      }
      const ranges = held.map(block => ({ slab: block.slab, from: block.at, to: block.at + block.bytes.length }))
      for (const [i, a] of ranges.entries()) {
        assert.equal(a.from % BLOCK_BYTES_MIN, 0)
        for (const b of ranges.slice(i + 1)) assert.ok(a.slab !== b.slab || a.to <= b.from || b.to <= a.from)
      }
      for (const block of held) budget.give(block)
      assert.equal(budget.inUseBytes, 0)
      // Everything was joined again: the largest block can be cut from what is there.
      const { slabs } = disk
      if (slabs > 0) budget.take(256 * KB)
      assert.equal(disk.slabs, slabs)
    }),
    { numRuns: 60 },
  )
})

test('when the capacity is reached, users are asked to give back before more is taken', () => {
  const budget = new MemoryBudget(new MemoryDisk(), { bytes: 64 * KB })
  const kept = [budget.take(32 * KB), budget.take(32 * KB)]
  let asked = 0
  budget.onPressure(() => {
    asked++
    const block = kept.pop()
    if (block !== undefined) budget.give(block)
    return block !== undefined
  })
  budget.take(32 * KB)
  assert.equal(asked, 1)
  budget.take(64 * KB)
  assert.ok(budget.inUseBytes > budget.capacityBytes, 'more than there is, when nobody has anything to give')
})

test('a block larger than a slab has one of its own, which is used again', () => {
  const budget = new MemoryBudget(new MemoryDisk(), { bytes: 64 * KB })
  const large = budget.take(300 * KB)
  assert.equal(large.bytes.length, 512 * KB)
  budget.give(large)
  assert.equal(budget.take(512 * KB).slab, large.slab)
})

test('close gives the slabs back, unless a block is still on loan', () => {
  const reused: Uint8Array[] = []
  class ReusingDisk extends MemoryDisk {
    override reuse(slab: Uint8Array): void {
      super.reuse(slab)
      reused.push(slab)
    }
  }
  const disk = new ReusingDisk()
  const first = new MemoryBudget(disk, { bytes: 64 * KB })
  first.give(first.take(8 * KB))
  first.take(128 * KB)
  first.close()
  assert.equal(reused.length, 0, 'somebody may still read from one of them')
  const second = new MemoryBudget(disk, { bytes: 64 * KB })
  for (const block of [second.take(64 * KB), second.take(128 * KB)]) second.give(block)
  second.close()
  assert.deepEqual(
    reused.map(slab => slab.length),
    [64 * KB, 128 * KB],
  )
})
