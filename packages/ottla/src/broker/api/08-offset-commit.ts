/**
 * OffsetCommit: how far a group has come, kept until it is told otherwise. Answered when durable, each partition by itself:
 * partitions that do not exist get 3, topic ids that do not exist 100. v2-4 a retention time of the client's own, v6 leader
 * epochs, v7 static members, v8 flexible, v9 member epochs and 69, v10 topic ids.
 */
import type { Uuid } from '../../base/uuid.ts'
import type { PartitionOutcome } from '../../core/group/events.ts'
import { type MetadataImage, type TopicImage, topicById, topicByName } from '../../core/metadata/image.ts'
import { errorCodeOf, type WireErrorName } from '../../spec/errors.ts'
import {
  type OffsetCommitRequest,
  type OffsetCommitResponseInput,
  type OffsetCommitTopic,
  offsetCommitApi,
} from '../../wire/gen/offset-commit.ts'
import { type ApiContext, type Handler, serve } from './handler.ts'

const TOPIC_IDS_SINCE = 10

/** A topic of the request: what of it goes to the group, and what is answered here. */
interface Sorted {
  readonly name: string
  readonly topicId: Uuid
  readonly kept: OffsetCommitTopic | null
  readonly refused: readonly PartitionOutcome[]
}

export const handleOffsetCommit: Handler<OffsetCommitRequest, OffsetCommitResponseInput> = async (context, request) => {
  const { services, apiVersion, signal } = context
  const image = services.image()
  const sorted = request.topics.map(topic => sort(context, image, topic))
  const topics = sorted.flatMap(({ kept }) => (kept === null ? [] : [kept]))
  if (topics.length === 0) return { body: bodyOf(sorted, []) }
  const body = { ...request, topics }
  const reply = await services.groups.ask(request.groupId, { type: 'offsetCommit', apiVersion, body }, signal)
  return { body: bodyOf(sorted, reply.topics) }
}

export const offsetCommit = serve(offsetCommitApi, handleOffsetCommit)

function sort({ apiVersion }: ApiContext, image: MetadataImage, asked: OffsetCommitTopic): Sorted {
  const isById = apiVersion >= TOPIC_IDS_SINCE
  const topic = isById ? topicById(image, asked.topicId) : topicByName(image, asked.name)
  const { name, topicId } = asked
  if (topic === null) {
    const error = isById ? 'UNKNOWN_TOPIC_ID' : 'UNKNOWN_TOPIC_OR_PARTITION'
    return { name, topicId, kept: null, refused: outcomes(asked.partitions, error) }
  }
  const isThere = (each: { readonly partitionIndex: number }) => topic.partitions[each.partitionIndex] !== undefined
  const kept = asked.partitions.filter(isThere)
  const missing = asked.partitions.filter(each => !isThere(each))
  return {
    name,
    topicId,
    kept: kept.length === 0 ? null : keptOf(topic, kept),
    refused: outcomes(missing, 'UNKNOWN_TOPIC_OR_PARTITION'),
  }
}

/** With the id also where the client gave a name: an offset is of this topic, not of the next one of that name. */
function keptOf({ name, id }: TopicImage, partitions: OffsetCommitTopic['partitions']): OffsetCommitTopic {
  return { name, topicId: id, partitions }
}

function outcomes(
  partitions: readonly { readonly partitionIndex: number }[],
  error: WireErrorName,
): readonly PartitionOutcome[] {
  return partitions.map(({ partitionIndex }) => ({ partitionIndex, error }))
}

/** `answered`: of the topics that went to the group, in their order. */
function bodyOf(
  sorted: readonly Sorted[],
  answered: readonly { readonly partitions: readonly PartitionOutcome[] }[],
): OffsetCommitResponseInput {
  let next = 0
  return {
    topics: sorted.map(({ name, topicId, kept, refused }) => {
      const partitions = kept === null ? refused : [...(answered[next++]?.partitions ?? []), ...refused]
      return {
        name,
        topicId,
        partitions: partitions.map(({ partitionIndex, error }) => ({ partitionIndex, errorCode: errorCodeOf(error) })),
      }
    }),
  }
}
