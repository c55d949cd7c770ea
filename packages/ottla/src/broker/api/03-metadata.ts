/**
 * Metadata: brokers, topics, and who leads what, for clients of the listener that the request came on.
 *
 * - All topics: a null list from v1 on, an empty one in v0; an empty list from v1 on asks for none.
 * - v4 says whether a missing topic may be made, v5 offline replicas, v7 leader epochs, v8 authorized operations, v10
 *   topic ids in replies, v12 topics by id (unknown: 100), v13 an error for the whole request.
 * - A missing topic is made when both the request and `auto.create.topics.enable` allow it; the first reply says 3 all
 *   the same, and the client asks again. Whoever lost the race to make it gets the same answer.
 * - Brokers that are fenced are left out; a partition without a living leader says 5 and leader -1.
 */
import { type Uuid, ZERO_UUID } from '../../base/uuid.ts'
import {
  aliveBrokers,
  type BrokerImage,
  isAlive,
  type MetadataImage,
  type PartitionImage,
  type TopicImage,
  topicById,
  topicByName,
} from '../../core/metadata/image.ts'
import { isInternalTopic, topicNameProblem } from '../../core/metadata/names.ts'
import { errorCodeOf, type WireErrorName } from '../../spec/errors.ts'
import {
  type MetadataPartitionInput,
  type MetadataRequest,
  type MetadataResponseInput,
  type MetadataTopicResponseInput,
  metadataApi,
} from '../../wire/gen/metadata.ts'
import { CLUSTER_OPERATIONS, OPERATIONS_NOT_ASKED, TOPIC_OPERATIONS } from './authorized-operations.ts'
import { createMissing } from './auto-create.ts'
import { endpointOf } from './endpoints.ts'
import { type ApiContext, type Handler, serve } from './handler.ts'
import { nextTurn } from './turns.ts'

const NAMES_MAY_BE_NULL_SINCE = 12
const LISTENER_NOT_FOUND_SINCE = 6
/** Partitions described before others get their turn. */
const PARTITIONS_PER_TURN = 2000

export const handleMetadata: Handler<MetadataRequest, MetadataResponseInput> = async (context, request) => {
  const image = context.services.image()
  const wantsAll = request.topics === null || (context.apiVersion === 0 && request.topics.length === 0)
  const topics = wantsAll ? await describeAll(context, request, image) : await describeWanted(context, request, image)
  return {
    body: {
      brokers: aliveBrokers(image).flatMap(broker => {
        const endpoint = endpointOf(broker, context.listener)
        return endpoint === null
          ? []
          : { nodeId: broker.id, host: endpoint.host, port: endpoint.port, rack: broker.rack }
      }),
      clusterId: context.services.clusterId,
      // Every broker passes administration on to the controller, so any of them will do; this one is known to answer.
      controllerId: context.services.nodeId,
      topics,
      clusterAuthorizedOperations: request.includeClusterAuthorizedOperations
        ? CLUSTER_OPERATIONS
        : OPERATIONS_NOT_ASKED,
    },
  }
}

export const metadata = serve(metadataApi, handleMetadata)

async function describeAll(
  context: ApiContext,
  request: MetadataRequest,
  image: MetadataImage,
): Promise<MetadataTopicResponseInput[]> {
  const described: MetadataTopicResponseInput[] = []
  let partitions = 0
  for (const topic of image.topics.values()) {
    described.push(describe(context, request, { image, topic }))
    partitions += topic.partitions.length
    if (partitions < PARTITIONS_PER_TURN) continue
    partitions = 0
    await nextTurn(context.services.clock)
  }
  return described
}

