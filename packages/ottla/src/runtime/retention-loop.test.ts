import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as nextLoop } from 'node:timers/promises'
import { testEnv } from '../storage/testing.ts'
import { RetentionLoop } from './retention-loop.ts'
import { NAME, smallBatch, topicWorld, WRITE } from './testing.ts'

const INTERVAL_MS = 1000

test('a directory that fails does not keep retention from the others', async () => {
  let isBroken = false
  const env = testEnv({
    intercept: ({ kind, path }) => (isBroken && kind === 'rename' && path.startsWith('/a/') ? 'EIO' : 'go'),
  })
  const keys = { 'log.segment.bytes': '200', 'log.retention.bytes': '0' }
  const world = await topicWorld({ env, partitions: 2, paths: ['/a', '/b'], keys })
  const { directories, table, apply, host, opened } = world
  await apply()
  for (const partition of [0, 1]) {
    for (let i = 0; i < 10; i++) await host.append({ ...NAME, partition }, smallBatch(), WRITE)
  }
  for (const directory of opened) await directory.checkpoint()
  const fatals: unknown[] = []
  const loop = new RetentionLoop({
    clock: env.clock,
    observe: env.observe,
    directories,
    table,
    intervalMs: INTERVAL_MS,
    producerExpiryMs: () => 1_000_000,
    fatal: why => fatals.push(why),
  })
  loop.start()
  isBroken = true
  env.clock.advance(INTERVAL_MS)
  await nextLoop()
  await loop.stop()
  assert.deepEqual(fatals, [])
  assert.deepEqual(
    env.observe.named('log.retention-failed').map(line => line.fields.path),
    ['/a'],
  )
  const [log] = opened[1]?.logs() ?? []
  assert.ok((log?.startOffset ?? 0) > 0, 'the other directory was looked at')
  await directories.close()
})
