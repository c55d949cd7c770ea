/** A history of millions of records fits into memory. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { History } from './history.ts'

const RUN = 5

test('half a million records cost tens of bytes each', () => {
  const count = 500_000
  const before = process.memoryUsage().arrayBuffers
  const history = new History(RUN)
  const lane = history.lane('orders-0', {
    producer: 'p',
    idempotent: true,
    ordered: true,
    visibleWhenAcknowledged: true,
  })
  for (let first = 0; first < count; first += 1000) {
    lane.send(1000)
    lane.acknowledge(first, 1000, first)
  }
  const read = history.fullRead('orders-0', 0)
  for (let offset = 0; offset < count; offset++) read.reads(offset, { lane: 0, sequence: offset, run: RUN })
  read.end(count)
  assert.equal(history.violations.total, 0)
  assert.ok((process.memoryUsage().arrayBuffers - before) / count < 60)
})
