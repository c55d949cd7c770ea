import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Admissions } from './admission.ts'

const limits = {
  requestBytesMax: 1000,
  idleMs: 1000,
  connectionsMax: 5,
  connectionsPerAddressMax: 3,
  connectionsPerSecond: 1000,
}

test('max.connections.per.ip and max.connections hold, and places come back', () => {
  const admissions = new Admissions(limits)
  for (let i = 0; i < 3; i++) assert.equal(admissions.enter('a', 0).kind, 'admitted')
  assert.deepEqual(admissions.enter('a', 0), { kind: 'refused', why: 'max.connections.per.ip=3 is reached' })
  for (let i = 0; i < 2; i++) assert.equal(admissions.enter('b', 0).kind, 'admitted')
  assert.deepEqual(admissions.enter('c', 0), { kind: 'refused', why: 'max.connections=5 is reached' })
  admissions.leave('a')
  assert.equal(admissions.enter('a', 0).kind, 'admitted')
})

test('max.connection.creation.rate: a burst of a second, then one at a time, then none', () => {
  const admissions = new Admissions({
    ...limits,
    connectionsMax: 1000,
    connectionsPerAddressMax: 1000,
    connectionsPerSecond: 10,
  })
  const waits: number[] = []
  for (let admission = admissions.enter('a', 0); admission.kind === 'admitted'; admission = admissions.enter('a', 0)) {
    waits.push(Math.round(admission.waitMs))
  }
  assert.deepEqual(waits.slice(0, 14), [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 100, 200, 300])
  assert.equal(waits.at(-1), 5000)
  assert.equal(admissions.enter('a', 1000).kind, 'admitted')
})
