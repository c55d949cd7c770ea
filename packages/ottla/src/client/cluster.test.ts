import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorCodeOf } from '../spec/errors.ts'
import { createPartitionsApi } from '../wire/gen/create-partitions.ts'
import { createTopicsApi } from '../wire/gen/create-topics.ts'
import { deleteTopicsApi } from '../wire/gen/delete-topics.ts'
import { describeConfigsApi } from '../wire/gen/describe-configs.ts'
import { incrementalAlterConfigsApi } from '../wire/gen/incremental-alter-configs.ts'
import { listOffsetsApi } from '../wire/gen/list-offsets.ts'
import { metadataApi } from '../wire/gen/metadata.ts'
import { Cluster } from './cluster.ts'
import { configsOf, editConfigs } from './configs.ts'
import { ConnectionError } from './connection-error.ts'
import { listOffset, SpecialTime } from './list-offsets.ts'
import { ScriptedBroker } from './testing/scripted-broker.ts'
import { TestWorld } from './testing/world.ts'
import { createTopic, deleteTopic, growTopic } from './topics.ts'
import { WireFailure } from './wire-failure.ts'

const ID = 'q83vEjRWeJCrze8SNFZ4kA'
const partition = (partitionIndex: number, leaderId: number) => ({
  partitionIndex,
  leaderId,
  leaderEpoch: 5,
  replicaNodes: [leaderId],
  isrNodes: [leaderId],
})

/** Two brokers that know each other; the second is the controller and leads partition 1. */
async function twoBrokers() {
  const world = new TestWorld()
  const brokers = [await ScriptedBroker.start(world), await ScriptedBroker.start(world)] as const
  const [first, second] = brokers
  for (const broker of brokers) {
    broker.on(metadataApi, ({ body }) => ({
      brokers: brokers.map(({ address }, i) => ({ nodeId: i + 1, ...address })),
      controllerId: 2,
      topics: (body.topics ?? [{ name: 'orders' }]).map(({ name }) =>
        name === 'orders'
          ? { name, topicId: ID, partitions: [partition(1, 2), partition(0, 1)] }
          : { name, errorCode: errorCodeOf('UNKNOWN_TOPIC_OR_PARTITION'), partitions: [] },
      ),
    }))
  }
  const cluster = new Cluster(world, { bootstrap: [first.address], clientId: 'c', retryForMs: 3000 })
  return { world, first, second, cluster }
}

test('finds the leader of a partition, asks once, and asks again when told that it is out of date', async () => {
  const { world, first, second, cluster } = await twoBrokers()
  const leader = await world.settled(cluster.leader('orders', 1))
  assert.deepEqual(leader, { address: second.address, leaderEpoch: 5, topicId: ID })
  await world.settled(cluster.leader('orders', 0))
  assert.equal(first.asked(metadataApi).length, 1)
  cluster.forget('orders')
  await world.settled(cluster.leader('orders', 0))
  assert.equal(first.asked(metadataApi).length, 2)
  assert.equal(first.accepted, 1, 'one connection is kept')
})

test('many who find at once that they must ask, ask once', async () => {
  const { world, first, cluster } = await twoBrokers()
  await world.settled(Promise.all([0, 1, 0, 1].map(index => cluster.leader('orders', index))))
  assert.equal(first.asked(metadataApi).length, 1)
})

test('a topic is not made by being looked at', async () => {
  const { world, first, cluster } = await twoBrokers()
  await world.settled(cluster.topic('orders'))
  assert.equal(first.asked(metadataApi)[0]?.body.allowAutoTopicCreation, false)
  await world.failure(cluster.refresh('new', { create: true }))
  assert.equal(first.asked(metadataApi)[1]?.body.allowAutoTopicCreation, true)
})

test('a topic that is being made is waited for', async () => {
  const { world, first, cluster } = await twoBrokers()
  let asks = 0
  first.on(metadataApi, () => ({
    brokers: [{ nodeId: 1, ...first.address }],
    topics: [
      ++asks < 3
        ? { name: 'new', errorCode: errorCodeOf('LEADER_NOT_AVAILABLE'), partitions: [] }
        : { name: 'new', topicId: ID, partitions: [partition(0, 1)] },
    ],
  }))
  const topic = await world.settled(cluster.topic('new', { create: true }))
  assert.equal(topic.partitions.length, 1)
  assert.equal(asks, 3)
})

