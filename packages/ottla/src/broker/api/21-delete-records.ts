/**
 * DeleteRecords: moves the start of a partition's log up to an offset; -1 means the high watermark, an offset above it is
 * refused with 1, and any with 44 where `cleanup.policy` does not delete. The reply leaves when the new starts are
 * durable, or after `timeoutMs` with 7 for those that are not yet, which may be moved all the same. It tells the new low
 * watermark, -1 on error.
 */

import { errorCodeOf } from '../../spec/errors.ts'
import {
  type DeleteRecordsRequest,
  type DeleteRecordsResponseInput,
  deleteRecordsApi,
} from '../../wire/gen/delete-records.ts'
import { type Handler, serve } from './handler.ts'
import { inGroups } from './turns.ts'

const PARTITIONS_AT_ONCE = 32

export const handleDeleteRecords: Handler<DeleteRecordsRequest, DeleteRecordsResponseInput> = async (
  context,
  request,
) => {
  const { partitions, clock } = context.services
  const deadlineMs = clock.monoMs() + request.timeoutMs
  const wanted = request.topics.flatMap(topic =>
    topic.partitions.map(({ partitionIndex, offset }) => ({
      name: { topic: topic.name, topicId: null, partition: partitionIndex },
      offset,
    })),
  )
  const done = await inGroups(wanted, PARTITIONS_AT_ONCE, ({ name, offset }) =>
    partitions.deleteRecords(name, { offset, timeoutMs: Math.max(0, deadlineMs - clock.monoMs()) }),
  )
  let next = 0
  return {
    body: {
      topics: request.topics.map(topic => ({
        name: topic.name,
        partitions: topic.partitions.map(({ partitionIndex }) => {
          const { error, lowWatermark } = done[next++]!
          return { partitionIndex, lowWatermark, errorCode: errorCodeOf(error) }
        }),
      })),
    },
  }
}

export const deleteRecords = serve(deleteRecordsApi, handleDeleteRecords)
