import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ZERO_UUID } from '../base/uuid.ts'
import { evolveAll } from '../core/metadata/evolve.ts'
import { emptyImage, type MetadataImage } from '../core/metadata/image.ts'
import type { MetadataRecord } from '../core/metadata/records.ts'
import { brokerConfigOf } from '../spec/config/broker.ts'
import { openTest, TOPIC_ID, testEnv } from '../storage/testing.ts'
import { DataDirectories } from './data-directories.ts'
import { PartitionTable } from './partition-table.ts'
import { Reconciler } from './reconciler.ts'

const SELF = 1

function imageOf(partitionCount: number): MetadataImage {
  const records: MetadataRecord[] = [{ type: 'topic', body: { topicId: TOPIC_ID, name: 'orders' } }]
  for (let partition = 0; partition < partitionCount; partition++) {
    const ends = { leader: SELF, leaderEpoch: 0, partitionEpoch: 0 }
    const body = { topicId: TOPIC_ID, partition, replicas: [SELF], directories: [ZERO_UUID], isr: [SELF], ...ends }
    records.push({ type: 'partition', body })
  }
  return evolveAll(emptyImage(), records)
}

/** A broker with log directories of these paths, which applies the image. */
async function applied(image: MetadataImage, paths: readonly string[]) {
  const env = testEnv()
  const opened = []
  for (const path of paths) opened.push(await openTest(env, { path }))
  const directories = new DataDirectories(opened, 0)
  const table = new PartitionTable(SELF, () => image)
  const { clock, observe } = env
  const reconciler = new Reconciler({ self: SELF, config: brokerConfigOf(), directories, table, clock, observe })
  const apply = (mayCreate: boolean) =>
    reconciler.apply(image, { topics: new Set([TOPIC_ID]), removed: new Set(), mayCreate })
  return { directories, table, observe, apply, opened }
}

test('a partition whose log may lie in a missing directory is not made anew by later changes of its topic', async () => {
  const { directories, table, observe, apply } = await applied(imageOf(1), ['/a'])
  await apply(false)
  await apply(true)
  assert.equal(directories.find(TOPIC_ID, 0), undefined)
  assert.equal(table.resolve({ topic: 'orders', topicId: null, partition: 0 }), 'KAFKA_STORAGE_ERROR')
  assert.equal(observe.named('partition.offline').length, 2, 'said each time')
  await directories.close()
})

test('partitions made at the same time are spread over the directories', async () => {
  const { directories, apply, opened } = await applied(imageOf(9), ['/a', '/b', '/c'])
  await apply(true)
  assert.deepEqual(
    opened.map(directory => directory.logCount),
    [3, 3, 3],
  )
  await directories.close()
})
