/** Making and removing topics, and reading their configs. Source: KIP-4, KIP-133, KIP-464, KIP-516. */
import type { Millis } from '../base/units.ts'
import type { Uuid } from '../base/uuid.ts'
import { createTopicsApi } from '../wire/gen/create-topics.ts'
import { deleteTopicsApi } from '../wire/gen/delete-topics.ts'
import { describeConfigsApi } from '../wire/gen/describe-configs.ts'
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

export interface TopicConfigEntry {
  readonly name: string
  /** Null: not shown. */
  readonly value: string | null
  /** Set for the topic itself, not inherited. */
  readonly isOwn: boolean
}

/** How long the cluster may take until every broker knows. */
const TIMEOUT_MS: Millis = 30_000
/** ConfigResource types and sources of Kafka's admin protocol. */
const TOPIC_RESOURCE = 2
const TOPIC_SOURCE = 1

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

/** All configs in force for the topic, by name. Rejects with a WireFailure or ConnectionError. */
export async function topicConfigs(cluster: Cluster, name: string): Promise<readonly TopicConfigEntry[]> {
  const response = await cluster.ask(describeConfigsApi, {
    resources: [{ resourceType: TOPIC_RESOURCE, resourceName: name, configurationKeys: null }],
  })
  const what = `cannot read the configs of topic ${name}`
  const [result] = response.results
  if (result === undefined) throw new WireFailure('UNKNOWN_SERVER_ERROR', what, 'the reply is empty')
  refuseError(result.errorCode, what, result.errorMessage)
  return result.configs
    .map(({ name: key, value, configSource }) => ({ name: key, value, isOwn: configSource === TOPIC_SOURCE }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}
