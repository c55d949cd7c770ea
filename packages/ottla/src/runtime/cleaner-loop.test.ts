/** When the broker looks for logs to compact. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CLEAN, CompactedLog } from '../storage/cleaner/testing.ts'
import { openTest, testEnv } from '../storage/testing.ts'
import { CleanerLoop } from './cleaner-loop.ts'
import { DataDirectories } from './data-directories.ts'

test('it looks after every backoff, compacts what is due, and ends with the broker', async () => {
  const env = testEnv()
  const directory = await openTest(env)
  const it = await CompactedLog.create(directory)
  for (let i = 0; i < 10; i++) await it.put('a', `v${i}`)
  await it.close(directory)
  const faults: unknown[] = []
  const directories = new DataDirectories([directory], [])
  const fatal = (why: unknown) => faults.push(why)
  let backoffMs = 15_000
  const settings = () => ({ backoffMs, options: CLEAN })
  const loop = new CleanerLoop({ clock: env.clock, directories, settings, fatal })
  loop.start()
  env.clock.advance(14_999)
  await untilIdle()
  assert.equal(it.log.cleanedTo, null)
  env.clock.advance(1)
  await untilIdle()
  assert.equal(it.log.cleanedTo, 10)
  for (const end of [11, 12]) {
    await it.put('a', 'more')
    await it.close(directory)
    env.clock.advance(15_000)
    await untilIdle()
    assert.equal(it.log.cleanedTo, end)
    // There was something to do: the next look comes at once, and finds nothing.
    env.clock.advance(0)
    await untilIdle()
  }
  // Changed while it waits: the wait after that is the new one.
  backoffMs = 1000
  env.clock.advance(15_000)
  await untilIdle()
  await it.put('a', 'sooner')
  await it.close(directory)
  env.clock.advance(1000)
  await untilIdle()
  assert.equal(it.log.cleanedTo, 13)
  env.clock.advance(0)
  await untilIdle()
  await loop.stop()
  await it.put('a', 'last')
  await it.close(directory)
  env.clock.advance(60_000)
  await untilIdle()
  assert.equal(it.log.cleanedTo, 13)
  assert.deepEqual(faults, [])
  await directories.close()
})

test('a stop in the middle of a round ends it, waits for it, and leaves no timer', async () => {
  const env = testEnv()
  const directory = await openTest(env)
  const it = await CompactedLog.create(directory)
  for (let i = 0; i < 10; i++) await it.put('a', `v${i}`)
  await it.close(directory)
  const directories = new DataDirectories([directory], [])
  const settings = () => ({ backoffMs: 1000, options: { ...CLEAN, bytesPerSecond: 1 } })
  const faults: unknown[] = []
  const loop = new CleanerLoop({ clock: env.clock, directories, settings, fatal: why => faults.push(why) })
  loop.start()
  env.clock.advance(1000)
  await untilIdle()
  const waiting = env.clock.nextInMs()
  assert.ok(waiting !== null && waiting > 1000, 'the round waits for its pace')
  await loop.stop()
  assert.equal(it.log.cleanedTo, null)
  await directories.close()
  assert.equal(env.clock.nextInMs(), null)
  assert.deepEqual(faults, [])
})

test('a Bug in a round ends the process, and no other round begins', async () => {
  const env = testEnv()
  const directory = await openTest(env)
  const it = await CompactedLog.create(directory)
  await it.put('a', 'v')
  await it.close(directory)
  const bug = new Error('a bug')
  const { hooks } = it.log
  assert.ok(hooks !== null)
  it.log.attach({
    ...hooks,
    highWatermark: () => {
      throw bug
    },
  })
  const faults: unknown[] = []
  const directories = new DataDirectories([directory], [])
  const settings = () => ({ backoffMs: 1000, options: CLEAN })
  const loop = new CleanerLoop({ clock: env.clock, directories, settings, fatal: why => faults.push(why) })
  loop.start()
  for (let i = 0; i < 3; i++) {
    env.clock.advance(1000)
    await untilIdle()
  }
  assert.deepEqual(faults, [bug])
  it.log.attach(hooks)
  await loop.stop()
  await directories.close()
})

/** Everything that can run without the clock has run. */
async function untilIdle(): Promise<void> {
  for (let i = 0; i < 50; i++) await new Promise(resolve => setImmediate(resolve))
}
