import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TOPIC_ID } from '../storage/testing.ts'
import { NAME, topicWorld } from './testing.ts'

test('a partition whose log may lie in a missing directory is not made anew by later changes of its topic', async () => {
  const { env, directories, table, apply } = await topicWorld()
  await apply(false)
  await apply(true)
  assert.equal(directories.find(TOPIC_ID, 0), undefined)
  assert.equal(table.resolve(NAME), 'KAFKA_STORAGE_ERROR')
  assert.equal(env.observe.named('partition.offline').length, 2, 'said each time')
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