test('a partition without a leader is no obstacle to the others', async () => {
  const { world, first, cluster } = await twoBrokers()
  first.on(metadataApi, () => ({
    brokers: [{ nodeId: 1, ...first.address }],
    topics: [{ name: 'orders', topicId: ID, partitions: [partition(0, 1), { ...partition(1, -1), errorCode: 5 }] }],
  }))
  await world.settled(cluster.leader('orders', 0))
  const error = await world.failure(cluster.leader('orders', 1))
  assert.ok(error instanceof WireFailure && error.errorName === 'LEADER_NOT_AVAILABLE' && error.retriable)
  const beyond = await world.failure(cluster.leader('orders', 2))
  assert.ok(beyond instanceof WireFailure && beyond.errorName === 'UNKNOWN_TOPIC_OR_PARTITION')
})

test('asks another broker when one is away', async () => {
  const { world, first, second, cluster } = await twoBrokers()
  await world.settled(cluster.topics())
  first.goDown()
  const topics = await world.settled(cluster.topics())
  assert.deepEqual(
    topics.map(topic => [topic.name, topic.partitions.map(each => each.partition)]),
    [['orders', [0, 1]]],
  )
  assert.equal(second.asked(metadataApi).length, 1)
})

test('gives up after its time when nobody answers, and at once when asked whether anybody is there', async () => {
  const { world, first, cluster } = await twoBrokers()
  first.goDown()
  const begun = world.clock.monoMs()
  assert.ok((await world.failure(cluster.reach())) instanceof ConnectionError)
  assert.ok(world.clock.monoMs() - begun < 100)
  assert.ok((await world.failure(cluster.topics())) instanceof ConnectionError)
  assert.ok(world.clock.monoMs() - begun >= 3000)
})

test('a closed client does not try on', async () => {
  const { world, cluster } = await twoBrokers()
  await world.settled(cluster.topics())
  cluster.close()
  const begun = world.clock.monoMs()
  const error = await world.failure(cluster.topics())
  assert.ok(error instanceof ConnectionError && error.layer === 'given-up')
  assert.ok(world.clock.monoMs() - begun < 100)
})

test('topics are made and removed by the controller', async () => {
  const { world, first, second, cluster } = await twoBrokers()
  second
    .on(createTopicsApi, ({ body }) => ({
      topics: body.topics.map(topic =>
        topic.name === 'orders'
          ? { name: topic.name, errorCode: errorCodeOf('TOPIC_ALREADY_EXISTS'), errorMessage: 'it is there' }
          : { name: topic.name, topicId: ID, numPartitions: 3, replicationFactor: 1 },
      ),
    }))
    .on(deleteTopicsApi, ({ body }) => ({
      responses: body.topics.map(({ name }) => ({
        name,
        errorCode: errorCodeOf(name === 'orders' ? 'NONE' : 'UNKNOWN_TOPIC_OR_PARTITION'),
      })),
    }))
  const created = await world.settled(
    createTopic(cluster, { name: 'new', partitions: 3, configs: { 'retention.ms': '1000' } }, { validateOnly: true }),
  )
  assert.deepEqual(created, { name: 'new', topicId: ID, partitions: 3, replicationFactor: 1 })
  const body = second.asked(createTopicsApi)[0]?.body
  assert.equal(body?.validateOnly, true)
  assert.deepEqual(body?.topics[0]?.configs, [{ name: 'retention.ms', value: '1000' }])
  const twice = await world.failure(createTopic(cluster, { name: 'orders' }))
  assert.equal(twice.message, 'cannot create topic orders: it is there (TOPIC_ALREADY_EXISTS)')
  await world.settled(deleteTopic(cluster, 'orders'))
  assert.match(
    (await world.failure(deleteTopic(cluster, 'none'))).message,
    /^cannot delete topic none: .*UNKNOWN_TOPIC/,
  )
  assert.equal(first.asked(createTopicsApi).length, 0)
})

