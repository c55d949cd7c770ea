/**
 * Metadata: brokers, topics, and who leads what, for clients of the listener that the request came on.
 *
 * - All topics: a null list from v1 on, an empty one in v0; an empty list from v1 on asks for none.
 * - v4 says whether a missing topic may be made, v5 offline replicas, v7 leader epochs, v8 authorized operations, v10
 *   topic ids in replies, v12 topics by id (unknown: 100), v13 an error for the whole request.
 * - A missing topic is made when both the request and `auto.create.topics.enable` allow it; the first reply says 3 all
 *   the same, and the client asks again. Whoever lost the race to make it gets the same answer.
 * - Brokers that are fenced are left out; a partition without a living leader says 5 and leader -1, and so does one whose
 *   leader is this broker and cannot serve it.
 */
import { type Uuid, ZERO_UUID } from '../../base/uuid.ts'
import { aliveBrokers, type MetadataImage, type TopicImage, topicById, topicByName } from '../../core/metadata/image.ts'
import { isInternalTopic, topicNameProblem } from '../../core/metadata/names.ts'
import { nextTurn } from '../../runtime/turns.ts'
import { errorCodeOf, type WireErrorName } from '../../spec/errors.ts'
import {
  type MetadataRequest,
  type MetadataResponseInput,
  type MetadataTopicResponseInput,
  metadataApi,
} from '../../wire/gen/metadata.ts'
import { CLUSTER_OPERATIONS, OPERATIONS_NOT_ASKED, TOPIC_OPERATIONS } from './authorized-operations.ts'
import { createMissing } from './auto-create.ts'
import { endpointOf } from './endpoints.ts'
import { type ApiContext, type Handler, type Reply, serve } from './handler.ts'
import { partitionRow } from './partition-row.ts'
import { SlicedBody } from './sliced-body.ts'

const NAMES_MAY_BE_NULL_SINCE = 12
const LISTENER_NOT_FOUND_SINCE = 6
/** Partitions described before others get their turn. */
const PARTITIONS_PER_TURN = 1000
const NOTHING_TOLD: ReadonlyMap<string, WireErrorName> = new Map()

export const handleMetadata: Handler<MetadataRequest, MetadataResponseInput> = async (context, request) => {
  const image = context.services.image()
  const rows = new TopicRows(context, request, image)
  const missing: string[] = []
  for (const row of isForAll(context, request)
    ? all(context, request, image)
    : wanted(context, request, { image, missing })) {
    if (rows.push(row)) await nextTurn(context.services.clock)
  }
  const errors = await errorsOfMissing(context, request, missing)
  for (const name of missing) rows.push(unknown(errors.get(name) ?? 'UNKNOWN_TOPIC_OR_PARTITION', name))
  return rows.reply()
}

export const metadata = serve(metadataApi, handleMetadata)

/** The reply in the making: encoded in slices when it gets long. */
class TopicRows {
  readonly #context: ApiContext
  readonly #bodyOf: (rows: readonly MetadataTopicResponseInput[]) => MetadataResponseInput
  #rows: MetadataTopicResponseInput[] = []
  #partitions = 0
  #sliced: SlicedBody<MetadataTopicResponseInput, MetadataResponseInput> | null = null

  constructor(context: ApiContext, request: MetadataRequest, image: MetadataImage) {
    this.#context = context
    const rest = restOfBody(context, request, image)
    this.#bodyOf = topics => ({ ...rest, topics })
  }

  /** True when others should get their turn before the next row. */
  push(row: MetadataTopicResponseInput): boolean {
    this.#rows.push(row)
    this.#partitions += 1 + row.partitions.length
    if (this.#partitions < PARTITIONS_PER_TURN) return false
    this.#sliced ??= new SlicedBody({ api: metadataApi, version: this.#context.apiVersion, bodyOf: this.#bodyOf })
    this.#sliced.add(this.#rows)
    this.#rows = []
    this.#partitions = 0
    return true
  }

  reply(): Reply<MetadataResponseInput> {
    if (this.#sliced === null) return { body: this.#bodyOf(this.#rows) }
    this.#sliced.add(this.#rows)
    return { body: null, pieces: this.#sliced.finish() }
  }
}

function restOfBody(
  context: ApiContext,
  request: MetadataRequest,
  image: MetadataImage,
): Omit<MetadataResponseInput, 'topics'> {
  return {
    brokers: aliveBrokers(image).flatMap(broker => {
      const endpoint = endpointOf(broker, context.listener)
      return endpoint === null ? [] : { nodeId: broker.id, host: endpoint.host, port: endpoint.port, rack: broker.rack }
    }),
    clusterId: context.services.clusterId,
    // Every broker passes administration on to the controller, so any of them will do; this one is known to answer.
    controllerId: context.services.nodeId,
    clusterAuthorizedOperations: request.includeClusterAuthorizedOperations ? CLUSTER_OPERATIONS : OPERATIONS_NOT_ASKED,
  }
}

function isForAll({ apiVersion }: ApiContext, { topics }: MetadataRequest): boolean {
  return topics === null || (apiVersion === 0 && topics.length === 0)
}

function* all(
  context: ApiContext,
  request: MetadataRequest,
  image: MetadataImage,
): Generator<MetadataTopicResponseInput> {
  for (const topic of image.topics.values()) yield describe(context, request, { image, topic })
}

/** The topics asked for; names of those that might be made go to `missing`. */
function* wanted(
  context: ApiContext,
  request: MetadataRequest,
  { image, missing }: { readonly image: MetadataImage; readonly missing: string[] },
): Generator<MetadataTopicResponseInput> {
  const seen = new Set<string>()
  for (const { name, topicId } of request.topics ?? []) {
    const isById = topicId !== ZERO_UUID || name === null
    // A topic that is asked for twice is described once: otherwise a small request would make a huge reply.
    const key = isById ? `id ${topicId}` : `name ${name}`
    if (seen.has(key)) continue
    seen.add(key)
    const row = isById
      ? describeById(context, request, { image, topicId, name })
      : describeByName(context, request, { image, name })
    if (row !== null) yield row
    else if (name !== null) missing.push(name)
  }
}

/** What to tell of each missing topic, where it is not just that it is missing. */
async function errorsOfMissing(
  context: ApiContext,
  request: MetadataRequest,
  missing: readonly string[],
): Promise<ReadonlyMap<string, WireErrorName>> {
  const mayCreate = request.allowAutoTopicCreation && context.services.config.autoCreateTopicsEnable
  return mayCreate && missing.length > 0 ? createMissing(context, missing) : NOTHING_TOLD
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
  const { apiVersion, listener, services: self } = context
  const audience = { image, listener, knowsListenerNotFound: apiVersion >= LISTENER_NOT_FOUND_SINCE, self }
  return {
    name: topic.name,
    topicId: topic.id,
    isInternal: isInternalTopic(topic.name),
    partitions: topic.partitions.map((partition, index) =>
      partitionRow(audience, { topicId: topic.id, partition, index }),
    ),
    topicAuthorizedOperations: request.includeTopicAuthorizedOperations ? TOPIC_OPERATIONS : OPERATIONS_NOT_ASKED,
  }
}
