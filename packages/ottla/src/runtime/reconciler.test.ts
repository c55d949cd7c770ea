import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DiskOperation } from '../adapters/memory/disk-operations.ts'
import { TOPIC_ID, testEnv } from '../storage/testing.ts'
import { NAME, topicWorld } from './testing.ts'

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