async function describeWanted(
  context: ApiContext,
  request: MetadataRequest,
  image: MetadataImage,
): Promise<MetadataTopicResponseInput[]> {
  const seen = new Set<string>()
  const described: MetadataTopicResponseInput[] = []
  const missing: string[] = []
  let partitions = 0
  for (const { name, topicId } of request.topics ?? []) {
    const isById = topicId !== ZERO_UUID || name === null
    // A topic that is asked for twice is described once: otherwise a small request would make a huge reply.
    const key = isById ? `id ${topicId}` : `name ${name}`
    if (seen.has(key)) continue
    seen.add(key)
    const row = isById
      ? describeById(context, request, { image, topicId, name })
      : describeByName(context, request, { image, name })
    if (row !== null) described.push(row)
    else if (name !== null) missing.push(name)
    partitions += 1 + (row?.partitions.length ?? 0)
    if (partitions < PARTITIONS_PER_TURN) continue
    partitions = 0
    await nextTurn(context.services.clock)
  }
  if (missing.length === 0) return described
  const errors = await errorsOfMissing(context, request, missing)
  return described.concat(missing.map(name => unknown(errors.get(name) ?? 'UNKNOWN_TOPIC_OR_PARTITION', name)))
}

function errorsOfMissing(
  context: ApiContext,
  request: MetadataRequest,
  missing: readonly string[],
): Promise<ReadonlyMap<string, WireErrorName>> {
  const mayCreate = request.allowAutoTopicCreation && context.services.config.autoCreateTopicsEnable
  return mayCreate ? createMissing(context, missing) : Promise.resolve(new Map())
}

function describeById(
  context: ApiContext,
  request: MetadataRequest,
  asked: { readonly image: MetadataImage; readonly topicId: Uuid; readonly name: string | null },
): MetadataTopicResponseInput {
  const { image, topicId, name } = asked
  if (context.apiVersion < NAMES_MAY_BE_NULL_SINCE) return unknown('INVALID_REQUEST', name ?? '')
  if (topicId === ZERO_UUID) return unknown('INVALID_REQUEST', null)
  const topic = topicById(image, topicId)
  if (topic === null) return { ...unknown('UNKNOWN_TOPIC_ID', null), topicId }
  return describe(context, request, { image, topic })
}

/** Null when the topic is missing and might be made. */
function describeByName(
  context: ApiContext,
  request: MetadataRequest,
  asked: { readonly image: MetadataImage; readonly name: string },
): MetadataTopicResponseInput | null {
  const topic = topicByName(asked.image, asked.name)
  if (topic !== null) return describe(context, request, { image: asked.image, topic })
  return topicNameProblem(asked.name) === null ? null : unknown('INVALID_TOPIC_EXCEPTION', asked.name)
}

function unknown(error: WireErrorName, name: string | null): MetadataTopicResponseInput {
  return { errorCode: errorCodeOf(error), name, isInternal: name !== null && isInternalTopic(name), partitions: [] }
}

function describe(
  context: ApiContext,
  request: MetadataRequest,
  found: { readonly image: MetadataImage; readonly topic: TopicImage },
): MetadataTopicResponseInput {
  const { image, topic } = found
  return {
    name: topic.name,
    topicId: topic.id,
    isInternal: isInternalTopic(topic.name),
    partitions: topic.partitions.map((partition, index) => describePartition(context, image, { partition, index })),
    topicAuthorizedOperations: request.includeTopicAuthorizedOperations ? TOPIC_OPERATIONS : OPERATIONS_NOT_ASKED,
  }
}

function describePartition(
  context: ApiContext,
  image: MetadataImage,
  { partition, index }: { readonly partition: PartitionImage; readonly index: number },
): MetadataPartitionInput {
  const error = leaderError(context, image.brokers.get(partition.leader))
  return {
    errorCode: errorCodeOf(error),
    partitionIndex: index,
    leaderId: error === 'NONE' ? partition.leader : -1,
    leaderEpoch: partition.leaderEpoch,
    replicaNodes: partition.replicas,
    isrNodes: partition.isr,
    offlineReplicas: partition.replicas.filter(id => !isAlive(image, id)),
  }
}

/** Whether the client can reach the leader. */
function leaderError({ apiVersion, listener }: ApiContext, leader: BrokerImage | undefined): WireErrorName {
  if (leader === undefined || leader.fenced) return 'LEADER_NOT_AVAILABLE'
  if (endpointOf(leader, listener) !== null) return 'NONE'
  return apiVersion >= LISTENER_NOT_FOUND_SINCE ? 'LISTENER_NOT_FOUND' : 'LEADER_NOT_AVAILABLE'
}
