/** The topics of an epoch, and the requests that make, look for and trim them. */
import type { Prng } from '../../../packages/ottla/src/base/random.ts'
import type { Uuid } from '../../../packages/ottla/src/base/uuid.ts'
import type { Connection } from '../../../packages/ottla/src/client/connection.ts'
import type { Compaction } from '../../../packages/ottla/src/sim/checkers/keyed.ts'
import { errorNameOf } from '../../../packages/ottla/src/spec/errors.ts'
import { createTopicsApi } from '../../../packages/ottla/src/wire/gen/create-topics.ts'
import { deleteRecordsApi } from '../../../packages/ottla/src/wire/gen/delete-records.ts'
import { metadataApi } from '../../../packages/ottla/src/wire/gen/metadata.ts'

export type Durability = 'disk' | 'page-cache' | 'memory'

export interface TopicPlan {
  readonly name: string
  readonly partitions: number
  /** Largest batch that producers write to it. Bytes. */
  readonly batchBytesMax: number
  /** Null: every record stays until it is deleted. Else none is deleted but by its key. */
  readonly compaction: Compaction | null
  readonly configs: Readonly<Record<string, string>>
}

/** A topic that the broker said it made. */
export interface Topic extends TopicPlan {
  readonly id: Uuid
}

const KIB = 1024
const BATCH_BYTES_MAX = 1_000_000
/** Longer than any epoch. */
const NEVER_MS = 86_400_000

/**
 * Of each durability: one topic whose segments roll all the time, one that rolls by time, one as a person makes it, and
 * where anything reaches a file, one that is compacted.
 */
export function planTopics(durabilities: readonly Durability[], random: Prng): TopicPlan[] {
  return durabilities.flatMap(durability => [
    {
      name: `${durability}-small`,
      partitions: 3,
      batchBytesMax: 100 * KIB,
      compaction: null,
      configs: {
        durability,
        'segment.bytes': String(random.int(128, 512) * KIB),
        'index.interval.bytes': String(random.pick([0, 512, 4096])),
        'segment.index.bytes': String(random.pick([256, 4096, 65_536])),
      },
    },
    {
      name: `${durability}-timed`,
      partitions: 1,
      batchBytesMax: BATCH_BYTES_MAX,
      compaction: null,
      configs: { durability, 'segment.ms': String(random.int(50, 1500)), 'produce.validation': 'strict' },
    },
    {
      name: `${durability}-large`,
      partitions: 2,
      batchBytesMax: BATCH_BYTES_MAX,
      compaction: null,
      configs: { durability },
    },
    ...(durability === 'memory' ? [] : [planCompacted(durability, random)]),
  ])
}

/** Small segments, and keys that come again soon: the cleaner has something to do at every moment. */
function planCompacted(durability: Durability, random: Prng): TopicPlan {
  const forgetsDeletions = random.chance(0.6)
  return {
    name: `${durability}-compacted`,
    partitions: 2,
    batchBytesMax: 4 * KIB,
    compaction: { keys: random.pick([20, 500, 5_000]), forgetsDeletions },
    configs: {
      durability,
      'cleanup.policy': 'compact',
      'segment.bytes': String(random.int(8, 32) * KIB),
      'delete.retention.ms': forgetsDeletions ? random.pick(['0', '500']) : String(NEVER_MS),
    },
  }
}

export function partitionName(topic: string, partition: number): string {
  return `${topic}-${partition}`
}

/** Throws when the broker refuses. Rejects with a ConnectionError when the answer is unknown. */
export async function createTopic(connection: Connection, plan: TopicPlan): Promise<Topic> {
  const configs = Object.entries(plan.configs).map(([name, value]) => ({ name, value }))
  const reply = await connection.request(createTopicsApi, {
    topics: [{ name: plan.name, numPartitions: plan.partitions, replicationFactor: 1, configs }],
    timeoutMs: 30_000,
  })
  const made = reply.topics[0]
  if (made?.errorCode !== 0) {
    const error = made === undefined ? 'no answer' : `${errorNameOf(made.errorCode)} ${made.errorMessage ?? ''}`
    throw new Error(`topic ${plan.name} cannot be made: ${error}`)
  }
  return { ...plan, id: made.topicId }
}

/** What is wrong with the topics that were made, in words; empty when nothing is. */
export async function missingTopics(connection: Connection, topics: readonly Topic[]): Promise<string[]> {
  const reply = await connection.request(metadataApi, { topics: null })
  const known = new Map(reply.topics.map(topic => [topic.name, topic]))
  return topics.flatMap(topic => {
    const found = known.get(topic.name)
    if (found === undefined) return [`topic ${topic.name} was made and is gone`]
    if (found.topicId !== topic.id) return [`topic ${topic.name} was made with id ${topic.id} and has ${found.topicId}`]
    if (found.partitions.length === topic.partitions) return []
    return [`topic ${topic.name} was made with ${topic.partitions} partitions and has ${found.partitions.length}`]
  })
}

/** Deletes what lies below `offset`. Returns the error's name, or null when the broker did it. */
export async function trimPartition(
  connection: Connection,
  place: { readonly topic: string; readonly partition: number },
  offset: number,
): Promise<string | null> {
  const reply = await connection.request(deleteRecordsApi, {
    topics: [{ name: place.topic, partitions: [{ partitionIndex: place.partition, offset }] }],
    timeoutMs: 30_000,
  })
  const code = reply.topics[0]?.partitions[0]?.errorCode
  if (code === 0) return null
  return code === undefined ? 'no answer' : (errorNameOf(code) ?? `error ${code}`)
}
