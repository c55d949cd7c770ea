/** The requests that many behaviours send, with what they mostly look at in the reply. */
import assert from 'node:assert/strict'
import type { RequestOptions } from '../../packages/ottla/src/client/connection.ts'
import { type FetchRequestInput, type FetchResponse, fetchApi } from '../../packages/ottla/src/wire/gen/fetch.ts'
import { initProducerIdApi } from '../../packages/ottla/src/wire/gen/init-producer-id.ts'
import { type ListOffsetsPartitionInput, listOffsetsApi } from '../../packages/ottla/src/wire/gen/list-offsets.ts'
import { produceApi } from '../../packages/ottla/src/wire/gen/produce.ts'
import type { TestCluster, TestTopic } from './cluster.ts'
import { errorText } from './errors.ts'
import { eventually } from './eventually.ts'
import { batchesIn } from './records.ts'

/** Last version of Produce and of Fetch that name topics by name. */
export const PRODUCE_BY_NAME = 11
export const FETCH_BY_NAME = 12
/** First version of each that names them by id. */
export const PRODUCE_BY_ID = 13
export const FETCH_BY_ID = 13

export interface ProduceOptions {
  readonly version?: number
  readonly acks?: number
  readonly partition?: number
}

/** Produces to one partition; acks=all and by name unless said otherwise. */
export async function produce(
  cluster: TestCluster,
  topic: TestTopic | string,
  records: Uint8Array,
  options: ProduceOptions = {},
) {
  const { version = PRODUCE_BY_NAME, acks = -1, partition = 0 } = options
  const [name, id] = typeof topic === 'string' ? [topic, undefined] : [topic.name, topic.id]
  const reply = await cluster.ask(
    produceApi,
    {
      acks,
      timeoutMs: 10_000,
      topicData: [{ name, topicId: id, partitionData: [{ index: partition, records }] }],
    },
    version,
  )
  const found = reply.responses[0]!.partitionResponses[0]!
  return { ...found, error: errorText(found.errorCode), throttleTimeMs: reply.throttleTimeMs }
}

/** Produces and expects no error. Returns the base offset. */
export async function produced(
  cluster: TestCluster,
  topic: TestTopic | string,
  records: Uint8Array,
  options: ProduceOptions = {},
): Promise<number> {
  const { error, errorMessage, baseOffset } = await produce(cluster, topic, records, options)
  assert.equal(error, 'NONE', `produce failed: ${errorMessage}`)
  return baseOffset
}

export interface FetchOptions extends Partial<FetchRequestInput> {
  readonly version?: number
  readonly partition?: number
  readonly partitionMaxBytes?: number
  readonly currentLeaderEpoch?: number
  readonly lastFetchedEpoch?: number
}

/** The fetch of one partition, without a session, that does not wait. */
export function fetchRequest(topic: TestTopic | string, fetchOffset: number, options: FetchOptions = {}) {
  const {
    version: _,
    partition = 0,
    partitionMaxBytes = 1 << 20,
    currentLeaderEpoch,
    lastFetchedEpoch,
    ...rest
  } = options
  const [name, id] = typeof topic === 'string' ? [topic, undefined] : [topic.name, topic.id]
  const partitions = [{ partition, fetchOffset, partitionMaxBytes, currentLeaderEpoch, lastFetchedEpoch }]
  return { maxWaitMs: 0, minBytes: 1, maxBytes: 50 << 20, topics: [{ topic: name, topicId: id, partitions }], ...rest }
}

/** Fetches one partition without waiting, unless told to. */
export async function fetchFrom(
  cluster: TestCluster,
  topic: TestTopic | string,
  fetchOffset: number,
  options: FetchOptions = {},
) {
  const request: RequestOptions = { version: options.version ?? FETCH_BY_NAME }
  const reply = await cluster.ask(fetchApi, fetchRequest(topic, fetchOffset, options), request)
  return { reply, ...firstPartition(reply) }
}

/** The first partition in a fetch reply, with its error by name and its batches read. */
export function firstPartition(reply: FetchResponse) {
  const found = reply.responses[0]?.partitions[0]
  assert.ok(found, `the reply has no partition: ${errorText(reply.errorCode)}`)
  return { ...found, error: errorText(found.errorCode), batches: batchesIn(found.records) }
}

/** ListOffsets of one partition. */
export async function listOffset(
  cluster: TestCluster,
  topic: string,
  timestamp: number,
  options: Partial<ListOffsetsPartitionInput> & { readonly version?: number; readonly isolationLevel?: number } = {},
) {
  const { version = 10, isolationLevel = 0, ...partition } = options
  const partitions = [{ partitionIndex: 0, timestamp, ...partition }]
  const { topics } = await cluster.ask(
    listOffsetsApi,
    { isolationLevel, topics: [{ name: topic, partitions }] },
    version,
  )
  const found = topics[0]!.partitions[0]!
  return { ...found, error: errorText(found.errorCode) }
}

/** A producer id of one's own, epoch 0. The first may take a moment: the broker fetches a block of them. */
export async function producerId(cluster: TestCluster): Promise<bigint> {
  let given = { errorCode: 0, producerId: -1n, producerEpoch: -1 }
  await eventually('a producer id', async () => {
    given = await cluster.ask(initProducerIdApi, { transactionalId: null, transactionTimeoutMs: 60_000 })
    return errorText(given.errorCode) !== 'COORDINATOR_LOAD_IN_PROGRESS'
  })
  assert.deepEqual([errorText(given.errorCode), given.producerEpoch], ['NONE', 0])
  return given.producerId
}
