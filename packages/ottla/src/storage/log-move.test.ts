/**
 * A1 for logs that move: a power cut at any change to the disk while a future is filled, takes its place, and the log that
 * it followed goes. The directory has the future, or the log that it became, or neither; what it has can be read, and the
 * source has everything until it is removed.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryDisk } from '../adapters/memory/disk.ts'
import { Prng } from '../base/random.ts'
import { CopyPace, CopyTurns } from './copy-pace.ts'
import { futureStart, LogCopy } from './log-copy.ts'
import { appendTo, logId, offsetsAsValues, openTest, TOPIC_ID, testEnv, topicConfig, valuesFrom } from './testing.ts'

const [OLD, NEW] = ['/old', '/new']
const COUNT = 30

/** Crashes at change `at`; never when it is -1. Returns how many changes there were. */
async function crashAt(at: number): Promise<number> {
  const disk = new MemoryDisk({ intercept: ({ changes, index }) => (changes && index === at ? 'crash' : 'go') })
  let arrived = false
  let removed = false
  const moving = async () => {
    const env = testEnv({ disk })
    const [from, target] = [await openTest(env, { path: OLD }), await openTest(env, { path: NEW })]
    const source = await from.create(logId(), topicConfig({ 'segment.bytes': '600' }))
    for (let i = 0; i < COUNT; i++) await appendTo(source)
    const { config } = source
    const future = await target.createFuture(logId(), futureStart(source))
    const pace = new CopyPace(env.clock, () => Number.MAX_SAFE_INTEGER)
    const copy = new LogCopy(source, future, { target, turns: new CopyTurns(pace) })
    await copy.settle(() => config)
    assert.ok(copy.catchUp())
    await copy.taken()
    await target.checkpointOf(future)
    arrived = true
    await target.promote(future)
    await from.remove(source)
    removed = true
    await appendTo(future)
  }
  await Promise.race([moving(), disk.stopped])
  const { changeCount } = disk
  const env = testEnv({ disk: disk.crash('power', new Prng(at), {}), seed: 'second' })
  const [from, target] = [await openTest(env, { path: OLD }), await openTest(env, { path: NEW })]
  const source = from.find(TOPIC_ID, 0)
  const future = target.find(TOPIC_ID, 0) ?? target.findFuture(TOPIC_ID, 0)
  for (const log of [source, future]) {
    if (log === undefined) continue
    assert.equal(log.fault, null)
    assert.deepEqual(await valuesFrom(log, 0), offsetsAsValues(0, log.endOffset))
  }
  assert.ok(!removed || source === undefined)
  if (arrived) assert.ok((future?.endOffset ?? 0) >= COUNT, `the future ends at ${future?.endOffset}`)
  if (source === undefined && future !== undefined && target.findFuture(TOPIC_ID, 0) === future) {
    assert.equal(future.endOffset, 0, 'nothing was appended before the folder had its name')
  }
  if (future !== undefined && target.findFuture(TOPIC_ID, 0) === future) {
    // As a start does with one that counts, and with one that does not.
    if (arrived) await target.promote(future)
    else await target.remove(future)
  }
  await Promise.all([from.close(), target.close()])
  return changeCount
}

test('A1 a move between directories: a power cut at any change loses nothing', { timeout: 60_000 }, async t => {
  const total = await crashAt(-1)
  assert.ok(total > 60)
  for (let at = 0; at < total; at += 3) {
    try {
      await crashAt(at)
    } catch (error) {
      throw new Error(`power cut at change ${at} of ${total}`, { cause: error })
    }
  }
  t.diagnostic(`${Math.ceil(total / 3)} of ${total} crash points`)
})
