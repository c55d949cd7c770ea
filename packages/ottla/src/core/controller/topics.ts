/** Topics and partitions that are made and deleted. Sources: KIP-4, KIP-195, KIP-516; facts of Kafka's validation. */
import { assert } from '../../base/assert.ts'
import type { BrokerId } from '../../base/units.ts'
import { isAssignable, type Uuid, ZERO_UUID } from '../../base/uuid.ts'
import { errorText } from '../../spec/config/text.ts'
import {
  aliveBrokers,
  ConfigResource,
  isAlive,
  type MetadataImage,
  type TopicImage,
  topicById,
  topicByName,
} from '../metadata/image.ts'
import { ambiguousForm, CLUSTER_METADATA_TOPIC, topicNameProblem } from '../metadata/names.ts'
import type { MetadataRecord } from '../metadata/records.ts'
import type { CreatedTopic, CreateTopics, DeletedTopic, DeleteTopics, NewTopic, Outcome } from './commands.ts'
import { type ControllerRules, type Decision, DONE, refusal } from './decision.ts'
import {
  checkReplicas,
  checkReplicationFactor,
  newPartition,
  PARTITIONS_PER_COMMAND_MAX,
  TOO_MANY_PARTITIONS,
} from './new-partitions.ts'
import { placeReplicas } from './placement.ts'
import { checkTopicOverrides } from './topic-configs.ts'

/** A topic made without a replication factor has as many replicas as brokers are alive, at most this many. */
const AUTO_REPLICAS_MAX = 3

/** Names that earlier topics of the same command take, and the partitions they use up. */
interface Taken {
  readonly ambiguous: Map<string, string>
  partitionCount: number
}

export function decideCreateTopics(
  image: MetadataImage,
  command: CreateTopics,
  rules: ControllerRules,
): Decision<readonly CreatedTopic[]> {
  const records: MetadataRecord[] = []
  const reply: CreatedTopic[] = []
  const taken: Taken = { ambiguous: new Map(), partitionCount: 0 }
  const times = new Map<string, number>()
  for (const { name } of command.topics) times.set(name, (times.get(name) ?? 0) + 1)
  for (const topic of command.topics) {
    const count = times.get(topic.name)
    if (count === 0) continue
    times.set(topic.name, 0)
    const made =
      count === 1
        ? makeTopic(image, { topic, placement: command.placement, taken }, rules)
        : refusal('INVALID_REQUEST', 'Duplicate topic name.')
    if ('error' in made) {
      reply.push(notCreated(topic.name, made))
      continue
    }
    reply.push(made.created)
    records.push(...made.records)
  }
  return { records: command.validateOnly ? [] : records, reply }
}

interface Made {
  readonly records: readonly MetadataRecord[]
  readonly created: CreatedTopic
}

function makeTopic(
  image: MetadataImage,
  request: { topic: NewTopic; placement: number; taken: Taken },
  rules: ControllerRules,
): Made | Outcome {
  const { topic, taken } = request
  const { name, topicId } = topic
  assert(isAssignable(topicId), 'a topic gets an id that may be given', { topicId })
  const refusedName = checkName(image, name, taken)
  if (refusedName !== null) return refusedName
  const overrides = new Map<string, string>()
  for (const config of topic.configs) {
    if (config.value === null) {
      return refusal('INVALID_CONFIG', `Null value not supported for topic configs: ${errorText(config.name)}`)
    }
    overrides.set(config.name, config.value)
  }
  const refusedConfig = checkTopicOverrides(overrides, rules)
  if (refusedConfig !== null) return refusedConfig
  const assigned =
    topic.assignments.length > 0
      ? assignByHand(image, topic)
      : assign(image, { topic, placement: request.placement }, rules)
  if ('error' in assigned) return assigned
  if (taken.partitionCount + assigned.length > PARTITIONS_PER_COMMAND_MAX) {
    return refusal('POLICY_VIOLATION', TOO_MANY_PARTITIONS)
  }
  taken.partitionCount += assigned.length
  const form = ambiguousForm(name)
  if (form !== null) taken.ambiguous.set(form, name)
  const records: MetadataRecord[] = [{ type: 'topic', body: { topicId, name } }]
  for (const [index, replicas] of assigned.entries()) records.push(newPartition(image, { topicId, index, replicas }))
  for (const [key, value] of overrides) {
    const body = { resourceType: ConfigResource.topic, resourceName: name, name: key, value }
    records.push({ type: 'config', body })
  }
  const counts = { partitionCount: assigned.length, replicationFactor: assigned[0]!.length }
  return { records, created: { ...DONE, name, topicId, ...counts, overrides } }
}

