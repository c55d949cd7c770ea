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
  const settle = async () => {
    for (let i = 0; i < 50; i++) await new Promise(resolve => setImmediate(resolve))
  }
  loop.start()
  env.clock.advance(14_999)
  await settle()
  assert.equal(it.log.cleanedTo, null)
  env.clock.advance(1)
  await settle()
  assert.equal(it.log.cleanedTo, 10)
  for (const end of [11, 12]) {
    await it.put('a', 'more')
    await it.close(directory)
    env.clock.advance(15_000)
    await settle()
    assert.equal(it.log.cleanedTo, end)
    // There was something to do: the next look comes at once, and finds nothing.
    env.clock.advance(0)
    await settle()
  }
  // Changed while it waits: the wait after that is the new one.
  backoffMs = 1000
  env.clock.advance(15_000)
  await settle()
  await it.put('a', 'sooner')
  await it.close(directory)
  env.clock.advance(1000)
  await settle()
  assert.equal(it.log.cleanedTo, 13)
  env.clock.advance(0)
  await settle()
  await loop.stop()
  await it.put('a', 'last')
  await it.close(directory)
  env.clock.advance(60_000)
  await settle()
  assert.equal(it.log.cleanedTo, 13)
  assert.deepEqual(faults, [])
  await directories.close()
})
