/** Behaviours 39 and 40: transactions and quotas, as far as one plain broker shows them. */
import assert from 'node:assert/strict'
import { describeClusterApi } from '../../../packages/ottla/src/wire/gen/describe-cluster.ts'
import { fetchApi } from '../../../packages/ottla/src/wire/gen/fetch.ts'
import { metadataApi } from '../../../packages/ottla/src/wire/gen/metadata.ts'
import { type Behaviour, behaviour, notApplicable } from '../behaviour.ts'
import { FETCH_BY_NAME, fetchRequest, listOffset, produce } from '../messages.ts'
import { batchOf } from '../records.ts'

export const limitBehaviours: readonly Behaviour[] = [
  notApplicable(39, 'CONCURRENT_TRANSACTIONS while markers are in flight', 'needs transactions'),

  behaviour(40, 'without quotas throttle_time_ms is there and 0', async cluster => {
    const topic = await cluster.topic()
    for (const version of [3, 8, 11]) {
      assert.equal((await produce(cluster, topic, batchOf(['a']), { version })).throttleTimeMs, 0)
    }
    const fetched = await cluster.ask(fetchApi, fetchRequest(topic, 0), FETCH_BY_NAME)
    const metadata = await cluster.ask(metadataApi, { topics: [] }, 9)
    const described = await cluster.ask(describeClusterApi, {}, 0)
    assert.deepEqual([fetched.throttleTimeMs, metadata.throttleTimeMs, described.throttleTimeMs], [0, 0, 0])
    assert.equal((await listOffset(cluster, topic.name, -1)).offset, 3)
  }),
]
