/**
 * OffsetFetch: how far groups have come. A partition without an offset is answered with -1 and no error, also of a group
 * that nobody knows; an error is that of the coordinator. v1 tells an error in each partition that was asked for, v2 for the
 * whole reply and null for all topics, v5 leader epochs, v6 flexible, v7 stable offsets (all are: there are no transactions
 * yet), v8 many groups, v9 member epochs, v10 topic ids.
 */
import { ZERO_UUID } from '../../base/uuid.ts'
import { type FetchedTopic, fetchOffsets, type WantedOffsets } from '../../core/group/views.ts'
import { type MetadataImage, topicById, topicByName } from '../../core/metadata/image.ts'
import type { GroupRead } from '../../runtime/services.ts'
import { errorCodeOf, type WireErrorName } from '../../spec/errors.ts'
import {
  type OffsetFetchGroup,
  type OffsetFetchGroupResponseInput,
  type OffsetFetchGroupTopicResponseInput,
  type OffsetFetchRequest,
  type OffsetFetchResponseInput,
  type OffsetFetchTopicResponseInput,
  offsetFetchApi,
} from '../../wire/gen/offset-fetch.ts'
import { type ApiContext, type Handler, serve } from './handler.ts'

const ERROR_OF_REPLY_SINCE = 2
const MANY_GROUPS_SINCE = 8
const TOPIC_IDS_SINCE = 10

export const handleOffsetFetch: Handler<OffsetFetchRequest, OffsetFetchResponseInput> = async (context, request) => {
  if (context.apiVersion < MANY_GROUPS_SINCE) return { body: await fetchOne(context, request) }
  const groups = await Promise.all(request.groups.map(group => fetchGroup(context, group)))
  return { body: { groups } }
}

export const offsetFetch = serve(offsetFetchApi, handleOffsetFetch)

async function fetchOne(context: ApiContext, request: OffsetFetchRequest): Promise<OffsetFetchResponseInput> {
  const { groupId, topics } = request
  const wanted = topics?.map(topic => ({ ...topic, topicId: ZERO_UUID })) ?? null
  const read = await readOffsets(context, groupId, wanted)
  if (read.error === 'NONE') return { topics: read.value.map(({ name, partitions }) => ({ name, partitions })) }
  if (context.apiVersion >= ERROR_OF_REPLY_SINCE) return { errorCode: errorCodeOf(read.error) }
  return { topics: (wanted ?? []).map(topic => refusedTopic(topic, read.error)) }
}

async function fetchGroup(context: ApiContext, group: OffsetFetchGroup): Promise<OffsetFetchGroupResponseInput> {
  const { groupId } = group
  if (context.apiVersion < TOPIC_IDS_SINCE) {
    const wanted = group.topics?.map(topic => ({ ...topic, topicId: ZERO_UUID })) ?? null
    const read = await readOffsets(context, groupId, wanted)
    return read.error === 'NONE' ? { groupId, topics: read.value } : refusedGroup(groupId, read.error)
  }
  return fetchById(context, group)
}

/** Offsets are kept by name: ids that do not exist are answered here. */
async function fetchById(
  context: ApiContext,
  { groupId, topics }: OffsetFetchGroup,
): Promise<OffsetFetchGroupResponseInput> {
  const image = context.services.image()
  const named = topics?.map(topic => ({ ...topic, name: topicById(image, topic.topicId)?.name ?? null })) ?? null
  const wanted = named?.flatMap(({ name, ...topic }) => (name === null ? [] : [{ ...topic, name }])) ?? null
  const read = await readOffsets(context, groupId, wanted)
  if (read.error !== 'NONE') return refusedGroup(groupId, read.error)
  if (named === null) return { groupId, topics: withIds(read.value, image) }
  let next = 0
  return {
    groupId,
    topics: named.map(({ topicId, partitionIndexes, name }) => {
      if (name === null) return { ...refusedTopic({ name: '', partitionIndexes }, 'UNKNOWN_TOPIC_ID'), topicId }
      return { topicId, partitions: read.value[next++]?.partitions ?? [] }
    }),
  }
}

/** Those of deleted topics, which are about to go, are left out: no id stands for them any more. */
function withIds(topics: readonly FetchedTopic[], image: MetadataImage): OffsetFetchGroupTopicResponseInput[] {
  return topics.flatMap(({ name, partitions }) => {
    const topic = topicByName(image, name)
    return topic === null ? [] : [{ topicId: topic.id, partitions }]
  })
}

function readOffsets(
  { services }: ApiContext,
  groupId: string,
  wanted: readonly WantedOffsets[] | null,
): Promise<GroupRead<readonly FetchedTopic[]>> {
  return services.groups.read(groupId, group => fetchOffsets(group, wanted))
}

function refusedGroup(groupId: string, error: WireErrorName): OffsetFetchGroupResponseInput {
  return { groupId, topics: [], errorCode: errorCodeOf(error) }
}

function refusedTopic(
  { name, partitionIndexes }: { readonly name: string; readonly partitionIndexes: readonly number[] },
  error: WireErrorName,
): OffsetFetchTopicResponseInput {
  const errorCode = errorCodeOf(error)
  return {
    name,
    partitions: partitionIndexes.map(partitionIndex => {
      return { partitionIndex, committedOffset: -1, metadata: '', errorCode }
    }),
  }
}
