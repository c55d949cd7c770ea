import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as nextLoop } from 'node:timers/promises'
import type { DiskOperation } from '../adapters/memory/disk-operations.ts'
import { TOPIC_ID, testEnv } from '../storage/testing.ts'
import { AT_ONCE, NAME, readAt, topicWorld } from './testing.ts'

test('a partition whose log may lie in a missing directory is not made anew by later changes of its topic', async () => {
  const { env, directories, table, apply } = await topicWorld()
  await apply({ mayCreate: false })
  await apply()
  assert.equal(directories.find(TOPIC_ID, 0), undefined)
  assert.equal(table.resolve(NAME), 'KAFKA_STORAGE_ERROR')
  assert.equal(env.observe.named('partition.offline').length, 2, 'said each time')
  await directories.close()
})

test("a partition is nobody's until it is open, and offline when it cannot be, until the next change finds that it can", async () => {
  let isFull = true
  const intercept = ({ kind, path }: DiskOperation) =>
    isFull && kind === 'makeDirectory' && path.startsWith('/data/orders') ? 'ENOSPC' : 'go'
  const { table, apply, directories, removeTopic } = await topicWorld({ env: testEnv({ intercept }) })
  assert.equal(table.resolve(NAME), 'NOT_LEADER_OR_FOLLOWER')
  await apply()
  assert.equal(table.resolve(NAME), 'KAFKA_STORAGE_ERROR')
  isFull = false
  await apply({ topics: [] })
  assert.notEqual(typeof table.resolve(NAME), 'string')
  await removeTopic()
  assert.equal(table.resolve(NAME), 'UNKNOWN_TOPIC_OR_PARTITION')
  await directories.close()
})

test('partitions made at the same time are spread over the directories', async () => {
  const { directories, apply, opened } = await topicWorld({ partitions: 9, paths: ['/a', '/b', '/c'] })
  await apply()
  assert.deepEqual(
    opened.map(directory => directory.logCount),
    [3, 3, 3],
  )
  await directories.close()
})

test('whoever waits for a partition of a deleted topic is told before the first log goes', async () => {
  let isHeld = false
  const held: (() => void)[] = []
  const defer = (finish: () => void) => {
    if (isHeld) held.push(finish)
    else queueMicrotask(finish)
  }
  const { apply, host, removeTopic, directories } = await topicWorld({ env: testEnv({ defer }), partitions: 9 })
  await apply()
  const reads = Array.from({ length: 9 }, (_, partition) => ({ ...readAt(0), partition }))
  const errors: (string | undefined)[] = []
  for (const read of reads) {
    const fetching = Promise.resolve(host.fetch([read], { ...AT_ONCE, maxWaitMs: 1000 }))
    void fetching.then(({ partitions }) => errors.push(partitions[0]?.error))
  }
  isHeld = true
  const removing = removeTopic()
  for (let turn = 0; turn < 3; turn++) await nextLoop()
  assert.deepEqual(errors, Array(9).fill('UNKNOWN_TOPIC_OR_PARTITION'))
  isHeld = false
  for (const finish of held) finish()
  await removing
  await directories.close()
})
