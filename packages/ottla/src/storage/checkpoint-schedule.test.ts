import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../adapters/memory/clock.ts'
import { CheckpointSchedule } from './checkpoint-schedule.ts'

function schedule() {
  const clock = new ManualClock()
  const made = Promise.withResolvers<void>()
  const begun: true[] = []
  const it = new CheckpointSchedule({
    clock,
    checkpoint: () =>
      it.noting(() => {
        begun.push(true)
        return made.promise
      }),
    stopped: () => false,
    onEnd: () => {},
  })
  return { it, clock, made, begun }
}

/** Whether it is over, once everything that need not wait has run. */
async function isOver(rest: Promise<void> | undefined): Promise<boolean> {
  let over = rest === undefined
  void rest?.then(() => {
    over = true
  })
  for (let i = 0; i < 10; i++) await Promise.resolve()
  return over
}

test('a checkpoint that was due by its time rests behind each log', async () => {
  const { it, clock, begun } = schedule()
  it.within(5000)
  clock.advance(5000)
  assert.equal(begun.length, 1)
  const rest = it.rest()
  assert.equal(await isOver(rest), false)
  clock.advance(20)
  assert.equal(await isOver(rest), true)
  assert.notEqual(it.rest(), undefined)
})

test('a checkpoint that somebody waits for rests no more, and the next one rests again', async () => {
  const { it, clock, made, begun } = schedule()
  it.within(5000)
  clock.advance(5000)
  const [first, second] = [it.rest(), it.rest()]
  assert.equal(await isOver(first), false)
  it.hurry()
  assert.equal(await isOver(first), true)
  assert.equal(await isOver(second), true)
  assert.equal(it.rest(), undefined)
  made.resolve()
  await isOver(made.promise)
  it.within(0)
  clock.advance(0)
  assert.equal(begun.length, 2)
  assert.notEqual(it.rest(), undefined)
})

test('one that is asked for at once does not rest, nor does one under way then', async () => {
  const { it, clock } = schedule()
  it.soon()
  assert.equal(it.rest(), undefined)
  const other = schedule()
  other.it.within(5000)
  other.clock.advance(5000)
  const rest = other.it.rest()
  other.it.soon()
  assert.equal(await isOver(rest), true)
  assert.equal(clock.monoMs(), 0)
})

test('hurry without a checkpoint under way changes nothing', () => {
  const { it, clock } = schedule()
  it.hurry()
  it.within(5000)
  clock.advance(5000)
  assert.notEqual(it.rest(), undefined)
})
