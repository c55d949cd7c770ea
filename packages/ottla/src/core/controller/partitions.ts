/** Changes of single partitions: the ISR that a leader asks for, and leaders elected by order. */
import {
  isAlive,
  type MetadataImage,
  type PartitionImage,
  type TopicImage,
  topicById,
  topicByName,
} from '../metadata/image.ts'
import type { MetadataRecord } from '../metadata/records.ts'
import { checkRegistration } from './brokers.ts'
import type { AlterPartition, AssignDirectory, ElectedLeader, ElectLeaders, Outcome } from './commands.ts'
import { type Decision, DONE, refusal } from './decision.ts'
import { electLeader, type Leadership, stateRecord } from './election.ts'

export function decideAlterPartition(image: MetadataImage, command: AlterPartition): Decision<Outcome> {
  const problem = checkRegistration(image.brokers.get(command.brokerId), command)
  if (problem !== null) return { records: [], reply: problem }
  const partition = topicById(image, command.topicId)?.partitions[command.partition]
  if (partition === undefined) {
    return {
      records: [],
      reply: refusal('UNKNOWN_TOPIC_ID', `there is no partition ${command.partition} of that topic`),
    }
  }
  const refused = checkBelief(partition, command) ?? checkMembers(image, partition, command)
  if (refused !== null) return { records: [], reply: refused }
  const isr = command.isr.map(member => member.brokerId)
  const { topicId, leaderEpoch, partitionEpoch } = command
  const { leader } = partition
  const body = { topicId, partition: command.partition, isr, leader, leaderEpoch, partitionEpoch: partitionEpoch + 1 }
  return { records: [{ type: 'partitionState', body }], reply: DONE }
}

/** What the leader believes must be what is: else it acts on a state that is gone. */
function checkBelief(partition: PartitionImage, command: AlterPartition): Outcome | null {
  if (command.leaderEpoch < partition.leaderEpoch) {
    return refusal(
      'FENCED_LEADER_EPOCH',
      `the term is ${partition.leaderEpoch}, the request is of ${command.leaderEpoch}`,
    )
  }
  if (command.leaderEpoch > partition.leaderEpoch || command.partitionEpoch > partition.partitionEpoch) {
    return refusal('NOT_CONTROLLER', 'the request is of a state that this controller has not seen')
  }
  if (partition.leader !== command.brokerId) {
    return refusal('INVALID_REQUEST', `broker ${command.brokerId} does not lead the partition`)
  }
  if (command.partitionEpoch < partition.partitionEpoch) {
    const message = `the state is ${partition.partitionEpoch}, the request is based on ${command.partitionEpoch}`
    return refusal('INVALID_UPDATE_VERSION', message)
  }
  return null
}

function checkMembers(image: MetadataImage, partition: PartitionImage, command: AlterPartition): Outcome | null {
  const ids = command.isr.map(member => member.brokerId)
  if (!ids.includes(command.brokerId) || new Set(ids).size !== ids.length) {
    return refusal('INVALID_REQUEST', 'an ISR has its leader, and nobody twice')
  }
  if (!ids.every(id => partition.replicas.includes(id))) {
    return refusal('INVALID_REQUEST', 'an ISR is of replicas')
  }
  for (const { brokerId, brokerEpoch } of command.isr) {
    const broker = image.brokers.get(brokerId)
    const other = brokerEpoch !== -1 && broker?.epoch !== brokerEpoch
    if (!isAlive(image, brokerId) || other) {
      const message = other ? `broker ${brokerId} started anew since it caught up` : `broker ${brokerId} is not alive`
      return refusal('INELIGIBLE_REPLICA', message)
    }
  }
  return null
}

/** Leadership stays as it is. Source: KIP-858. */
export function decideAssignDirectory(image: MetadataImage, command: AssignDirectory): Decision<Outcome> {
  const { brokerId, topicId, partition: index, directory } = command
  const broker = image.brokers.get(brokerId)
  const problem = checkRegistration(broker, command)
  if (problem !== null) return { records: [], reply: problem }
  const partition = topicById(image, topicId)?.partitions[index]
  if (partition === undefined) {
    return { records: [], reply: refusal('UNKNOWN_TOPIC_ID', `there is no partition ${index} of that topic`) }
  }
  const place = partition.replicas.indexOf(brokerId)
  if (place === -1) {
    const message = `broker ${brokerId} has no replica of the partition`
    return { records: [], reply: refusal('NOT_LEADER_OR_FOLLOWER', message) }
  }
  if (broker?.directories.includes(directory) !== true) {
    const message = `broker ${brokerId} has no log directory ${directory}`
    return { records: [], reply: refusal('LOG_DIR_NOT_FOUND', message) }
  }
  if (partition.directories[place] === directory) return { records: [], reply: DONE }
  const body = {
    ...partition,
    topicId,
    partition: index,
    replicas: [...partition.replicas],
    directories: partition.directories.with(place, directory),
    isr: [...partition.isr],
    partitionEpoch: partition.partitionEpoch + 1,
  }
  return { records: [{ type: 'partition', body }], reply: DONE }
}

export function decideElectLeaders(image: MetadataImage, command: ElectLeaders): Decision<readonly ElectedLeader[]> {
  const records: MetadataRecord[] = []
  const reply: ElectedLeader[] = []
  const elect = (topic: TopicImage, index: number): Outcome => {
    const partition = topic.partitions[index]!
    const next = command.election === 'preferred' ? preferred(image, partition) : unclean(image, partition)
    if ('error' in next) return next
    records.push(stateRecord(topic.id, index, { partition, next }))
    return DONE
  }
  if (command.partitions === null) {
    for (const topic of image.topics.values()) {
      for (const index of topic.partitions.keys()) {
        const outcome = elect(topic, index)
        if (outcome.error !== 'ELECTION_NOT_NEEDED') reply.push({ topic: topic.name, partition: index, ...outcome })
      }
    }
    return { records, reply }
  }
  const seen = new Set<string>()
  for (const { topic: name, partition } of command.partitions) {
    if (seen.has(`${partition} ${name}`)) continue
    seen.add(`${partition} ${name}`)
    const topic = topicByName(image, name)
    const known = topic?.partitions[partition] !== undefined
    const outcome = known
      ? elect(topic!, partition)
      : refusal('UNKNOWN_TOPIC_OR_PARTITION', `${name}-${partition} is not there`)
    reply.push({ topic: name, partition, ...outcome })
  }
  return { records, reply }
}

function preferred(image: MetadataImage, partition: PartitionImage): Leadership | Outcome {
  const first = partition.replicas[0]!
  if (partition.leader === first) return refusal('ELECTION_NOT_NEEDED', `broker ${first} leads already`)
  if (!isAlive(image, first) || !partition.isr.includes(first)) {
    return refusal('PREFERRED_LEADER_NOT_AVAILABLE', `broker ${first} is not alive and in sync`)
  }
  return { leader: first, isr: partition.isr }
}

function unclean(image: MetadataImage, partition: PartitionImage): Leadership | Outcome {
  if (partition.leader !== -1) return refusal('ELECTION_NOT_NEEDED', `broker ${partition.leader} leads`)
  const next = electLeader(partition, { isAlive: id => isAlive(image, id), unclean: true })
  return next.leader === -1 ? refusal('ELIGIBLE_LEADERS_NOT_AVAILABLE', 'no replica is alive') : next
}
