import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as nextLoop } from 'node:timers/promises'
import type { DiskOperation } from '../adapters/memory/disk-operations.ts'
import { ConfigResource } from '../core/metadata/image.ts'
import { topicConfigTexts } from '../spec/config/topic.ts'
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

test('configs of the topic and of brokers reach the log and the rules of appends, whoever changed them last', async () => {
  const { directories, table, apply, configure } = await topicWorld()
  await apply()
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
  await configure({ type: ConfigResource.topic, name: NAME.topic }, ofTopic)
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
  await directories.close()
})

test('a broker that is told other defaults applies them to the topics that have none of their own', async () => {
  const { directories, table, apply, configure } = await topicWorld()
  await apply()
  const hosted = table.get(TOPIC_ID, 0)
  assert.ok(hosted !== undefined)
  await configure({ type: ConfigResource.topic, name: NAME.topic }, { 'retention.ms': '1' })
  await configure({ type: ConfigResource.broker, name: '1' }, { 'log.retention.ms': '15', 'min.insync.replicas': '16' })
  assert.equal(hosted.log.config.retentionMs, 1)
  assert.equal(hosted.state.minInsyncReplicas, 16)
  await directories.close()
})

test('a change of all partitions lets others have their turn', async () => {
  const { env, table, apply, directories } = await topicWorld({ partitions: 600, keys: { durability: 'memory' } })
  let isDone = false
  const done = apply().then(() => {
    isDone = true
  })
  const looks: number[] = []
  while (!isDone) {
    await nextLoop()
    looks.push(table.ofTopic(TOPIC_ID).length)
    env.clock.advance(0)
  }
  await done
  assert.equal(looks.at(-1), 600)
  assert.ok(
    looks.some(count => count > 0 && count < 600),
    'others ran in between',
  )
  await directories.close()
})
