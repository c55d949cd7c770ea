import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Backoff } from './backoff.ts'
import { TestWorld } from './testing/world.ts'

async function pauseMs(world: TestWorld, backoff: Backoff): Promise<number> {
  const before = world.clock.monoMs()
  await world.settled(backoff.pause())
  return world.clock.monoMs() - before
}

test('pauses double up to a second, with jitter, and begin again after a reset', async () => {
  const world = new TestWorld()
  const backoff = new Backoff(world)
  for (const longestMs of [20, 40, 80, 160, 320, 640, 1000, 1000]) {
    const took = await pauseMs(world, backoff)
    // The clock of a test moves by whole milliseconds, and once more before the pause is seen to be over.
    assert.ok(took >= longestMs * 0.6 && took <= longestMs + 2, `${took} of ${longestMs} ms`)
  }
  backoff.reset()
  assert.ok((await pauseMs(world, backoff)) <= 22)
})
