import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testEnv } from '../storage/testing.ts'
import { AT_ONCE, NAME, readAt, smallBatch, topicWorld, WRITE } from './testing.ts'

/** A partition with five batches. */
async function filled(env = testEnv()) {
  const world = await topicWorld({ env })
  await world.apply()
  for (let i = 0; i < 5; i++) await world.host.append(NAME, smallBatch(), WRITE)
  const hosted = world.table.resolve(NAME)
  assert.ok(typeof hosted !== 'string')
  return { ...world, log: hosted.log }
}

test('what retention deletes is out of range at once, not when retention is done with all partitions', async () => {
  const { host, log, directories } = await filled()
  await log.advanceStart(3)
  const result = await host.fetch([readAt(1)], AT_ONCE)
  const [answer] = result.partitions
  assert.deepEqual([answer?.error, answer?.logStartOffset], ['OFFSET_OUT_OF_RANGE', 3])
  const asked = { timestamp: -2, readCommitted: false, currentLeaderEpoch: -1 }
  await log.advanceStart(4)
  assert.equal((await host.offsetFor(NAME, asked)).offset, 4)
  result.release()
  await directories.close()
})

test('A12 while the disk is full a write is refused, what was written is read, and later writes go on', async () => {
  let isFull = false
  const env = testEnv({
    intercept: ({ kind, path }) => (isFull && kind === 'write' && path.endsWith('.log') ? 'ENOSPC' : 'go'),
  })
  const { host, opened, directories } = await filled(env)
  isFull = true
  await assert.rejects(opened[0]!.checkpoint(), { code: 'ENOSPC' })
  assert.equal(host.hasRoom(), true)
  const refused = await host.append(NAME, smallBatch(), WRITE)
  assert.deepEqual([refused.error, refused.message], ['KAFKA_STORAGE_ERROR', 'the disk of this log directory is full'])
  const result = await host.fetch([readAt(4)], AT_ONCE)
  assert.ok((result.partitions[0]?.bytes ?? 0) > 0)
  result.release()
  isFull = false
  env.clock.advance(2000)
  await opened[0]!.checkpoint()
  assert.equal((await host.append(NAME, smallBatch(), WRITE)).baseOffset, 5)
  await directories.close()
})

test('what retention deletes while it is read from a file is out of range', async () => {
  const held: (() => void)[] = []
  let holds = false
  const env = testEnv({
    defer: (finish, { kind }) => {
      if (holds && kind === 'read') held.push(finish)
      else queueMicrotask(finish)
    },
  })
  await (await filled(env)).directories.close()
  const world = await topicWorld({ env })
  await world.apply()
  const hosted = world.table.resolve(NAME)
  assert.ok(typeof hosted !== 'string')
  holds = true
  const fetching = world.host.fetch([readAt(1)], AT_ONCE)
  assert.ok(fetching instanceof Promise)
  await hosted.log.advanceStart(3)
  holds = false
  assert.ok(held.length > 0, 'the file is still being read')
  for (const finish of held) finish()
  const result = await fetching
  assert.equal(result.partitions[0]?.error, 'OFFSET_OUT_OF_RANGE')
  result.release()
  await world.directories.close()
})

test('a write that waits while its topic is deleted is told that the topic is gone, not that a disk failed', async () => {
  const { host, removeTopic, directories } = await filled()
  const waiting = host.append(NAME, smallBatch(), { ...WRITE, acks: -1 })
  assert.ok(waiting instanceof Promise)
  await removeTopic()
  assert.equal((await waiting).error, 'UNKNOWN_TOPIC_OR_PARTITION')
  await directories.close()
})
