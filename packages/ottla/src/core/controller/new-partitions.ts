/** Partitions that are added to a topic, and what all new partitions have in common. */
import { assert } from '../../base/assert.ts'
import type { BrokerId, PartitionIndex } from '../../base/units.ts'
import { type Uuid, ZERO_UUID } from '../../base/uuid.ts'
import { GROUP_OFFSETS_TOPIC } from '../group/coordinator-partition.ts'
import { aliveBrokers, isAlive, type MetadataImage, type TopicImage, topicByName } from '../metadata/image.ts'
import type { MetadataRecord } from '../metadata/records.ts'
import type { CreatePartitions, Outcome } from './commands.ts'
import { type Decision, DONE, refusal } from './decision.ts'
import { placeReplicas } from './placement.ts'

/** Partitions that one command may make: its records are one append. */
export const PARTITIONS_PER_COMMAND_MAX = 10_000
export const TOO_MANY_PARTITIONS = 'Excessively large number of partitions per request.'

/** Kafka lets it grow, and its groups start again without offsets. */
const GROUPS_WOULD_BE_LOST = `${GROUP_OFFSETS_TOPIC} must not grow: a group is found by the number of its partitions, and would lose its offsets.`

type PartitionRequest = CreatePartitions['topics'][number]

export function decideCreatePartitions(
  image: MetadataImage,
  command: CreatePartitions,
): Decision<readonly (Outcome & { readonly name: string })[]> {
  const records: MetadataRecord[] = []
  const reply: (Outcome & { readonly name: string })[] = []
  const times = new Map<string, number>()
  for (const { name } of command.topics) times.set(name, (times.get(name) ?? 0) + 1)
  let made = 0
  for (const request of command.topics) {
    const { name } = request
    const count = times.get(name)
    if (count === 0) continue
    times.set(name, 0)
    const outcome =
      count === 1
        ? addPartitions(image, request, { placement: command.placement, room: PARTITIONS_PER_COMMAND_MAX - made })
        : refusal('INVALID_REQUEST', 'Duplicate topic name.')
    if ('error' in outcome) {
      reply.push({ name, ...outcome })
      continue
    }
    made += outcome.length
    records.push(...outcome)
    reply.push({ name, ...DONE })
  }
  return { records: command.validateOnly ? [] : records, reply }
}

function addPartitions(
  image: MetadataImage,
  request: PartitionRequest,
  limits: { placement: number; room: number },
): readonly MetadataRecord[] | Outcome {
  const topic = topicByName(image, request.name)
  if (topic === null) return refusal('UNKNOWN_TOPIC_OR_PARTITION', null)
  if (topic.name === GROUP_OFFSETS_TOPIC) return refusal('INVALID_PARTITIONS', GROUPS_WOULD_BE_LOST)
  const have = topic.partitions.length
  const added = request.count - have
  if (added === 0) return refusal('INVALID_PARTITIONS', `Topic already has ${have} partition(s).`)
  if (added < 0) {
    const message = `The topic ${topic.name} currently has ${have} partition(s); ${request.count} would not be an increase.`
    return refusal('INVALID_PARTITIONS', message)
  }
  if (added > limits.room) return refusal('POLICY_VIOLATION', TOO_MANY_PARTITIONS)
  const assigned =
    request.assignments === null
      ? place(image, topic, { added, placement: limits.placement })
      : byHand(image, topic, request)
  if ('error' in assigned) return assigned
  return assigned.map((replicas, at) => newPartition(image, { topicId: topic.id, index: have + at, replicas }))
}

function place(
  image: MetadataImage,
  topic: TopicImage,
  request: { added: number; placement: number },
): BrokerId[][] | Outcome {
  const alive = aliveBrokers(image)
  // As many replicas as the topic has; its partition 0 says how many.
  const replicationFactor = topic.partitions[0]!.replicas.length
  const refused = checkReplicationFactor(replicationFactor, alive.length)
  if (refused !== null) return refused
  const { added, placement } = request
  const firstPartition = topic.partitions.length
  return placeReplicas(alive, { firstPartition, count: added, replicationFactor, start: placement })
}

