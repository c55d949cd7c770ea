/** How fast cleaning may go. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../adapters/memory/clock.ts'
import { CleaningStopped, Pace } from './pace.ts'

/** Whether the promise is still waiting once everything that can run has run. */
async function waits(promise: Promise<unknown>): Promise<boolean> {
  let isOver = false
  const over = () => {
    isOver = true
  }
  promise.then(over, over)
  await new Promise(resolve => setImmediate(resolve))
  return !isOver
}

test('small debts add up to a wait', async () => {
  const clock = new ManualClock()
  const pace = new Pace(clock, 1000)
  // 4 ms each: none of them is worth a wait of its own.
  for (let i = 0; i < 2; i++) assert.equal(await waits(pace.spend(4)), false)
  const third = pace.spend(4)
  assert.equal(await waits(third), true)
  clock.advance(11)
  assert.equal(await waits(third), true)
  clock.advance(1)
  await third
  assert.equal(pace.spentBytes, 12)
})

test('time in which nothing was spent is not saved up for a burst', async () => {
  const clock = new ManualClock()
  const pace = new Pace(clock, 1000)
  clock.advance(60_000)
  const spending = pace.spend(1000)
  clock.advance(999)
  assert.equal(await waits(spending), true)
  clock.advance(1)
  await spending
})

test('whoever waits is stopped at once, and whoever comes later does not wait', async () => {
  const clock = new ManualClock()
  const pace = new Pace(clock, 1000)
  const spending = pace.spend(1_000_000)
  assert.equal(await waits(spending), true)
  pace.stop()
  await assert.rejects(spending, CleaningStopped)
  await assert.rejects(pace.spend(1_000_000), CleaningStopped)
  await pace.turn()
  assert.equal(clock.nextInMs(), null, 'no timer is left')
})
