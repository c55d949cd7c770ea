/** The pace of copies: what bytes cost, whoever copies them, and when the pace changes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../adapters/memory/clock.ts'
import { CopyPace } from './copy-pace.ts'

function paced(bytesPerSecond: number) {
  const clock = new ManualClock()
  const config = { bytesPerSecond }
  return { clock, config, pace: new CopyPace(clock, () => config.bytesPerSecond) }
}

test('bytes cost time, those of all copies together, and time that nobody used buys nothing', () => {
  const { clock, pace } = paced(1_000)
  clock.advance(60_000)
  const first = pace.spend(500)
  const second = pace.spend(1_000)
  assert.equal(pace.waitMs(first), 500)
  assert.equal(pace.waitMs(second), 1_500)
  clock.advance(400)
  assert.equal(pace.waitMs(first), 100)
  clock.advance(100)
  assert.equal(pace.waitMs(first), 0)
  const third = pace.spend(1_000)
  assert.equal(pace.waitMs(second), 1_000)
  assert.equal(pace.waitMs(third), 2_000)
})

test('what is not paid for yet costs what the pace now says', () => {
  const { clock, config, pace } = paced(1)
  const due = pace.spend(1_000_000)
  clock.advance(1_000)
  assert.equal(pace.waitMs(due), 999_999_000)
  config.bytesPerSecond = 1_000_000
  assert.equal(pace.waitMs(due), 999.999)
  clock.advance(1_000)
  assert.equal(pace.waitMs(due), 0)
  config.bytesPerSecond = 10
  assert.equal(pace.waitMs(pace.spend(10)), 1_000)
})