function checkName(image: MetadataImage, name: string, taken: Taken): Outcome | null {
  const problem = topicNameProblem(name)
  if (problem !== null) return refusal('INVALID_TOPIC_EXCEPTION', problem)
  if (name === CLUSTER_METADATA_TOPIC) {
    return refusal('INVALID_REQUEST', `Creation of internal topic ${CLUSTER_METADATA_TOPIC} is prohibited.`)
  }
  if (topicByName(image, name) !== null) return refusal('TOPIC_ALREADY_EXISTS', `Topic '${name}' already exists.`)
  const form = ambiguousForm(name)
  const twin = form === null ? undefined : (image.ambiguousNames.get(form) ?? taken.ambiguous.get(form))
  if (twin === undefined) return null
  return refusal('INVALID_TOPIC_EXCEPTION', `Topic '${name}' collides with existing topic: ${twin}`)
}

function assign(
  image: MetadataImage,
  request: { topic: NewTopic; placement: number },
  rules: ControllerRules,
): BrokerId[][] | Outcome {
  const { topic } = request
  const alive = aliveBrokers(image)
  const count = topic.partitionCount === -1 ? rules.numPartitions : topic.partitionCount
  if (count < 1) {
    return refusal('INVALID_PARTITIONS', 'Number of partitions was set to an invalid non-positive value.')
  }
  if (count > PARTITIONS_PER_COMMAND_MAX) return refusal('POLICY_VIOLATION', TOO_MANY_PARTITIONS)
  const configured =
    rules.defaultReplicationFactor === -1 ? Math.min(AUTO_REPLICAS_MAX, alive.length) : rules.defaultReplicationFactor
  const replicationFactor = topic.replicationFactor === -1 ? configured : topic.replicationFactor
  const refused = checkReplicationFactor(replicationFactor, alive.length)
  if (refused !== null) return refused
  return placeReplicas(alive, { firstPartition: 0, count, replicationFactor, start: request.placement })
}

function assignByHand(image: MetadataImage, topic: NewTopic): (readonly BrokerId[])[] | Outcome {
  if (topic.partitionCount !== -1) {
    const message = 'A manual partition assignment was specified, but numPartitions was not set to -1.'
    return refusal('INVALID_REQUEST', message)
  }
  if (topic.replicationFactor !== -1) {
    const message = 'A manual partition assignment was specified, but replication factor was not set to -1.'
    return refusal('INVALID_REQUEST', message)
  }
  const assigned: (readonly BrokerId[])[] = []
  for (const { partition, replicas } of [...topic.assignments].sort((a, b) => a.partition - b.partition)) {
    if (partition !== assigned.length) {
      const message = 'partitions should be a consecutive 0-based integer sequence'
      return refusal('INVALID_REPLICA_ASSIGNMENT', message)
    }
    const refused = checkReplicas(image, { replicas, like: assigned[0]?.length ?? replicas.length })
    if (refused !== null) return refused
    if (!replicas.some(id => isAlive(image, id))) {
      const message = `All brokers specified in the manual partition assignment for partition ${partition} are fenced.`
      return refusal('INVALID_REPLICA_ASSIGNMENT', message)
    }
    assigned.push(replicas)
  }
  return assigned
}

function notCreated(name: string, outcome: Outcome): CreatedTopic {
  return { ...outcome, name, topicId: ZERO_UUID, partitionCount: -1, replicationFactor: -1, overrides: new Map() }
}

export function decideDeleteTopics(
  image: MetadataImage,
  command: DeleteTopics,
  rules: ControllerRules,
): Decision<readonly DeletedTopic[]> {
  const records: MetadataRecord[] = []
  const reply: DeletedTopic[] = []
  const deleted = new Set<Uuid>()
  for (const named of command.topics) {
    const found = findTopic(image, named, rules)
    if ('error' in found) {
      reply.push({ ...named, ...found })
      continue
    }
    // By name and by id in one request: the same topic, told once.
    if (deleted.has(found.id)) continue
    deleted.add(found.id)
    records.push({ type: 'topicRemoval', body: { topicId: found.id } })
    reply.push({ name: found.name, topicId: found.id, ...DONE })
  }
  return { records, reply }
}

function findTopic(
  image: MetadataImage,
  named: { readonly name: string | null; readonly topicId: Uuid | null },
  rules: ControllerRules,
): TopicImage | Outcome {
  const { name, topicId } = named
  if (!rules.deleteTopicEnable) return refusal('TOPIC_DELETION_DISABLED', 'delete.topic.enable is false')
  if (name !== null && topicId === null) {
    return topicByName(image, name) ?? refusal('UNKNOWN_TOPIC_OR_PARTITION', `topic ${name} is not there`)
  }
  if (topicId !== null && name === null) {
    return topicById(image, topicId) ?? refusal('UNKNOWN_TOPIC_ID', `no topic has the id ${topicId}`)
  }
  return refusal('INVALID_REQUEST', 'a topic is named by its name or by its id')
}
