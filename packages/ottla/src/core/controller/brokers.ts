/**
 * Brokers that register, are lost, come back and leave. Who is alive is seen by the shell (the engine's sessions, closed
 * connections); here it becomes a fact that all brokers share, together with the elections that follow from it.
 */
import type { BrokerId } from '../../base/units.ts'
import { resolveTopicConfig } from '../../spec/config/topic.ts'
import {
  type BrokerImage,
  ConfigResource,
  isAlive,
  type MetadataImage,
  overridesOf,
  type TopicImage,
} from '../metadata/image.ts'
import type { MetadataRecord } from '../metadata/records.ts'
import type {
  AllocateProducerIds,
  ChangeBroker,
  CreateCluster,
  Outcome,
  ProducerIdBlock,
  RegisterBroker,
  RegisterBrokerReply,
} from './commands.ts'
import { type ControllerRules, type Decision, DONE, refusal } from './decision.ts'
import { changesOnLoss, changesOnReturn, type Electorate } from './election.ts'

/** Producer ids are given to brokers in blocks, so that not every producer costs an append to the metadata log. */
export const PRODUCER_IDS_PER_BLOCK = 1000
const PRODUCER_ID_MAX = 2n ** 63n - 1n

export function decideCreateCluster(image: MetadataImage, command: CreateCluster): Decision<Outcome> {
  if (image.clusterId === command.clusterId) return { records: [], reply: DONE }
  if (image.clusterId !== null) {
    return { records: [], reply: refusal('INCONSISTENT_CLUSTER_ID', `the cluster has the id ${image.clusterId}`) }
  }
  const { clusterId } = command
  const body = { clusterId, nextBrokerEpoch: image.nextBrokerEpoch }
  return { records: [{ type: 'cluster', body }], reply: DONE }
}

export function decideRegisterBroker(
  image: MetadataImage,
  command: RegisterBroker,
  rules: ControllerRules,
): Decision<RegisterBrokerReply> {
  const refuse = (message: string) => ({
    records: [],
    reply: { ...refusal('INCONSISTENT_CLUSTER_ID', message), brokerEpoch: -1 },
  })
  if (image.clusterId === null) return refuse('the cluster has no id yet')
  if (command.clusterId !== null && command.clusterId !== image.clusterId) {
    return refuse(`broker ${command.brokerId} belongs to cluster ${command.clusterId}, this one is ${image.clusterId}`)
  }
  const before = image.brokers.get(command.brokerId)
  const sameProcess = before?.incarnation === command.incarnation
  const brokerEpoch = sameProcess ? before.epoch : image.nextBrokerEpoch
  const fenced = sameProcess ? before.fenced && !command.caughtUp : !command.caughtUp
  const electorate = electorateOf(image, rules, id => (id === command.brokerId ? !fenced : isAlive(image, id)))
  const changes = sameProcess ? [] : [...changesOnLoss(image, command.brokerId, electorate)]
  const returns = !fenced && (before?.fenced ?? true)
  const elections = returns ? onReturn(image, changes, electorate) : []
  // Not `push(...)`: a broker may hold more partitions than a call takes arguments.
  const records = [registration(command, { brokerEpoch, fenced }), ...changes, ...elections]
  return { records, reply: { ...DONE, brokerEpoch } }
}

export function decideChangeBroker(
  image: MetadataImage,
  command: ChangeBroker,
  rules: ControllerRules,
): Decision<Outcome> {
  const broker = image.brokers.get(command.brokerId)
  const problem = checkRegistration(broker, command)
  if (broker === undefined || problem !== null) return { records: [], reply: problem ?? DONE }
  const { brokerId, brokerEpoch } = command
  if (command.type === 'unfenceBroker') {
    if (!broker.fenced) return { records: [], reply: DONE }
    const electorate = electorateOf(image, rules, id => id === brokerId || isAlive(image, id))
    const state: MetadataRecord = { type: 'brokerState', body: { brokerId, brokerEpoch, fenced: false } }
    return { records: [state, ...changesOnReturn(image, electorate)], reply: DONE }
  }
  if (command.type === 'fenceBroker' && broker.fenced) return { records: [], reply: DONE }
  const electorate = electorateOf(image, rules, id => id !== brokerId && isAlive(image, id))
  const state: MetadataRecord =
    command.type === 'fenceBroker'
      ? { type: 'brokerState', body: { brokerId, brokerEpoch, fenced: true } }
      : { type: 'brokerRemoval', body: { brokerId, brokerEpoch } }
  return { records: [state, ...changesOnLoss(image, brokerId, electorate)], reply: DONE }
}

export function decideAllocateProducerIds(
  image: MetadataImage,
  command: AllocateProducerIds,
): Decision<ProducerIdBlock> {
  const firstProducerId = image.nextProducerId
  const nextProducerId = firstProducerId + BigInt(PRODUCER_IDS_PER_BLOCK)
  const none = { firstProducerId: -1n, count: 0 }
  const problem = checkRegistration(image.brokers.get(command.brokerId), command)
  if (problem !== null) return { records: [], reply: { ...problem, ...none } }
  if (nextProducerId > PRODUCER_ID_MAX) {
    return { records: [], reply: { ...refusal('UNKNOWN_SERVER_ERROR', 'all producer ids were given'), ...none } }
  }
  const reply = { ...DONE, firstProducerId, count: PRODUCER_IDS_PER_BLOCK }
  return { records: [{ type: 'producerIds', body: { nextProducerId } }], reply }
}

/** Null when the registration named is the one in force. */
export function checkRegistration(
  broker: BrokerImage | undefined,
  named: { readonly brokerId: BrokerId; readonly brokerEpoch: number },
): Outcome | null {
  if (broker === undefined) return refusal('BROKER_ID_NOT_REGISTERED', `broker ${named.brokerId} is not registered`)
  if (broker.epoch === named.brokerEpoch) return null
  const message = `broker ${named.brokerId} has registration ${broker.epoch}, the request names ${named.brokerEpoch}`
  return refusal('STALE_BROKER_EPOCH', message)
}

/** Who may be elected, when `isAliveThen` says who will be alive. */
export function electorateOf(
  image: MetadataImage,
  rules: ControllerRules,
  isAliveThen: (id: BrokerId) => boolean,
): Electorate {
  const allowsUnclean = (topic: TopicImage) => {
    const overrides = overridesOf(image, ConfigResource.topic, topic.name)
    return resolveTopicConfig(rules, overrides).uncleanLeaderElectionEnable
  }
  return { isAlive: isAliveThen, allowsUnclean }
}

/** Elections on return, but for partitions that the loss before it has changed already. */
function* onReturn(
  image: MetadataImage,
  changed: readonly MetadataRecord[],
  electorate: Electorate,
): Generator<MetadataRecord> {
  const done = new Set<string>()
  for (const { type, body } of changed) if (type === 'partitionState') done.add(`${body.topicId}/${body.partition}`)
  for (const record of changesOnReturn(image, electorate)) {
    if (record.type === 'partitionState' && done.has(`${record.body.topicId}/${record.body.partition}`)) continue
    yield record
  }
}

function registration(command: RegisterBroker, at: { brokerEpoch: number; fenced: boolean }): MetadataRecord {
  const { brokerId, incarnation, rack } = command
  return {
    type: 'broker',
    body: {
      brokerId,
      incarnation,
      brokerEpoch: at.brokerEpoch,
      endpoints: [...command.endpoints],
      rack,
      directories: [...command.directories],
      fenced: at.fenced,
    },
  }
}
