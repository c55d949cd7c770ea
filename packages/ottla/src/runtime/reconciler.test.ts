import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ZERO_UUID } from '../base/uuid.ts'
import { BrokerConfigInForce } from '../core/metadata/broker-config.ts'
import { evolveAll } from '../core/metadata/evolve.ts'
import { emptyImage, type MetadataImage } from '../core/metadata/image.ts'
import type { MetadataRecord } from '../core/metadata/records.ts'
import { brokerConfigOf } from '../spec/config/broker.ts'
import { topicConfigTexts } from '../spec/config/topic.ts'
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

/** The image with these keys set on a resource. */
function withConfigs(
  image: MetadataImage,
  resourceType: number,
  resourceName: string,
  configs: Record<string, string>,
) {
  const records = Object.entries(configs).map(
    ([name, value]): MetadataRecord => ({ type: 'config', body: { resourceType, resourceName, name, value } }),
  )
  return evolveAll(image, records)
}

/** A broker with log directories of these paths, which applies the image. */
async function applied(image: MetadataImage, paths: readonly string[]) {
  const env = testEnv()
  const opened = []
  for (const path of paths) opened.push(await openTest(env, { path }))
  const directories = new DataDirectories(opened, [])
  const table = new PartitionTable(SELF, () => image)
  const { clock, observe } = env
  const config = new BrokerConfigInForce(brokerConfigOf(), SELF)
  const reconciler = new Reconciler({ self: SELF, config, directories, table, clock, observe })
  const apply = (mayCreate: boolean) =>
    reconciler.apply(image, { topics: new Set([TOPIC_ID]), removed: new Set(), mayCreate })
  return { clock, directories, table, observe, reconciler, apply, opened }
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

test('configs of the topic and of brokers reach the log and the rules of appends, whoever changed them last', async () => {
  const image = imageOf(1)
  const { directories, table, reconciler, apply } = await applied(image, ['/a'])
  await apply(true)
  const hosted = table.get(TOPIC_ID, 0)
  assert.ok(hosted !== undefined)
  const ofTopic = {
    'retention.ms': '1',
    'retention.bytes': '2',
    'segment.bytes': '300',
    'segment.ms': '4',
    'segment.jitter.ms': '5',
    'segment.index.bytes': '60',
    'index.interval.bytes': '7',
    'file.delete.delay.ms': '8',
    'flush.messages': '9',
    'flush.ms': '10',
    durability: 'page-cache',
    'cleanup.policy': 'compact,delete',
    'max.message.bytes': '11',
    'min.insync.replicas': '12',
    'compression.type': 'zstd',
    'message.timestamp.type': 'LogAppendTime',
    'message.timestamp.before.max.ms': '13',
    'message.timestamp.after.max.ms': '14',
    'produce.validation': 'strict',
  }
  const topics = new Set([TOPIC_ID])
  const change = { topics, removed: new Set<string>(), mayCreate: true }
  await reconciler.apply(withConfigs(image, 2, 'orders', ofTopic), change)
  const texts = topicConfigTexts(hosted.log.config)
  for (const [key, value] of Object.entries(ofTopic)) {
    assert.deepEqual(texts.get(key)?.split(',').sort(), value.split(','), key)
  }
  assert.equal(hosted.config, hosted.log.config)
  assert.equal(hosted.state.minInsyncReplicas, 12)
  const { maxMessageBytes, compacted, strict, timestampType, timestampBeforeMaxMs, timestampAfterMaxMs } =
    hosted.produceRules
  assert.deepEqual(
    [maxMessageBytes, compacted, strict, timestampType, timestampBeforeMaxMs, timestampAfterMaxMs],
    [11, true, true, 'LogAppendTime', 13, 14],
  )
  const ofBroker = withConfigs(image, 4, String(SELF), { 'log.retention.ms': '15', 'min.insync.replicas': '16' })
  await reconciler.apply(ofBroker, { ...change, topics: null })
  assert.equal(hosted.log.config.retentionMs, 15)
  assert.equal(hosted.state.minInsyncReplicas, 16)
  assert.equal(hosted.log.config.durability, 'disk', 'what the topic had of its own is gone')
  await directories.close()
})

test('a change of all partitions lets others have their turn', async () => {
  const image = withConfigs(imageOf(600), 2, 'orders', { durability: 'memory' })
  const { clock, table, apply, directories } = await applied(image, ['/a'])
  let isDone = false
  const done = apply(true).then(() => {
    isDone = true
  })
  const looks: number[] = []
  while (!isDone) {
    await new Promise(resolve => setImmediate(resolve))
    looks.push(table.ofTopic(TOPIC_ID).length)
    clock.advance(0)
  }
  await done
  assert.equal(looks.at(-1), 600)
  assert.ok(
    looks.some(count => count > 0 && count < 600),
    'others ran in between',
  )
  await directories.close()
})