test('configs say where they come from; those of a broker are asked of it', async () => {
  const { world, first, second, cluster } = await twoBrokers()
  const answer = (resourceType: number, resourceName: string) => ({
    results: [
      {
        resourceType,
        resourceName,
        configs: [
          { name: 'retention.ms', value: '1000', readOnly: false, configSource: 1, isSensitive: false },
          { name: 'a.secret', value: null, readOnly: true, configSource: 5, isSensitive: true },
        ],
      },
    ],
  })
  const expected = [
    { key: 'a.secret', value: null, origin: 'default', readOnly: true, synonyms: [] },
    { key: 'retention.ms', value: '1000', origin: 'topic', readOnly: false, synonyms: [] },
  ]
  for (const broker of [first, second]) broker.on(describeConfigsApi, () => answer(4, '2'))
  assert.deepEqual(await world.settled(configsOf(cluster, { kind: 'topic', name: 'orders' })), expected)
  assert.deepEqual(await world.settled(configsOf(cluster, { kind: 'broker', brokerId: 2 }, ['retention.ms'])), expected)
  assert.equal(second.asked(describeConfigsApi).length, 1)
  const [resource] = second.asked(describeConfigsApi)[0]?.body.resources ?? []
  assert.deepEqual(resource, { resourceType: 4, resourceName: '2', configurationKeys: ['retention.ms'] })
  const missing = await world.failure(configsOf(cluster, { kind: 'broker', brokerId: 9 }))
  assert.equal(missing.message, 'there is no broker 9: the brokers are 1, 2 (BROKER_ID_NOT_REGISTERED)')
})

test('configs are edited and topics grown through the controller, with the broker’s own words on failure', async () => {
  const { world, second, cluster } = await twoBrokers()
  second
    .on(incrementalAlterConfigsApi, ({ body }) => ({
      responses: body.resources.map(({ resourceType, resourceName }) => ({
        resourceType,
        resourceName,
        ...(resourceName === 'orders' ? {} : { errorCode: errorCodeOf('INVALID_CONFIG'), errorMessage: 'not so' }),
      })),
    }))
    .on(createPartitionsApi, ({ body }) => ({
      results: body.topics.map(({ name, count }) => ({
        name,
        ...(count === 4 ? {} : { errorCode: errorCodeOf('INVALID_PARTITIONS'), errorMessage: 'no increase' }),
      })),
    }))
  const edits = [
    { key: 'retention.ms', operation: 'set', value: '1' },
    { key: 'segment.ms', operation: 'delete', value: null },
    { key: 'cleanup.policy', operation: 'append', value: 'compact' },
    { key: 'cleanup.policy', operation: 'subtract', value: 'delete' },
  ] as const
  await world.settled(editConfigs(cluster, { kind: 'topic', name: 'orders' }, edits, { validateOnly: true }))
  const body = second.asked(incrementalAlterConfigsApi)[0]?.body
  assert.equal(body?.validateOnly, true)
  assert.deepEqual(
    body?.resources[0]?.configs.map(each => each.configOperation),
    [0, 1, 2, 3],
  )
  const refused = await world.failure(editConfigs(cluster, { kind: 'all-brokers' }, edits))
  assert.equal(refused.message, 'cannot change the configs of all brokers: not so (INVALID_CONFIG)')
  await world.settled(growTopic(cluster, 'orders', 4))
  const fewer = await world.failure(growTopic(cluster, 'orders', 1))
  assert.equal(fewer.message, 'cannot add partitions to topic orders: no increase (INVALID_PARTITIONS)')
})

test('offsets are asked of the leader', async () => {
  const { world, second, cluster } = await twoBrokers()
  second.on(listOffsetsApi, ({ body }) => ({
    topics: body.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex, timestamp, currentLeaderEpoch }) => ({
        partitionIndex,
        ...(timestamp === 7 ? { errorCode: errorCodeOf('OFFSET_NOT_AVAILABLE') } : {}),
        offset: timestamp === SpecialTime.end ? 12 : 3,
        timestamp: currentLeaderEpoch,
      })),
    })),
  }))
  assert.deepEqual(await world.settled(listOffset(cluster, 'orders', 1, SpecialTime.end)), {
    offset: 12,
    timestampMs: 5,
  })
  assert.equal((await world.settled(listOffset(cluster, 'orders', 1, SpecialTime.start))).offset, 3)
  const error = await world.failure(listOffset(cluster, 'orders', 1, 7))
  assert.ok(error instanceof WireFailure && error.retriable)
})

test('an error that this release does not know is told by its number', async () => {
  const { world, first, cluster } = await twoBrokers()
  first.on(metadataApi, () => ({ brokers: [], topics: [{ name: 'orders', errorCode: 999, partitions: [] }] }))
  assert.match((await world.failure(cluster.refresh('orders'))).message, /error code 999/)
})
