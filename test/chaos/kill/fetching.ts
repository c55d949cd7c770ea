/** Fetch requests for a few partitions, without a session, and their replies brought back to what was asked. */
import type { Offset } from '../../../packages/ottla/src/base/units.ts'
import type { Connection } from '../../../packages/ottla/src/client/connection.ts'
import { errorNameOf } from '../../../packages/ottla/src/spec/errors.ts'
import { type FetchPartitionData, fetchApi } from '../../../packages/ottla/src/wire/gen/fetch.ts'
import { listOffsetsApi } from '../../../packages/ottla/src/wire/gen/list-offsets.ts'
import type { Topic } from './topics.ts'

export interface Place {
  readonly topic: Topic
  readonly partition: number
}

export interface FetchOptions {
  readonly maxWaitMs: number
  /** Of the whole reply, and of each partition in it. Bytes. */
  readonly maxBytes: number
  readonly partitionMaxBytes: number
  /** Ask by topic id, or by name as older clients do. */
  readonly byId: boolean
}

/** First version that names topics by their id. */
const BY_ID_VERSION = 13
/** Of a special request for the first and the last offset. */
const EARLIEST_TIMESTAMP = -2
const LATEST_TIMESTAMP = -1

/** The reply to each of `wanted`, in its order. Throws when the reply as a whole is an error. */
export async function fetchFrom(
  connection: Connection,
  wanted: readonly (Place & { readonly from: Offset })[],
  options: FetchOptions,
): Promise<(FetchPartitionData | null)[]> {
  const topics = Map.groupBy(wanted, place => place.topic)
  const reply = await connection.request(
    fetchApi,
    {
      maxWaitMs: options.maxWaitMs,
      minBytes: 1,
      maxBytes: options.maxBytes,
      sessionId: 0,
      sessionEpoch: -1,
      topics: [...topics].map(([topic, places]) => ({
        topic: topic.name,
        topicId: topic.id,
        partitions: places.map(({ partition, from }) => ({
          partition,
          fetchOffset: from,
          partitionMaxBytes: options.partitionMaxBytes,
        })),
      })),
    },
    { version: options.byId ? connection.versionOf(fetchApi) : BY_ID_VERSION - 1 },
  )
  if (reply.errorCode !== 0) throw new Error(`Fetch was answered ${errorNameOf(reply.errorCode) ?? reply.errorCode}`)
  return wanted.map(({ topic: { name, id }, partition }) => {
    const found = reply.responses.find(({ topic, topicId }) => topic === name || topicId === id)
    return found?.partitions.find(({ partitionIndex }) => partitionIndex === partition) ?? null
  })
}

/** Where the log begins, and its high watermark. Throws on any error. */
export async function offsetRange(
  connection: Connection,
  place: Place,
): Promise<{ readonly start: Offset; readonly end: Offset }> {
  const [start, end] = await Promise.all([
    listOffset(connection, place, EARLIEST_TIMESTAMP),
    listOffset(connection, place, LATEST_TIMESTAMP),
  ])
  return { start, end }
}

async function listOffset(connection: Connection, { topic, partition }: Place, timestamp: number): Promise<Offset> {
  const reply = await connection.request(listOffsetsApi, {
    topics: [{ name: topic.name, partitions: [{ partitionIndex: partition, timestamp }] }],
  })
  const answer = reply.topics[0]?.partitions[0]
  if (answer?.errorCode === 0) return answer.offset
  const error = answer === undefined ? 'not at all' : errorNameOf(answer.errorCode)
  throw new Error(`ListOffsets of ${topic.name}-${partition} was answered ${error}`)
}
