/** Making, growing and removing topics. Source: KIP-4, KIP-195, KIP-464, KIP-516. */
import type { Millis } from '../base/units.ts'
import type { Uuid } from '../base/uuid.ts'
import { createPartitionsApi } from '../wire/gen/create-partitions.ts'
import { createTopicsApi } from '../wire/gen/create-topics.ts'
import { deleteTopicsApi } from '../wire/gen/delete-topics.ts'
import type { Cluster } from './cluster.ts'
import { refuseError, WireFailure } from './wire-failure.ts'

export interface NewTopic {
  readonly name: string
  /** -1: as the broker sees fit. */
  readonly partitions?: number
  /** -1: as the broker sees fit. */
  readonly replicationFactor?: number
  readonly configs?: Readonly<Record<string, string>>
}

export interface CreatedTopic {
  readonly name: string
  readonly topicId: Uuid
  /** -1 from brokers that do not say. */
  readonly partitions: number
  readonly replicationFactor: number
}

/** How long the cluster may take until every broker knows. */
const TIMEOUT_MS: Millis = 30_000

/** `validateOnly`: everything is checked, nothing is made. Rejects with a WireFailure or ConnectionError. */
export async function createTopic(
  cluster: Cluster,
  topic: NewTopic,
  options: { readonly validateOnly?: boolean } = {},
): Promise<CreatedTopic> {
  const { name, partitions = -1, replicationFactor = -1, configs = {} } = topic
  const response = await cluster.askController(createTopicsApi, {
    topics: [
      {
        name,
        numPartitions: partitions,
        replicationFactor,
        configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
      },
    ],
    timeoutMs: TIMEOUT_MS,
    validateOnly: options.validateOnly ?? false,
  })
  const what = `cannot create topic ${name}`
  const [created] = response.topics
  if (created === undefined) throw new WireFailure('UNKNOWN_SERVER_ERROR', what, 'the reply is empty')
  refuseError(created.errorCode, what, created.errorMessage)
  const { topicId, numPartitions } = created
  return { name, topicId, partitions: numPartitions, replicationFactor: created.replicationFactor }
}

/** Rejects with a WireFailure or ConnectionError. */
export async function deleteTopic(cluster: Cluster, name: string): Promise<void> {
  const response = await cluster.askController(deleteTopicsApi, {
    topics: [{ name }],
    topicNames: [name],
    timeoutMs: TIMEOUT_MS,
  })
  const what = `cannot delete topic ${name}`
  const [deleted] = response.responses
  if (deleted === undefined) throw new WireFailure('UNKNOWN_SERVER_ERROR', what, 'the reply is empty')
  refuseError(deleted.errorCode, what, deleted.errorMessage)
  cluster.forget(name)
}

/**
 * Gives the topic more partitions: `count` in all. `validateOnly`: everything is checked, nothing is made. Rejects with a
 * WireFailure or ConnectionError.
 */
export async function growTopic(
  cluster: Cluster,
  name: string,
  count: number,
  options: { readonly validateOnly?: boolean } = {},
): Promise<void> {
  const response = await cluster.askController(createPartitionsApi, {
    topics: [{ name, count }],
    timeoutMs: TIMEOUT_MS,
    validateOnly: options.validateOnly ?? false,
  })
  const what = `cannot add partitions to topic ${name}`
  const [grown] = response.results
  if (grown === undefined) throw new WireFailure('UNKNOWN_SERVER_ERROR', what, 'the reply is empty')
  refuseError(grown.errorCode, what, grown.errorMessage)
  cluster.forget(name)
}
