import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../adapters/memory/clock.ts'
import { Purgatory, WaitList } from './purgatory.ts'

function parked(timeoutMs = 100) {
  const clock = new ManualClock()
  const purgatory = new Purgatory(clock)
  const lists = [new WaitList(), new WaitList()] as const
  const seen = { ready: false, attempts: 0, done: 0, expired: 0 }
  const end = purgatory.park(lists, {
    timeoutMs,
    attempt: () => {
      seen.attempts++
      if (seen.ready) seen.done++
      return seen.ready
    },
    expired: () => {
      seen.expired++
    },
  })
  return { clock, purgatory, lists, seen, end }
}

test('a wait that can finish at once never parks', () => {
  const purgatory = new Purgatory(new ManualClock())
  const list = new WaitList()
  purgatory.park([list], { timeoutMs: 5, attempt: () => true, expired: () => assert.fail('not expired') })
  assert.equal(purgatory.size, 0)
  assert.equal(list.isEmpty, true)
})

test('a wake that changes nothing leaves the wait, one that does ends it in every list', () => {
  const { clock, purgatory, lists, seen } = parked()
  lists[0].wake()
  assert.equal(purgatory.size, 1)
  seen.ready = true
  lists[1].wake()
  assert.deepEqual({ done: seen.done, size: purgatory.size }, { done: 1, size: 0 })
  assert.ok(lists.every(list => list.isEmpty))
  lists[0].wake()
  clock.advance(1000)
  assert.deepEqual({ done: seen.done, expired: seen.expired }, { done: 1, expired: 0 })
})

test('the deadline ends a wait once', () => {
  const { clock, purgatory, lists, seen } = parked()
  clock.advance(99)
  assert.equal(seen.expired, 0)
  clock.advance(1)
  assert.deepEqual({ expired: seen.expired, size: purgatory.size }, { expired: 1, size: 0 })
  seen.ready = true
  lists[0].wake()
  assert.equal(seen.done, 0)
})

test('a wait ended by its owner is expired, and a second end does nothing', () => {
  const { clock, purgatory, seen, end } = parked()
  end()
  end()
  clock.advance(1000)
  assert.deepEqual({ expired: seen.expired, size: purgatory.size }, { expired: 1, size: 0 })
})

test('a wait that ends another one while its list is woken does not wake the ended one', () => {
  const purgatory = new Purgatory(new ManualClock())
  const list = new WaitList()
  let go = false
  let endSecond = () => {}
  const first = () => {
    if (go) endSecond()
    return go
  }
  purgatory.park([list], { timeoutMs: 10, attempt: first, expired: () => {} })
  let attemptsOfSecond = 0
  endSecond = purgatory.park([list], {
    timeoutMs: 10,
    attempt: () => {
      attemptsOfSecond++
      return false
    },
    expired: () => {},
  })
  go = true
  list.wake()
  assert.equal(attemptsOfSecond, 1)
  assert.equal(purgatory.size, 0)
})
