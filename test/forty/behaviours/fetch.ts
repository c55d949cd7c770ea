/** Behaviours 17 to 20 and 25: how long Fetch waits, and what it returns. */
import assert from 'node:assert/strict'
import type { Connection } from '../../../packages/ottla/src/client/connection.ts'
import { Codec } from '../../../packages/ottla/src/wire/batch/header.ts'
import { deleteRecordsApi } from '../../../packages/ottla/src/wire/gen/delete-records.ts'
import { fetchApi } from '../../../packages/ottla/src/wire/gen/fetch.ts'
import { produceApi } from '../../../packages/ottla/src/wire/gen/produce.ts'
import { type Behaviour, behaviour } from '../behaviour.ts'
import { errorText } from '../errors.ts'
import { eventually, timed } from '../eventually.ts'
import { FETCH_BY_NAME, fetchFrom, type fetchRequest, produced } from '../messages.ts'
import { batchesIn, batchOf } from '../records.ts'

const LONG_WAIT_MS = 8_000
/** Far below the long wait, far above what a busy machine needs. */
const AT_ONCE_MS = 4_000

export const fetchBehaviours: readonly Behaviour[] = [
  behaviour(17, 'Fetch waits for min_bytes or max_wait, but not when there is something to say', async cluster => {
    const topic = await cluster.topic(2)
    const waited = await timed(() => fetchFrom(cluster, topic, 0, { maxWaitMs: 400 }))
    assert.ok(waited.tookMs >= 395, `an empty partition was waited for ${waited.tookMs} ms`)
    assert.equal(waited.result.batches.length, 0)

    const reading = timed(() => fetchFrom(cluster, topic, 0, { maxWaitMs: LONG_WAIT_MS }))
    assert.equal(await produceOn(await cluster.connect(), topic.name), 'NONE')
    const found = await reading
    assert.ok(found.tookMs < AT_ONCE_MS, `a record ended the wait after ${found.tookMs} ms`)
    assert.equal(found.result.batches.length, 1)

    const short = await timed(() => fetchFrom(cluster, topic, 0, { maxWaitMs: 400, minBytes: 100_000 }))
    assert.ok(short.tookMs >= 395, 'too few bytes are waited with')
    assert.equal(short.result.batches.length, 1, 'and come when the time is over')

    const atOnce = async (what: string, request: Parameters<typeof fetchRequest>[2] & { fetchOffset?: number }) => {
      const { fetchOffset = 1, ...options } = request
      const { tookMs } = await timed(() =>
        fetchFrom(cluster, topic, fetchOffset, { maxWaitMs: LONG_WAIT_MS, ...options }),
      )
      assert.ok(tookMs < AT_ONCE_MS, `${what} was held back ${tookMs} ms`)
    }
    await atOnce('an offset out of range', { fetchOffset: 99 })
    await atOnce('an unknown partition', { partition: 7 })
    await atOnce('a wrong leader epoch', { currentLeaderEpoch: 9 })
    await atOnce('a diverging epoch', { lastFetchedEpoch: 9 })
    const none = await timed(() =>
      cluster.ask(fetchApi, { maxWaitMs: LONG_WAIT_MS, minBytes: 1, topics: [] }, FETCH_BY_NAME),
    )
    assert.ok(none.tookMs < AT_ONCE_MS, `no partitions were waited for ${none.tookMs} ms`)
  }),

  behaviour(18, 'the first batch comes whole whatever the limits, later partitions get what is left', async cluster => {
    const topic = await cluster.topic(3)
    const batch = batchOf(['x'.repeat(5_000)])
    for (const partition of [0, 1, 2]) {
      await produced(cluster, topic, batch, { partition })
      await produced(cluster, topic, batch, { partition })
    }
    const one = await fetchFrom(cluster, topic, 0, { partitionMaxBytes: 100 })
    assert.deepEqual(
      one.batches.map(each => each.bytes.length),
      [batch.length],
    )
    const sizes = async (maxBytes: number, partitionMaxBytes: number) => {
      const partitions = [0, 1, 2].map(partition => ({ partition, fetchOffset: 0, partitionMaxBytes }))
      const request = { maxWaitMs: 0, minBytes: 1, maxBytes, topics: [{ topic: topic.name, partitions }] }
      const reply = await cluster.ask(fetchApi, request, FETCH_BY_NAME)
      const found = reply.responses.flatMap(each => each.partitions)
      assert.equal(found.length, 3)
      return found.map(each => batchesIn(each.records).length)
    }
    assert.deepEqual(await sizes(1, 1 << 20), [1, 0, 0], 'max_bytes 1')
    assert.deepEqual(await sizes(1 << 20, 1), [1, 0, 0], 'only the first of all partitions may exceed its limit')
    assert.deepEqual(await sizes(batch.length * 3, 1 << 20), [2, 1, 0], 'the second gets the rest')
    assert.deepEqual(await sizes(1 << 20, batch.length), [1, 1, 1])
  }),

  behaviour(
    19,
    'Fetch returns whole batches, from the one that holds the offset; compaction leaves gaps',
    async cluster => {
      const topic = await cluster.topic()
      await produced(cluster, topic, batchOf(['a', 'b', 'c']))
      await produced(cluster, topic, batchOf(['d', 'e', 'f']))
      const { batches } = await fetchFrom(cluster, topic, 4)
      assert.deepEqual(
        batches.map(batch => batch.offsets),
        [[3, 4, 5]],
      )

      const compacted = await cluster.topic(1, {
        'cleanup.policy': 'compact',
        'min.cleanable.dirty.ratio': '0.01',
        'min.compaction.lag.ms': '0',
        'segment.ms': '50',
      })
      const writes = [
        ['a', '1'],
        ['b', '1'],
        ['a', '2'],
        ['c', '1'],
        ['a', '3'],
      ] as const
      for (const [key, value] of writes) await produced(cluster, compacted, batchOf([{ key, value }]))
      // A segment rolls when something is appended after its time: the last one is never cleaned.
      let lastSeen = ''
      await eventually('the first record of key a is compacted away', async () => {
        await produced(cluster, compacted, batchOf([{ key: 'filler', value: 'x' }]))
        const found = (await fetchFrom(cluster, compacted, 0)).batches
        lastSeen = found.flatMap(each => each.keys).join()
        return lastSeen.startsWith('b,c,a')
      }).catch(error => assert.fail(`${error.message}; the log holds ${lastSeen.slice(0, 80)}`))
      const kept = (await fetchFrom(cluster, compacted, 0)).batches.flatMap(each => each.offsets)
      assert.deepEqual(kept.slice(0, 3), [1, 3, 4], 'offsets stay with their records')
      const inGap = (await fetchFrom(cluster, compacted, 2)).batches[0]!
      assert.equal(inGap.offsets[0], 3, 'an offset in a gap gives what follows')
    },
  ),

  behaviour(20, 'an offset beyond the ends is OFFSET_OUT_OF_RANGE, at the end there is nothing', async cluster => {
    const topic = await cluster.topic()
    await produced(cluster, topic, batchOf(['a', 'b', 'c', 'd']))
    const request = { topics: [{ name: topic.name, partitions: [{ partitionIndex: 0, offset: 2 }] }], timeoutMs: 5_000 }
    const deleted = await cluster.ask(deleteRecordsApi, request)
    assert.equal(errorText(deleted.topics[0]!.partitions[0]!.errorCode), 'NONE')
    for (const offset of [0, 1, 5, -1, 2 ** 52]) {
      const { error, batches } = await fetchFrom(cluster, topic, offset)
      assert.equal(error, 'OFFSET_OUT_OF_RANGE', `offset ${offset}`)
      assert.equal(batches.length, 0)
    }
    const atEnd = await fetchFrom(cluster, topic, 4)
    assert.deepEqual([atEnd.error, atEnd.batches.length, atEnd.highWatermark, atEnd.logStartOffset], ['NONE', 0, 4, 2])
    const atStart = await fetchFrom(cluster, topic, 2)
    assert.deepEqual([atStart.error, atStart.lastStableOffset], ['NONE', 4])
    assert.deepEqual(
      atStart.batches.map(batch => batch.offsets),
      [[0, 1, 2, 3]],
      'the batch that holds the start is whole',
    )
  }),

  behaviour(25, 'zstd and a fetch before version 10, whose sender cannot know it', async cluster => {
    const topic = await cluster.topic(1, { 'compression.type': 'zstd' })
    await produced(cluster, topic, batchOf(['a', 'b'], { codec: Codec.zstd }))
    const old = await fetchFrom(cluster, topic, 0, { version: 9 })
    assert.equal(old.error, cluster.either('zstd-to-old-readers'), 'of a topic whose codec is zstd')
    assert.equal(old.batches.length, old.error === 'NONE' ? 1 : 0)
    const found = await fetchFrom(cluster, topic, 0, { version: 10 })
    assert.deepEqual([found.error, found.batches[0]!.values], ['NONE', ['a', 'b']])
    const mixed = await cluster.topic()
    await produced(cluster, mixed, batchOf(['a', 'b'], { codec: Codec.zstd }))
    const asItIs = await fetchFrom(cluster, mixed, 0, { version: 9 })
    assert.deepEqual([asItIs.error, asItIs.batches.length], ['NONE', 1], 'batches are not searched for it')
  }),
]

async function produceOn(connection: Connection, topic: string): Promise<string> {
  const topicData = [{ name: topic, partitionData: [{ index: 0, records: batchOf(['a']) }] }]
  const reply = await connection.request(produceApi, { acks: 1, timeoutMs: 5_000, topicData }, { version: 9 })
  return errorText(reply.responses[0]!.partitionResponses[0]!.errorCode)
}