function byHand(image: MetadataImage, topic: TopicImage, request: PartitionRequest): (readonly BrokerId[])[] | Outcome {
  const assignments = request.assignments ?? []
  const added = request.count - topic.partitions.length
  if (assignments.length !== added) {
    const message = `Attempted to add ${added} additional partition(s), but only ${assignments.length} assignment(s) were specified.`
    return refusal('INVALID_REPLICA_ASSIGNMENT', message)
  }
  for (const [index, replicas] of assignments.entries()) {
    const refused = checkReplicas(image, { replicas, like: topic.partitions[0]!.replicas.length })
    if (refused !== null) return refused
    if (!replicas.some(id => isAlive(image, id))) {
      const partition = topic.partitions.length + index
      const message = `All brokers specified in the manual partition assignment for partition ${partition} are fenced.`
      return refusal('INVALID_REPLICA_ASSIGNMENT', message)
    }
  }
  return [...assignments]
}

export function checkReplicationFactor(replicationFactor: number, aliveCount: number): Outcome | null {
  if (aliveCount === 0) return refusal('INVALID_REPLICATION_FACTOR', 'no broker is alive')
  if (replicationFactor < 1 || replicationFactor > 32_767) {
    const message = 'Replication factor must be larger than 0, or -1 to use the default value.'
    return refusal('INVALID_REPLICATION_FACTOR', message)
  }
  if (replicationFactor <= aliveCount) return null
  const message =
    `Unable to replicate the partition ${replicationFactor} time(s): The target replication factor of ` +
    `${replicationFactor} cannot be reached because only ${aliveCount} broker(s) are registered.`
  return refusal('INVALID_REPLICATION_FACTOR', message)
}

/** Replicas placed by hand: registered brokers, nobody twice, and as many as the other partitions have. */
export function checkReplicas(
  image: MetadataImage,
  placed: { readonly replicas: readonly BrokerId[]; readonly like: number },
): Outcome | null {
  const { replicas, like } = placed
  const refuse = (message: string) => refusal('INVALID_REPLICA_ASSIGNMENT', message)
  if (replicas.length === 0) return refuse('The manual partition assignment includes an empty replica list.')
  const unknown = replicas.find(id => !image.brokers.has(id))
  if (unknown !== undefined) {
    return refuse(`The manual partition assignment includes broker ${unknown}, but no such broker is registered.`)
  }
  const twice = replicas.find((id, index) => replicas.indexOf(id) !== index)
  if (twice !== undefined) return refuse(`The manual partition assignment includes the broker ${twice} more than once.`)
  if (replicas.length === like) return null
  return refuse(
    `The manual partition assignment includes a partition with ${replicas.length} replica(s), but this is not consistent ` +
      `with previous partitions, which have ${like} replica(s).`,
  )
}

/** A partition's first record: everyone alive is in sync, for there is nothing to be behind with. */
export function newPartition(
  image: MetadataImage,
  fresh: { topicId: Uuid; index: PartitionIndex; replicas: readonly BrokerId[] },
): MetadataRecord {
  const { topicId, index, replicas } = fresh
  const isr = replicas.filter(id => isAlive(image, id))
  assert(isr.length > 0, 'a new partition has a replica that is alive', { replicas })
  return {
    type: 'partition',
    body: {
      topicId,
      partition: index,
      replicas: [...replicas],
      directories: replicas.map(id => directoryOf(image, id)),
      isr,
      leader: isr[0]!,
      leaderEpoch: 0,
      partitionEpoch: 0,
    },
  }
}

/** Where a broker has one directory there is no choice; else the broker chooses, which knows how full they are. */
function directoryOf(image: MetadataImage, id: BrokerId): Uuid {
  const directories = image.brokers.get(id)?.directories ?? []
  return directories.length === 1 ? directories[0]! : ZERO_UUID
}
