import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { BATCHES_REMEMBERED, ProducerTable } from './producers.ts'

function write(
  table: ProducerTable,
  producerId: bigint,
  at: { sequence: number; offset?: number; nowMs: number },
): void {
  table.recordBatch({
    producerId,
    producerEpoch: 0,
    firstSequence: at.sequence,
    baseOffset: at.offset ?? at.sequence,
    offsetDelta: 0,
    timestamp: 1,
    nowMs: at.nowMs,
  })
  table.invariants()
}

test('remembers five batches and no more', () => {
  const table = new ProducerTable()
  for (let i = 0; i < 9; i++) write(table, 1n, { sequence: i, nowMs: 0 })
  assert.deepEqual(
    table.find(1n)?.batches.map(batch => batch.firstSequence),
    [4, 5, 6, 7, 8],
  )
  assert.equal(BATCHES_REMEMBERED, 5)
})

test('a producer silent for the expiration time goes, one that wrote since stays', () => {
  const table = new ProducerTable()
  write(table, 1n, { sequence: 0, nowMs: 0 })
  write(table, 2n, { sequence: 0, nowMs: 10 })
  write(table, 1n, { sequence: 1, nowMs: 20 })
  assert.equal(table.expire(109, 100), 0)
  assert.equal(table.expire(110, 100), 1)
  assert.equal(table.find(2n), undefined)
  assert.equal(table.find(1n)?.batches.length, 2)
  assert.equal(table.evictedCount, 0, 'expiry is no eviction')
})

test('the epoch of coordinators never falls', () => {
  const table = new ProducerTable()
  for (const coordinatorEpoch of [5, 3]) table.recordMarker(1n, { producerEpoch: 0, coordinatorEpoch, nowMs: 0 })
  assert.equal(table.find(1n)?.coordinatorEpoch, 5)
})

test('I-09 an open transaction keeps its producer from expiry and eviction until the marker', () => {
  const table = new ProducerTable(2)
  write(table, 1n, { sequence: 0, nowMs: 0 })
  table.beginTransaction(table.find(1n)!, 0)
  for (let id = 2n; id < 9n; id++) write(table, id, { sequence: 0, nowMs: 1 })
  assert.equal(table.expire(1e12, 1), 1)
  assert.equal(table.size, 1)
  table.recordMarker(1n, { producerEpoch: 0, coordinatorEpoch: 3, nowMs: 2 })
  table.invariants()
  assert.equal(table.expire(1e12, 1), 1)
})

test('F16 a full table drops the producer silent for longest and counts it', () => {
  const table = new ProducerTable(3)
  for (const [i, id] of [1n, 2n, 3n, 1n, 4n].entries()) write(table, id, { sequence: i, nowMs: 0 })
  assert.equal(table.find(2n), undefined)
  assert.deepEqual([table.size, table.evictedCount], [3, 1])
})

test('a restored table says the same and counts silence anew', () => {
  const table = new ProducerTable()
  for (let i = 0; i < 7; i++) write(table, BigInt(i % 3), { sequence: i, nowMs: i })
  table.beginTransaction(table.find(2n)!, 5)
  const again = new ProducerTable()
  again.restore(table.snapshot(), 1_000)
  again.invariants()
  const byId = (a: { producerId: bigint }, b: { producerId: bigint }) => Number(a.producerId - b.producerId)
  assert.deepEqual(again.snapshot().sort(byId), table.snapshot().sort(byId))
  assert.equal(again.expire(1_099, 100), 0)
  assert.equal(again.expire(1_100, 100), 2, 'all but the one with a transaction')
})

test('a snapshot does not change when the table does', () => {
  const table = new ProducerTable()
  for (let i = 0; i < 5; i++) write(table, 1n, { sequence: i, nowMs: 0 })
  const snapshot = table.snapshot()
  for (let i = 5; i < 9; i++) write(table, 1n, { sequence: i, nowMs: 0 })
  assert.equal(snapshot[0]?.batches[0]?.firstSequence, 0)
})

test('the order of silence agrees with a plain list', () => {
  const act = fc.record({ id: fc.bigInt(0n, 6n), what: fc.constantFrom('write', 'write', 'begin', 'marker', 'expire') })
  fc.assert(
    fc.property(fc.array(act, { maxLength: 60 }), acts => {
      const table = new ProducerTable(4)
      let heard: { id: bigint; at: number }[] = []
      const open = new Set<bigint>()
      acts.forEach(({ id, what }, nowMs) => {
        const known = heard.some(each => each.id === id)
        if (what === 'begin' && (!known || open.has(id))) return
        if (what === 'begin') {
          table.beginTransaction(table.find(id)!, nowMs)
          open.add(id)
        } else if (what === 'expire') {
          table.expire(nowMs, 8)
          heard = heard.filter(each => open.has(each.id) || nowMs - each.at < 8)
        } else {
          const quietest = heard.find(each => !open.has(each.id))
          if (!known && heard.length >= 4 && quietest) heard = heard.filter(each => each !== quietest)
          heard = [...heard.filter(each => each.id !== id), { id, at: nowMs }]
          if (what === 'write') write(table, id, { sequence: 0, offset: nowMs, nowMs })
          else {
            table.recordMarker(id, { producerEpoch: 0, coordinatorEpoch: 0, nowMs })
            if (open.delete(id)) heard = [...heard.filter(each => each.id !== id), { id, at: nowMs }]
          }
        }
        table.invariants()
        const ids = table.snapshot().map(entry => entry.producerId)
        assert.deepEqual(new Set(ids), new Set(heard.map(each => each.id)))
      })
    }),
    { numRuns: 300 },
  )
})
