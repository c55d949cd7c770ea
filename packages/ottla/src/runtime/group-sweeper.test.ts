import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as nextLoop } from 'node:timers/promises'
import { ManualClock } from '../adapters/memory/clock.ts'
import { GroupSweeper } from './group-sweeper.ts'

/** A sweeper whose looks end when the test says so. */
function sweeperOf() {
  const clock = new ManualClock()
  const looks: boolean[] = []
  const ends: (() => void)[] = []
  const fatals: unknown[] = []
  const sweeper = new GroupSweeper({
    clock,
    intervalMs: 1000,
    sweep: ({ expire }) => {
      looks.push(expire)
      return new Promise(resolve => ends.push(resolve))
    },
    fatal: why => fatals.push(why),
  })
  const end = async () => {
    ends.shift()?.()
    await nextLoop()
  }
  return { clock, sweeper, looks, end, fatals }
}

test('it looks with every interval, and at once when it is woken', async () => {
  const { clock, sweeper, looks, end } = sweeperOf()
  sweeper.start()
  clock.advance(1000)
  await end()
  sweeper.wake()
  await end()
  clock.advance(1000)
  await end()
  assert.deepEqual(looks, [true, false, true])
  await sweeper.stop()
})

test('what comes up while it looks is one more look, for all of it', async () => {
  const { clock, sweeper, looks, end } = sweeperOf()
  sweeper.start()
  sweeper.wake()
  sweeper.wake()
  clock.advance(1000)
  sweeper.wake()
  assert.deepEqual(looks, [false])
  await end()
  assert.deepEqual(looks, [false, true])
  await end()
  await sweeper.stop()
  assert.equal(looks.length, 2)
})

test('stop waits for the look that goes on; nothing is looked at after it', async () => {
  const { clock, sweeper, looks, end } = sweeperOf()
  sweeper.start()
  sweeper.wake()
  sweeper.wake()
  let isStopped = false
  const stopping = sweeper.stop().then(() => {
    isStopped = true
  })
  await nextLoop()
  assert.equal(isStopped, false)
  await end()
  await stopping
  sweeper.wake()
  clock.advance(10_000)
  assert.deepEqual(looks, [false])
  assert.equal(clock.nextInMs(), null)
})
