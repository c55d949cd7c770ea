import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../adapters/memory/clock.ts'
import type { NetReceiver } from '../../ports/net.ts'
import { HandSocket } from './testing.ts'
import { WaitingConnection } from './waiting-connection.ts'

test('space asked for before the turn and filled after it reaches the real receiver', () => {
  const clock = new ManualClock()
  const got: number[] = []
  const memory = new Uint8Array(3)
  const real: NetReceiver = {
    space: () => memory,
    received: count => got.push(...memory.subarray(0, count)),
    drained: () => {},
    closed: () => {},
  }
  const waiting = new WaitingConnection(new HandSocket(), { start: () => real, isReady: () => true, gone: () => {} })
  waiting.waitFor(10, clock)
  const early = waiting.space()
  clock.advance(10)
  early.set([1, 2, 3, 4, 5])
  waiting.received(5)
  assert.deepEqual(got, [1, 2, 3, 4, 5])
  waiting.space().set([6])
  waiting.received(1)
  assert.deepEqual(got, [1, 2, 3, 4, 5, 6])
})

test('one that goes before its turn is not started', () => {
  const clock = new ManualClock()
  let gone = 0
  const start = () => assert.fail('nobody is there')
  const waiting = new WaitingConnection(new HandSocket(), { start, isReady: () => true, gone: () => gone++ })
  waiting.waitFor(10, clock)
  waiting.closed(null)
  clock.advance(10)
  assert.equal(gone, 1)
})
