/**
 * DescribeTopicPartitions: topics in the order of their names and their partitions, a page at a time (KIP-966). A page
 * holds as many partitions as the client wants, at most `max.request.partition.size.limit` and at least one, and tells
 * where the next one begins.
 *
 * - No topics asked for: all of them. A topic that is not there is told so and takes no room of the page; a name that no
 *   topic can have: 17.
 * - A cursor must name one of the topics asked for, unless all are: then it may name one that is gone by now. Else, and
 *   with a partition below 0, everything asked for is refused with 42.
 */
import { ZERO_UUID } from '../../base/uuid.ts'
import { type MetadataImage, topicByName } from '../../core/metadata/image.ts'
import { isInternalTopic, topicNameProblem } from '../../core/metadata/names.ts'
import { errorCodeOf, type WireErrorName } from '../../spec/errors.ts'
import {
  type DescribeTopicPartitionsPartitionInput,
  type DescribeTopicPartitionsRequest,
  type DescribeTopicPartitionsResponseCursor,
  type DescribeTopicPartitionsResponseInput,
  type DescribeTopicPartitionsTopicInput,
  describeTopicPartitionsApi,
} from '../../wire/gen/describe-topic-partitions.ts'
import { OPERATIONS_NOT_ASKED, TOPIC_OPERATIONS } from './authorized-operations.ts'
import { type Handler, serve } from './handler.ts'
import { type Audience, partitionRow } from './partition-row.ts'

export const handleDescribeTopicPartitions: Handler<
  DescribeTopicPartitionsRequest,
  DescribeTopicPartitionsResponseInput
> = ({ services, listener }, request) => {
  const image = services.image()
  const asked = new Set(request.topics.map(({ name }) => name))
  if (isAstray(request, asked)) return { body: { topics: [...asked].sort().map(refused) } }
  const from = request.cursor?.topicName ?? ''
  const firstPartition = request.cursor?.partitionIndex ?? 0
  const names = [...(asked.size === 0 ? namesOf(image) : asked)].filter(name => name >= from).sort()
  const limit = Math.max(1, Math.min(request.responsePartitionLimit, services.config.maxRequestPartitionSizeLimit))
  const page = new Page({ image, listener, knowsListenerNotFound: true, self: services }, limit)
  for (const name of names) {
    if (!page.add(name, name === from ? firstPartition : 0)) break
  }
  return { body: { topics: page.topics, nextCursor: page.nextCursor } }
}

export const describeTopicPartitions = serve(describeTopicPartitionsApi, handleDescribeTopicPartitions)

function isAstray({ cursor }: DescribeTopicPartitionsRequest, asked: ReadonlySet<string>): boolean {
  if (cursor === null) return false
  return cursor.partitionIndex < 0 || (asked.size > 0 && !asked.has(cursor.topicName))
}

function refused(name: string): DescribeTopicPartitionsTopicInput {
  const errorCode = errorCodeOf('INVALID_REQUEST')
  return { errorCode, name, topicId: ZERO_UUID, partitions: [], topicAuthorizedOperations: OPERATIONS_NOT_ASKED }
}

function* namesOf(image: MetadataImage): Generator<string> {
  for (const topic of image.topics.values()) yield topic.name
}

/** The reply in the making. */
class Page {
  readonly topics: DescribeTopicPartitionsTopicInput[] = []
  /** Null: nothing is left over. */
  nextCursor: DescribeTopicPartitionsResponseCursor | null = null
  readonly #audience: Audience
  #room: number

  constructor(audience: Audience, partitionsMax: number) {
    this.#audience = audience
    this.#room = partitionsMax
  }

  /** Adds what fits of the topic, from the partition given. False: the page is full, and the next one is told. */
  add(name: string, from: number): boolean {
    if (this.#room === 0) {
      this.nextCursor = { topicName: name, partitionIndex: 0 }
      return false
    }
    const topic = topicByName(this.#audience.image, name)
    if (topic === null) {
      this.topics.push(unknownTopic(name))
      return true
    }
    const end = Math.min(topic.partitions.length, from + this.#room)
    const partitions: DescribeTopicPartitionsPartitionInput[] = []
    for (const [offset, partition] of topic.partitions.slice(from, end).entries()) {
      const row = partitionRow(this.#audience, { topicId: topic.id, partition, index: from + offset })
      partitions.push({ ...row, eligibleLeaderReplicas: [], lastKnownElr: [] })
    }
    this.#room -= partitions.length
    this.topics.push({
      errorCode: errorCodeOf('NONE'),
      name,
      topicId: topic.id,
      isInternal: isInternalTopic(name),
      partitions,
      topicAuthorizedOperations: TOPIC_OPERATIONS,
    })
    if (end < topic.partitions.length) this.nextCursor = { topicName: name, partitionIndex: end }
    return this.nextCursor === null
  }
}

function unknownTopic(name: string): DescribeTopicPartitionsTopicInput {
  const error: WireErrorName =
    topicNameProblem(name) === null ? 'UNKNOWN_TOPIC_OR_PARTITION' : 'INVALID_TOPIC_EXCEPTION'
  return {
    errorCode: errorCodeOf(error),
    name,
    topicId: ZERO_UUID,
    isInternal: isInternalTopic(name),
    partitions: [],
    topicAuthorizedOperations: TOPIC_OPERATIONS,
  }
}
