import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { placeReplicas } from './placement.ts'

const cluster = fc
  .record({ brokers: fc.integer({ min: 1, max: 12 }), racks: fc.integer({ min: 0, max: 4 }), first: fc.nat(1000) })
  .map(({ brokers, racks, first }) =>
    Array.from({ length: brokers }, (_, i) => ({ id: first + i * 3, rack: racks === 0 ? null : `r${i % racks}` })),
  )

test('replicas are distinct brokers, leaders spread evenly, racks differ while there are enough', () => {
  const request = fc.record({
    factor: fc.integer({ min: 1, max: 12 }),
    count: fc.integer({ min: 1, max: 60 }),
    start: fc.nat(1000),
  })
  fc.assert(
    fc.property(cluster, request, (brokers, { factor, count, start }) => {
      const replicationFactor = Math.min(factor, brokers.length)
      const placed = placeReplicas(brokers, { firstPartition: 0, count, replicationFactor, start })
      assert.equal(placed.length, count)
      const rackOf = new Map(brokers.map(broker => [broker.id, broker.rack]))
      const racks = new Set(rackOf.values())
      const led = new Map(brokers.map(broker => [broker.id, 0]))
      for (const replicas of placed) {
        assert.equal(new Set(replicas).size, replicationFactor)
        for (const id of replicas) assert.ok(rackOf.has(id))
        if (!racks.has(null)) {
          const used = new Set(replicas.map(id => rackOf.get(id)))
          assert.equal(used.size, Math.min(racks.size, replicationFactor))
        }
        led.set(replicas[0]!, led.get(replicas[0]!)! + 1)
      }
      assert.ok(Math.max(...led.values()) - Math.min(...led.values()) <= 1, 'no broker leads two more than another')
    }),
    { numRuns: 300 },
  )
})

test('what one broker led is taken over by several', () => {
  const brokers = [1, 2, 3, 4, 5].map(id => ({ id, rack: null }))
  const placed = placeReplicas(brokers, { firstPartition: 0, count: 20, replicationFactor: 2, start: 0 })
  const heirs = placed.filter(replicas => replicas[0] === 1).map(replicas => replicas[1])
  assert.deepEqual(new Set(heirs), new Set([2, 3, 4, 5]))
})

test('partitions added later go on where the topic ended', () => {
  const brokers = [1, 2, 3].map(id => ({ id, rack: null }))
  const all = placeReplicas(brokers, { firstPartition: 0, count: 9, replicationFactor: 2, start: 4 })
  const added = placeReplicas(brokers, { firstPartition: 5, count: 4, replicationFactor: 2, start: 4 })
  assert.deepEqual(added, all.slice(5))
})

test('a broker that does not say where it stands makes racks mean nothing', () => {
  const brokers = [
    { id: 1, rack: 'a' },
    { id: 2, rack: 'a' },
    { id: 3, rack: null },
  ]
  const placed = placeReplicas(brokers, { firstPartition: 0, count: 6, replicationFactor: 2, start: 0 })
  assert.ok(placed.some(replicas => !replicas.includes(3)))
})

test('more replicas than brokers is a bug of the caller', () => {
  assert.throws(
    () => placeReplicas([{ id: 1, rack: null }], { firstPartition: 0, count: 1, replicationFactor: 2, start: 0 }),
    /enough brokers/,
  )
})
