/**
 * ListOffsets: the offset for a time, or for one of the special times. -1 the high watermark (the last stable offset for
 * readers of committed records), -2 the log start, -3 the record with the largest time (v7), -4 the local log start (v8),
 * -5 the last offset moved to tiered storage (v9), -6 the first one still to be moved (v11). A time without any later
 * record gives offset -1 and no error.
 *
 * v4 leader epochs, v6 flexible, v10 a timeout for tiered lookups (nothing is tiered here).
 */
import type { OffsetReply, PartitionName } from '../../runtime/services.ts'
import { errorCodeOf, type WireErrorName } from '../../spec/errors.ts'
import {
  type ListOffsetsPartition,
  type ListOffsetsRequest,
  type ListOffsetsResponseInput,
  listOffsetsApi,
} from '../../wire/gen/list-offsets.ts'
import { type ApiContext, type Handler, serve } from './handler.ts'
import { inGroups } from './turns.ts'

const READ_COMMITTED = 1
/** First version that has each special time. */
const SINCE: ReadonlyMap<number, number> = new Map([
  [-3, 7],
  [-4, 8],
  [-5, 9],
  [-6, 11],
])
const EARLIEST = -2
/** Lookups that may read the disk at the same time. */
const LOOKUPS_AT_ONCE = 32
const OFFSET_NOT_AVAILABLE_SINCE = 5

interface Lookup {
  readonly name: PartitionName
  readonly asked: ListOffsetsPartition
  readonly isTwice: boolean
}

export const handleListOffsets: Handler<ListOffsetsRequest, ListOffsetsResponseInput> = async (context, request) => {
  const lookups = lookupsOf(request)
  const readCommitted = request.isolationLevel === READ_COMMITTED
  const replies = await inGroups(lookups.flat(), LOOKUPS_AT_ONCE, lookup => look(context, lookup, readCommitted))
  let next = 0
  return {
    body: {
      topics: request.topics.map(topic => ({
        name: topic.name,
        partitions: topic.partitions.map(({ partitionIndex }) => {
          const { error, timestamp, offset, leaderEpoch } = replies[next++]!
          return { partitionIndex, errorCode: codeFor(context, error), timestamp, offset, leaderEpoch }
        }),
      })),
    },
  }
}

export const listOffsets = serve(listOffsetsApi, handleListOffsets)

/** A partition that is named twice is refused each time: its answers could not be told apart. */
function lookupsOf(request: ListOffsetsRequest): Lookup[][] {
  const times = new Map<string, number>()
  const keyOf = (topic: string, partition: number) => `${partition}/${topic}`
  for (const topic of request.topics) {
    for (const { partitionIndex } of topic.partitions) {
      const key = keyOf(topic.name, partitionIndex)
      times.set(key, (times.get(key) ?? 0) + 1)
    }
  }
  return request.topics.map(topic =>
    topic.partitions.map(asked => ({
      name: { topic: topic.name, topicId: null, partition: asked.partitionIndex },
      asked,
      isTwice: times.get(keyOf(topic.name, asked.partitionIndex)) !== 1,
    })),
  )
}

async function look(context: ApiContext, lookup: Lookup, readCommitted: boolean): Promise<OffsetReply> {
  const { timestamp, currentLeaderEpoch } = lookup.asked
  if (lookup.isTwice) return refused('INVALID_REQUEST')
  if (!isKnownTime(timestamp, context.apiVersion)) return refused('UNSUPPORTED_VERSION')
  return context.services.partitions.offsetFor(lookup.name, { timestamp, readCommitted, currentLeaderEpoch })
}

function isKnownTime(timestamp: number, apiVersion: number): boolean {
  if (timestamp >= EARLIEST) return true
  const since = SINCE.get(timestamp)
  return since !== undefined && apiVersion >= since
}

function refused(error: WireErrorName): OffsetReply {
  return { error, offset: -1, timestamp: -1, leaderEpoch: -1 }
}

function codeFor(context: ApiContext, error: WireErrorName): number {
  const isTooNew = error === 'OFFSET_NOT_AVAILABLE' && context.apiVersion < OFFSET_NOT_AVAILABLE_SINCE
  return errorCodeOf(isTooNew ? 'LEADER_NOT_AVAILABLE' : error)
}
