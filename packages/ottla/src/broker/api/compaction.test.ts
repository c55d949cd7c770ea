/** Compaction as clients and operators meet it: on by default, off when told so. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BatchBuilder } from '../../wire/batch/build.ts'
import { createTopic, errorOf, fetch, NOW_MS, produce, utf8, valuesIn } from '../testing/calls.ts'
import { MemoryBroker } from '../testing/memory-broker.ts'

const BACKOFF_MS = 1000
/** Long enough for a checkpoint, which closes segments, and for looks at what is due. */
const PATIENCE_MS = 120_000

/** Writes one key again and again, and lets the time pass. Gives the values that a consumer finds then. */
async function leftOf(keys: Readonly<Record<string, string>>): Promise<(string | null)[]> {
  const broker = await MemoryBroker.start({ 'log.cleaner.backoff.ms': String(BACKOFF_MS), ...keys })
  const peer = await broker.connect()
  const configs = { 'cleanup.policy': 'compact', 'segment.bytes': '150', 'min.cleanable.dirty.ratio': '0' }
  await createTopic(peer, 'orders', { configs })
  const builder = new BatchBuilder()
  for (const value of ['v0', 'v1', 'v2', 'v3', 'v4', 'v5']) {
    builder.append(utf8('key'), utf8(value), [], NOW_MS)
    assert.equal(errorOf(await produce(peer, { topic: 'orders', records: builder.build() })), 'NONE')
  }
  const isCleaned = () => broker.observe.events.some(({ event }) => event === 'log.cleaned')
  for (let ms = 0; ms < PATIENCE_MS && !isCleaned(); ms += BACKOFF_MS) {
    broker.clock.advance(BACKOFF_MS)
    await fetch(peer, { topic: 'orders' })
  }
  const left: (string | null)[] = []
  for (let offset = 0; offset < 6; ) {
    const { records } = await fetch(peer, { topic: 'orders', offset })
    const values = valuesIn(records)
    left.push(...values)
    offset = Number(values.at(-1)?.slice(1)) + 1
  }
  await broker.close()
  return left
}

test('a compacted topic is compacted', async () => {
  // The active segment is not.
  assert.deepEqual(await leftOf({}), ['v3', 'v4', 'v5'])
})

test('log.cleaner.enable=false: no topic is', async () => {
  assert.deepEqual(await leftOf({ 'log.cleaner.enable': 'false' }), ['v0', 'v1', 'v2', 'v3', 'v4', 'v5'])
})
