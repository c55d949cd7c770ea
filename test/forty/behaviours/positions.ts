/** Behaviours 21 to 24, 26 and 27: fetch sessions, topic ids, leader epochs, offsets by time. */
import assert from 'node:assert/strict'
import { ZERO_UUID } from '../../../packages/ottla/src/base/uuid.ts'
import { deleteTopicsApi } from '../../../packages/ottla/src/wire/gen/delete-topics.ts'
import { type FetchRequestInput, fetchApi } from '../../../packages/ottla/src/wire/gen/fetch.ts'
import { metadataApi } from '../../../packages/ottla/src/wire/gen/metadata.ts'
import { offsetForLeaderEpochApi } from '../../../packages/ottla/src/wire/gen/offset-for-leader-epoch.ts'
import { type Behaviour, behaviour, notApplicable } from '../behaviour.ts'
import type { TestCluster, TestTopic } from '../cluster.ts'
import { errorText } from '../errors.ts'
import { FETCH_BY_ID, FETCH_BY_NAME, fetchFrom, listOffset, PRODUCE_BY_ID, produce, produced } from '../messages.ts'
import { batchOf } from '../records.ts'

const NOBODYS_ID = 'q83vEjRWeJCrze8SNFZ4kA'

export const positionBehaviours: readonly Behaviour[] = [
  behaviour(
    21,
    'fetch sessions: created, continued by number, closed; what did not change is left out',
    async cluster => {
      const topic = await cluster.topic(2)
      const partition = (index: number, fetchOffset: number) => ({
        partition: index,
        fetchOffset,
        partitionMaxBytes: 1 << 20,
      })
      const ask = (session: Partial<FetchRequestInput>, version = FETCH_BY_NAME) =>
        cluster.ask(fetchApi, { maxWaitMs: 0, minBytes: 0, topics: [], ...session }, version)
      const both = [{ topic: topic.name, topicId: topic.id, partitions: [partition(0, 0), partition(1, 0)] }]

      const sessionless = await ask({ sessionId: 0, sessionEpoch: -1, topics: both })
      assert.equal(sessionless.sessionId, 0)
      const created = await ask({ sessionId: 0, sessionEpoch: 0, topics: both })
      const sessionId = created.sessionId
      assert.ok(sessionId > 0, 'a session was made')
      assert.equal(created.responses[0]!.partitions.length, 2, 'the first reply is full')
      const idle = await ask({ sessionId, sessionEpoch: 1 })
      assert.deepEqual([errorText(idle.errorCode), idle.sessionId, idle.responses.length], ['NONE', sessionId, 0])
      await produced(cluster, topic, batchOf(['a']), { partition: 1 })
      const changed = await ask({ sessionId, sessionEpoch: 2 })
      assert.deepEqual(
        changed.responses[0]!.partitions.map(each => each.partitionIndex),
        [1],
      )
      const moved = await ask({ sessionId, sessionEpoch: 3, topics: [{ ...both[0]!, partitions: [partition(1, 1)] }] })
      assert.equal(errorText(moved.errorCode), 'NONE')
      const forgotten = [{ topic: topic.name, topicId: topic.id, partitions: [0] }]
      assert.equal(
        errorText((await ask({ sessionId, sessionEpoch: 4, forgottenTopicsData: forgotten })).errorCode),
        'NONE',
      )
      await produced(cluster, topic, batchOf(['b']), { partition: 0 })
      assert.deepEqual(
        (await ask({ sessionId, sessionEpoch: 5 })).responses,
        [],
        'a forgotten partition is not fetched',
      )
      const wrongEpoch = await ask({ sessionId, sessionEpoch: 9 })
      assert.equal(errorText(wrongEpoch.errorCode), 'INVALID_FETCH_SESSION_EPOCH')
      const mixed = await ask({ sessionId, sessionEpoch: 6 }, FETCH_BY_ID)
      assert.equal(errorText(mixed.errorCode), 'FETCH_SESSION_TOPIC_ID_ERROR', 'names and ids do not mix')
      const closed = await ask({ sessionId, sessionEpoch: -1, topics: both })
      assert.deepEqual([errorText(closed.errorCode), closed.sessionId], ['NONE', 0])
      const gone = await ask({ sessionId, sessionEpoch: 6 })
      assert.equal(errorText(gone.errorCode), 'FETCH_SESSION_ID_NOT_FOUND')
    },
  ),

  behaviour(
    22,
    'an unknown topic id is UNKNOWN_TOPIC_ID, an unknown name UNKNOWN_TOPIC_OR_PARTITION; a new topic has a new id',
    async cluster => {
      const topic = await cluster.topic()
      assert.equal(await produced(cluster, topic, batchOf(['a']), { version: PRODUCE_BY_ID }), 0)
      assert.equal((await fetchFrom(cluster, topic, 0, { version: FETCH_BY_ID })).batches.length, 1)
      for (const id of [NOBODYS_ID, ZERO_UUID]) {
        const nobodys = { name: topic.name, id }
        const written = await produce(cluster, nobodys, batchOf(['b']), { version: PRODUCE_BY_ID })
        assert.equal(written.error, 'UNKNOWN_TOPIC_ID', `produce to ${id}`)
        const read = await fetchFrom(cluster, nobodys, 0, { version: FETCH_BY_ID })
        assert.equal(read.error, 'UNKNOWN_TOPIC_ID', `fetch of ${id}`)
      }
      const missing = cluster.freshName()
      assert.equal((await produce(cluster, missing, batchOf(['b']))).error, 'UNKNOWN_TOPIC_OR_PARTITION')
      assert.equal((await fetchFrom(cluster, missing, 0)).error, 'UNKNOWN_TOPIC_OR_PARTITION')
      assert.equal((await fetchFrom(cluster, topic, 0, { partition: 5 })).error, 'UNKNOWN_TOPIC_OR_PARTITION')

      const request = { topics: [{ name: topic.name }], topicNames: [topic.name], timeoutMs: 10_000 }
      const deleted = await cluster.ask(deleteTopicsApi, request)
      assert.equal(errorText(deleted.responses[0]!.errorCode), 'NONE')
      const goneId = await cluster.ask(
        deleteTopicsApi,
        { topics: [{ topicId: topic.id, name: null }], timeoutMs: 10_000 },
        6,
      )
      assert.equal(errorText(goneId.responses[0]!.errorCode), 'UNKNOWN_TOPIC_ID')
      const goneName = await cluster.ask(deleteTopicsApi, { topicNames: [topic.name], timeoutMs: 10_000 }, 5)
      assert.equal(errorText(goneName.responses[0]!.errorCode), 'UNKNOWN_TOPIC_OR_PARTITION')
      const again = await cluster.topic(1, {}, topic.name)
      assert.notEqual(again.id, topic.id)
      const stale = await produce(cluster, topic, batchOf(['c']), { version: PRODUCE_BY_ID })
      assert.equal(stale.error, 'UNKNOWN_TOPIC_ID')
      assert.equal((await fetchFrom(cluster, topic, 0, { version: FETCH_BY_ID })).error, 'UNKNOWN_TOPIC_ID')
      assert.equal(
        (await fetchFrom(cluster, again, 0, { version: FETCH_BY_ID })).highWatermark,
        0,
        'the new one is empty',
      )
    },
  ),

  behaviour(
    23,
    'current_leader_epoch is checked; a last_fetched_epoch that does not fit gets the diverging epoch',
    async cluster => {
      const topic = await cluster.topic()
      await produced(cluster, topic, batchOf(['a']))
      const epoch = await leaderEpoch(cluster, topic.name)
      const error = async (currentLeaderEpoch: number) =>
        (await fetchFrom(cluster, topic, 0, { currentLeaderEpoch })).error
      assert.equal(await error(epoch + 1), 'UNKNOWN_LEADER_EPOCH')
      assert.equal(await error(epoch), 'NONE')
      assert.equal(await error(-1), 'NONE')
      await cluster.restart()
      await cluster.untilLed(topic.name, 1)
      const later = await leaderEpoch(cluster, topic.name)
      assert.ok(later > epoch, 'a restart begins a new leader epoch')
      assert.equal(await error(epoch), 'FENCED_LEADER_EPOCH')
      const listed = await listOffset(cluster, topic.name, -1, { currentLeaderEpoch: epoch })
      assert.equal(listed.error, 'FENCED_LEADER_EPOCH')
      const tooNew = await listOffset(cluster, topic.name, -1, { currentLeaderEpoch: later + 1 })
      assert.equal(tooNew.error, 'UNKNOWN_LEADER_EPOCH')
      const fits = await fetchFrom(cluster, topic, 1, { lastFetchedEpoch: epoch })
      assert.deepEqual([fits.error, fits.divergingEpoch], ['NONE', { epoch: -1, endOffset: -1 }])
      await produced(cluster, topic, batchOf(['b', 'c']))
      const diverges = await fetchFrom(cluster, topic, 2, { lastFetchedEpoch: epoch })
      assert.deepEqual([diverges.error, diverges.divergingEpoch], ['NONE', { epoch, endOffset: 1 }])
      assert.equal(diverges.batches.length, 0)
    },
  ),

  notApplicable(24, 'NOT_LEADER_OR_FOLLOWER names the leader', 'needs a second broker'),

  behaviour(
    26,
    'ListOffsets finds the ends, the newest time, and the first record at or after a time',
    async cluster => {
      const topic = await cluster.topic()
      const empty = await listOffset(cluster, topic.name, -3)
      assert.deepEqual([empty.error, empty.offset, empty.timestamp], ['NONE', -1, -1], 'the newest time of nothing')
      const now = Date.now()
      await produced(cluster, topic, batchOf([at(now - 3_000), at(now - 1_000)]))
      await produced(cluster, topic, batchOf([at(now), at(now - 2_000)]))
      const find = async (timestamp: number, options = {}) => {
        const { error, offset, timestamp: found } = await listOffset(cluster, topic.name, timestamp, options)
        return [error, offset, found]
      }
      assert.deepEqual(await find(-1), ['NONE', 4, -1])
      assert.deepEqual(await find(-1, { isolationLevel: 1 }), ['NONE', 4, -1], 'read_committed: the last stable offset')
      assert.deepEqual(await find(-2), ['NONE', 0, -1])
      assert.deepEqual(await find(-3), ['NONE', 2, now])
      assert.deepEqual(await find(-4), ['NONE', 0, -1], 'the local start is the start')
      assert.deepEqual(await find(-5), ['NONE', -1, -1], 'nothing is tiered')
      assert.deepEqual(await find(now - 3_000), ['NONE', 0, now - 3_000])
      assert.deepEqual(await find(now - 2_999), ['NONE', 1, now - 1_000])
      assert.deepEqual(await find(now - 999), ['NONE', 2, now])
      assert.deepEqual(await find(now + 1), ['NONE', -1, -1], 'no record is that new')
      assert.deepEqual(await find(0), ['NONE', 0, now - 3_000])
      assert.deepEqual(await find(-6, { version: 11 }), ['NONE', -1, -1], 'nothing is to be tiered')
      const missing = await listOffset(cluster, cluster.freshName(), -1)
      assert.deepEqual([missing.error, missing.offset, missing.timestamp], ['UNKNOWN_TOPIC_OR_PARTITION', -1, -1])
    },
  ),

  behaviour(27, 'OffsetForLeaderEpoch: the end of the epoch asked for, or of the one before it', async cluster => {
    const topic = await cluster.topic()
    const first = await leaderEpoch(cluster, topic.name)
    await produced(cluster, topic, batchOf(['a', 'b', 'c']))
    assert.deepEqual(await endOfEpoch(cluster, topic, first), ['NONE', first, 3])
    assert.deepEqual(await endOfEpoch(cluster, topic, first + 1), ['NONE', -1, -1], 'an epoch to come')
    await cluster.restart()
    await cluster.untilLed(topic.name, 1)
    const second = await leaderEpoch(cluster, topic.name)
    await produced(cluster, topic, batchOf(['d', 'e']))
    assert.deepEqual(await endOfEpoch(cluster, topic, first), ['NONE', first, 3])
    assert.deepEqual(await endOfEpoch(cluster, topic, second), ['NONE', second, 5])
    assert.deepEqual(await endOfEpoch(cluster, topic, second + 1), ['NONE', -1, -1])
    assert.deepEqual(await endOfEpoch(cluster, topic, second, second + 1), ['UNKNOWN_LEADER_EPOCH', -1, -1])
    assert.deepEqual(await endOfEpoch(cluster, topic, second, first), ['FENCED_LEADER_EPOCH', -1, -1])
    const missing = { name: cluster.freshName(), id: NOBODYS_ID }
    assert.deepEqual(await endOfEpoch(cluster, missing, 0), ['UNKNOWN_TOPIC_OR_PARTITION', -1, -1])
    const beforeAll = await endOfEpoch(cluster, topic, -1)
    assert.deepEqual(beforeAll, ['NONE', -1, -1], 'no epoch')
  }),
]

const at = (timestampMs: number) => ({ value: 'x', timestampMs })

async function leaderEpoch(cluster: TestCluster, topic: string): Promise<number> {
  const { topics } = await cluster.ask(metadataApi, { topics: [{ name: topic }], allowAutoTopicCreation: false })
  return topics[0]!.partitions[0]!.leaderEpoch
}

async function endOfEpoch(cluster: TestCluster, topic: TestTopic, leaderEpoch: number, currentLeaderEpoch = -1) {
  const partitions = [{ partition: 0, leaderEpoch, currentLeaderEpoch }]
  const { topics } = await cluster.ask(offsetForLeaderEpochApi, { topics: [{ topic: topic.name, partitions }] })
  const found = topics[0]!.partitions[0]!
  return [errorText(found.errorCode), found.leaderEpoch, found.endOffset]
}
