/** Partitions that are added to a topic, and what all new partitions have in common. */
import { assert } from '../../base/assert.ts'
import type { BrokerId, PartitionIndex } from '../../base/units.ts'
import { type Uuid, ZERO_UUID } from '../../base/uuid.ts'
import { aliveBrokers, isAlive, type MetadataImage, type TopicImage, topicByName } from '../metadata/image.ts'
import type { MetadataRecord } from '../metadata/records.ts'
import type { CreatePartitions, Outcome } from './commands.ts'
import { type Decision, DONE, refusal } from './decision.ts'
import { placeReplicas } from './placement.ts'

/** Partitions that one command may make: its records are one append. */
export const PARTITIONS_PER_COMMAND_MAX = 10_000

type PartitionRequest = CreatePartitions['topics'][number]

export function decideCreatePartitions(
  image: MetadataImage,
  command: CreatePartitions,
): Decision<readonly (Outcome & { readonly name: string })[]> {
  const records: MetadataRecord[] = []
  const reply: (Outcome & { readonly name: string })[] = []
  const seen = new Set<string>()
  let made = 0
  for (const request of command.topics) {
    const { name } = request
    const outcome = seen.has(name)
      ? refusal('INVALID_REQUEST', `topic ${name} is named twice`)
      : addPartitions(image, request, { placement: command.placement, room: PARTITIONS_PER_COMMAND_MAX - made })
    seen.add(name)
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
  if (topic === null) return refusal('UNKNOWN_TOPIC_OR_PARTITION', `topic ${request.name} is not there`)
  const have = topic.partitions.length
  const added = request.count - have
  if (added === 0) return refusal('INVALID_PARTITIONS', `the topic has ${have} partitions already`)
  if (added < 0) return refusal('INVALID_PARTITIONS', `the topic has ${have} partitions: it cannot have fewer`)
  if (added > limits.room) {
    return refusal('POLICY_VIOLATION', `one request may make ${PARTITIONS_PER_COMMAND_MAX} partitions`)
  }
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
    const message = `${added} partitions are added, and ${assignments.length} are placed by hand`
    return refusal('INVALID_REPLICA_ASSIGNMENT', message)
  }
  for (const replicas of assignments) {
    const refused = checkReplicas(image, { replicas, like: topic.partitions[0]!.replicas.length })
    if (refused !== null) return refused
    if (!replicas.some(id => isAlive(image, id))) {
      return refusal('INVALID_REPLICA_ASSIGNMENT', `no broker of ${replicas.join(', ')} is alive`)
    }
  }
  return [...assignments]
}

export function checkReplicationFactor(replicationFactor: number, aliveCount: number): Outcome | null {
  if (aliveCount === 0) return refusal('INVALID_REPLICATION_FACTOR', 'no broker is alive')
  if (replicationFactor < 1 || replicationFactor > 32_767) {
    return refusal('INVALID_REPLICATION_FACTOR', `a replication factor is 1 to 32767, not ${replicationFactor}`)
  }
  if (replicationFactor <= aliveCount) return null
  const message = `a replication factor of ${replicationFactor} needs as many brokers alive, there are ${aliveCount}`
  return refusal('INVALID_REPLICATION_FACTOR', message)
}

/** Replicas placed by hand: registered brokers, nobody twice, and as many as the other partitions have. */
export function checkReplicas(
  image: MetadataImage,
  placed: { readonly replicas: readonly BrokerId[]; readonly like: number },
): Outcome | null {
  const { replicas, like } = placed
  const refuse = (message: string) => refusal('INVALID_REPLICA_ASSIGNMENT', message)
  if (replicas.length === 0) return refuse('a partition has 1 or more replicas')
  if (new Set(replicas).size !== replicas.length) return refuse(`a broker is named twice: ${replicas.join(', ')}`)
  const unknown = replicas.find(id => !image.brokers.has(id))
  if (unknown !== undefined) return refuse(`broker ${unknown} is not registered`)
  if (replicas.length === like) return null
  return refuse(`all partitions of a topic have the same number of replicas, ${like}, not ${replicas.length}`)
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
