import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { uuidFromBytes } from '../../base/uuid.ts'
import { brokerConfigOf } from '../../spec/config/broker.ts'
import { BrokerConfigInForce } from '../metadata/broker-config.ts'
import { evolveAll } from '../metadata/evolve.ts'
import { emptyImage, isAlive, type MetadataImage, type PartitionImage, topicByName } from '../metadata/image.ts'
import { imageInvariants } from '../metadata/snapshot.ts'
import type { ControllerCommand } from './commands.ts'
import { decide } from './decide.ts'
import { electLeader } from './election.ts'

const config = new BrokerConfigInForce(brokerConfigOf(), 1)
const idOf = (number: number) =>
  uuidFromBytes(Uint8Array.from({ length: 16 }, (_, i) => (i === 0 ? 1 : (number >> (i - 8)) & 1)))

function registration(brokerId: number, start: number): ControllerCommand {
  const incarnation = idOf(start)
  const nothing = { clusterId: null, endpoints: [], rack: null, directories: [] }
  return { type: 'registerBroker', brokerId, incarnation, caughtUp: true, ...nothing }
}

function apply(image: MetadataImage, command: ControllerCommand): MetadataImage {
  const next = evolveAll(image, decide(image, command, config).records)
  imageInvariants(next)
  return next
}

/** Three brokers; a topic placed on all, in each order, and one that may lose records. */
function cluster(): MetadataImage {
  let image = apply(emptyImage(), { type: 'createCluster', clusterId: 'c' })
  for (const id of [1, 2, 3]) image = apply(image, registration(id, id))
  const shape = { partitionCount: -1, replicationFactor: -1 }
  const orders = [[1, 2, 3], [2, 3, 1], [3, 1, 2], [1]]
  const unclean = [{ name: 'unclean.leader.election.enable', value: 'true' }]
  const safe = orders.slice(0, 3).map((replicas, partition) => ({ partition, replicas }))
  const topics = [
    { name: 'safe', topicId: idOf(101), ...shape, assignments: safe, configs: [] },
    { name: 'alone', topicId: idOf(102), ...shape, assignments: [{ partition: 0, replicas: [1] }], configs: [] },
    { name: 'lossy', topicId: idOf(103), ...shape, assignments: safe, configs: unclean },
  ]
  return apply(image, { type: 'createTopics', topics, validateOnly: false, placement: 0 })
}

const step = fc.record({
  what: fc.constantFrom('fence', 'unfence', 'bounce', 'shrink', 'expand', 'preferred'),
  broker: fc.integer({ min: 1, max: 3 }),
  topic: fc.constantFrom('safe', 'lossy'),
  partition: fc.nat(2),
})

test('I-01 I-10 I-11 I-13 C1 C8 C9 C10 leaders come from the ISR, and nobody who was away is in it', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), steps => {
      let image = cluster()
      let starts = 10
      for (const { what, broker, topic, partition } of steps) {
        const brokerEpoch = image.brokers.get(broker)!.epoch
        let command: ControllerCommand
        if (what === 'fence' || what === 'unfence') command = { type: `${what}Broker`, brokerId: broker, brokerEpoch }
        else if (what === 'bounce') command = registration(broker, starts++)
        else if (what === 'preferred') command = { type: 'electLeaders', election: 'preferred', partitions: null }
        else command = isrChange(image, { what, broker, topic, partition })
        const before = image
        image = apply(image, command)
        for (const { name, partitions } of image.topics.values()) {
          const old = topicByName(before, name)!.partitions
          partitions.forEach((now, i) => {
            check(image, { now, before: old[i]!, lossy: name === 'lossy', gone: what === 'bounce' ? broker : null })
          })
        }
      }
    }),
    { numRuns: 300 },
  )
})

function isrChange(
  image: MetadataImage,
  at: { what: string; broker: number; topic: string; partition: number },
): ControllerCommand {
  const topic = topicByName(image, at.topic)!
  const { leader, leaderEpoch, partitionEpoch, isr } = topic.partitions[at.partition]!
  const wanted = at.what === 'shrink' ? isr.filter(id => id !== at.broker) : [...new Set([...isr, at.broker])]
  const epochOf = (id: number) => image.brokers.get(id)?.epoch ?? -1
  return {
    type: 'alterPartition',
    brokerId: leader,
    brokerEpoch: epochOf(leader),
    topicId: topic.id,
    partition: at.partition,
    leaderEpoch,
    partitionEpoch,
    isr: wanted.map(id => ({ brokerId: id, brokerEpoch: epochOf(id) })),
  }
}

function check(
  image: MetadataImage,
  at: { now: PartitionImage; before: PartitionImage; lossy: boolean; gone: number | null },
): void {
  const { now, before, lossy, gone } = at
  if (now.leader !== -1 && now.leader !== before.leader && !lossy) {
    assert.ok(before.isr.includes(now.leader), 'a new leader was in sync')
  }
  if (now.leader !== before.leader) assert.ok(now.leaderEpoch > before.leaderEpoch, 'a new leader has a new term')
  if (gone !== null && before.isr.includes(gone)) {
    assert.ok(now.leaderEpoch > before.leaderEpoch, 'a bounce is a new term')
    if (before.isr.length > 1) assert.ok(!now.isr.includes(gone), 'who bounced is out of the ISR')
  }
  const electable = now.isr.some(id => isAlive(image, id)) || (lossy && now.replicas.some(id => isAlive(image, id)))
  assert.equal(now.leader !== -1, electable, 'someone leads whenever someone may')
}

test('the preferred order decides among those in sync, not the order of the ISR', () => {
  const partition = { replicas: [3, 1, 2], directories: [], isr: [2, 1], leader: -1, leaderEpoch: 0, partitionEpoch: 0 }
  assert.deepEqual(electLeader(partition, { isAlive: () => true, unclean: true }), { leader: 1, isr: [2, 1] })
  assert.deepEqual(electLeader(partition, { isAlive: id => id === 3, unclean: true }), { leader: 3, isr: [3] })
  assert.deepEqual(electLeader(partition, { isAlive: id => id === 3, unclean: false }), { leader: -1, isr: [2, 1] })
})
