/**
 * OffsetDelete: forget offsets of topics that a group does not read any more. One that its members are subscribed to: 86, a
 * partition that does not exist: 3; what was not committed is no error.
 */
import type { OffsetDeleteReply, PartitionOutcome } from '../../core/group/events.ts'
import { type MetadataImage, topicByName } from '../../core/metadata/image.ts'
import { errorCodeOf } from '../../spec/errors.ts'
import {
  type OffsetDeleteRequest,
  type OffsetDeleteResponseInput,
  type OffsetDeleteTopic,
  offsetDeleteApi,
} from '../../wire/gen/offset-delete.ts'
import { type Handler, serve } from './handler.ts'

export const handleOffsetDelete: Handler<OffsetDeleteRequest, OffsetDeleteResponseInput> = async (context, request) => {
  const { services, signal } = context
  const sorted = request.topics.map(topic => sort(services.image(), topic))
  const topics = sorted.map(({ kept }) => kept).filter(({ partitions }) => partitions.length > 0)
  const body = { ...request, topics }
  const reply = await services.groups.ask(request.groupId, { type: 'offsetDelete', body }, signal)
  if (reply.error !== 'NONE') return { body: { errorCode: errorCodeOf(reply.error), topics: [] } }
  return { body: { topics: answers(sorted, reply.topics) } }
}

export const offsetDelete = serve(offsetDeleteApi, handleOffsetDelete)

/** A topic of the request: what of it goes to the group, and what is answered here. */
interface Sorted {
  readonly kept: OffsetDeleteTopic
  readonly refused: readonly PartitionOutcome[]
}

function sort(image: MetadataImage, { name, partitions }: OffsetDeleteTopic): Sorted {
  const topic = topicByName(image, name)
  const isThere = (partitionIndex: number) => topic?.partitions[partitionIndex] !== undefined
  return {
    kept: { name, partitions: partitions.filter(({ partitionIndex }) => isThere(partitionIndex)) },
    refused: partitions
      .filter(({ partitionIndex }) => !isThere(partitionIndex))
      .map(({ partitionIndex }) => ({ partitionIndex, error: 'UNKNOWN_TOPIC_OR_PARTITION' })),
  }
}

/** `answered`: of the topics that went to the group, in their order. */
function answers(
  sorted: readonly Sorted[],
  answered: OffsetDeleteReply['topics'],
): OffsetDeleteResponseInput['topics'] {
  let next = 0
  return sorted.map(({ kept, refused }) => {
    const done = kept.partitions.length === 0 ? [] : (answered[next++]?.partitions ?? [])
    return {
      name: kept.name,
      partitions: [...done, ...refused].map(({ partitionIndex, error }) => {
        return { partitionIndex, errorCode: errorCodeOf(error) }
      }),
    }
  })
}
