/** Metadata, CreateTopics, DeleteTopics and DescribeConfigs. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ZERO_UUID } from '../../base/uuid.ts'
import { type CreateTopicsTopicInput, createTopicsApi } from '../../wire/gen/create-topics.ts'
import { deleteTopicsApi } from '../../wire/gen/delete-topics.ts'
import { describeConfigsApi } from '../../wire/gen/describe-configs.ts'
import { metadataApi } from '../../wire/gen/metadata.ts'
import { batchOf, createTopic, errorOf, fetch, metadataOf, produce, valuesIn } from '../testing/calls.ts'
import { outcomeOf } from '../testing/config-calls.ts'
import { withBroker } from '../testing/memory-broker.ts'
import type { RawPeer } from '../testing/raw-peer.ts'

const one = (name: string, more: Partial<CreateTopicsTopicInput> = {}): CreateTopicsTopicInput => ({
  name,
  numPartitions: 1,
  replicationFactor: 1,
  ...more,
})

async function create(peer: RawPeer, topics: readonly CreateTopicsTopicInput[], validateOnly = false) {
  const response = await peer.request(createTopicsApi, 7, { topics, validateOnly })
  return response.topics
}

test('§8.28 Metadata in every version: the broker, all topics, some, none', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    const topicId = await createTopic(peer, 'orders', { partitions: 2 })
    await createTopic(peer, 'returns')
    for (let version = metadataApi.min; version <= metadataApi.max; version++) {
      const all = await peer.request(metadataApi, version, { topics: version === 0 ? [] : null })
      assert.deepEqual(all.topics.map(topic => topic.name).sort(), ['orders', 'returns'], `v${version}`)
      assert.deepEqual(all.brokers, [{ nodeId: 1, ...broker.address, rack: null }])
      assert.equal(all.clusterId, version >= 2 ? broker.server.clusterId : null)
      assert.equal(all.controllerId, version >= 1 ? 1 : -1)
      if (version > 0) assert.deepEqual((await peer.request(metadataApi, version, { topics: [] })).topics, [])
      const some = await peer.request(metadataApi, version, { topics: [{ name: 'orders' }, { name: 'orders' }] })
      assert.equal(some.topics.length, 1, 'once, however often it is asked for')
      const [topic] = some.topics
      assert.deepEqual(topic?.partitions, [
        {
          errorCode: 0,
          partitionIndex: 0,
          leaderId: 1,
          leaderEpoch: version >= 7 ? 0 : -1,
          replicaNodes: [1],
          isrNodes: [1],
          offlineReplicas: [],
        },
        {
          errorCode: 0,
          partitionIndex: 1,
          leaderId: 1,
          leaderEpoch: version >= 7 ? 0 : -1,
          replicaNodes: [1],
          isrNodes: [1],
          offlineReplicas: [],
        },
      ])
      assert.equal(topic?.topicId, version >= 10 ? topicId : ZERO_UUID)
    }
  }))

test('Metadata by id: found, unknown 100, not before v12', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    const topicId = await createTopic(peer, 'orders')
    const byId = async (id: string, version: number) => {
      const name = version >= 12 ? null : 'x'
      const { topics } = await peer.request(metadataApi, version, { topics: [{ topicId: id, name }] })
      const [topic] = topics
      assert.ok(topic !== undefined)
      return [errorOf(topic), topic.name, topic.topicId]
    }
    assert.deepEqual(await byId(topicId, 12), ['NONE', 'orders', topicId])
    const unknown = 'AAAAAAAAAAAAAAAAAAAABQ'
    assert.deepEqual(await byId(unknown, 13), ['UNKNOWN_TOPIC_ID', null, unknown])
    assert.deepEqual((await byId(topicId, 11))[0], 'INVALID_REQUEST')
    assert.deepEqual((await byId(ZERO_UUID, 12))[0], 'INVALID_REQUEST')
  }))

test('§8.28 automatic creation: the first reply says 3, and many who ask at once make one topic', () =>
  withBroker(async broker => {
    const peers = await Promise.all(Array.from({ length: 8 }, () => broker.connect()))
    const first = await Promise.all(peers.map(peer => metadataOf(peer, 'wanted', { allowAutoTopicCreation: true })))
    assert.deepEqual([...new Set(first.map(errorOf))], ['UNKNOWN_TOPIC_OR_PARTITION'])
    const second = await Promise.all(peers.map(peer => metadataOf(peer, 'wanted', { allowAutoTopicCreation: true })))
    assert.deepEqual([...new Set(second.map(errorOf))], ['NONE'])
    assert.equal(new Set(second.map(topic => topic.topicId)).size, 1)
    const [peer] = peers
    assert.ok(peer !== undefined)
    assert.equal(errorOf(await produce(peer, { topic: 'wanted', records: batchOf(['x']) })), 'NONE')
  }))

test('automatic creation of more partitions than one command makes: 3 as in Kafka, and the operator is told', () =>
  withBroker(
    async broker => {
      const peer = await broker.connect()
      const topic = await metadataOf(peer, 'wanted', { allowAutoTopicCreation: true })
      assert.equal(errorOf(topic), 'UNKNOWN_TOPIC_OR_PARTITION')
      const told = broker.observe.events.filter(({ event }) => event === 'topic.not-created')
      assert.deepEqual(
        told.map(({ fields }) => fields.why),
        ['Excessively large number of partitions per request.'],
      )
    },
    { 'num.partitions': '10001' },
  ))

test('§8.28 automatic creation needs the request and the broker to allow it', async () => {
  await withBroker(async broker => {
    const peer = await broker.connect()
    for (let i = 0; i < 2; i++) assert.equal(errorOf(await metadataOf(peer, 'unwanted')), 'UNKNOWN_TOPIC_OR_PARTITION')
  })
  await withBroker(
    async broker => {
      const peer = await broker.connect()
      for (let i = 0; i < 2; i++) {
        const topic = await metadataOf(peer, 'unwanted', { allowAutoTopicCreation: true })
        assert.equal(errorOf(topic), 'UNKNOWN_TOPIC_OR_PARTITION')
      }
    },
    { 'auto.create.topics.enable': 'false' },
  )
})

test('a name that cannot be made beside another is told so', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    await createTopic(peer, 'a.b')
    const topic = await metadataOf(peer, 'a_b', { allowAutoTopicCreation: true })
    assert.equal(errorOf(topic), 'INVALID_TOPIC_EXCEPTION')
  }))

test('§8.36 CreateTopics: defaults, ids and configs in the reply; a topic that is there already; the same name twice', () =>
  withBroker(
    async broker => {
      const peer = await broker.connect()
      const [made] = await create(peer, [
        one('orders', { numPartitions: -1, replicationFactor: -1, configs: [{ name: 'retention.ms', value: '5000' }] }),
      ])
      assert.ok(made !== undefined)
      assert.deepEqual([errorOf(made), made.numPartitions, made.replicationFactor], ['NONE', 3, 1])
      assert.notEqual(made.topicId, ZERO_UUID)
      const config = (name: string) => made.configs?.find(each => each.name === name)
      assert.deepEqual([config('retention.ms')?.value, config('retention.ms')?.configSource], ['5000', 1])
      assert.deepEqual([config('segment.bytes')?.value, config('segment.bytes')?.configSource], ['123456', 4])
      assert.deepEqual([config('cleanup.policy')?.value, config('cleanup.policy')?.configSource], ['delete', 5])
      assert.equal((await create(peer, [one('orders')])).map(errorOf)[0], 'TOPIC_ALREADY_EXISTS')
      assert.deepEqual((await create(peer, [one('twice'), one('twice'), one('once')])).map(errorOf), [
        'INVALID_REQUEST',
        'NONE',
      ])
    },
    { 'num.partitions': '3', 'log.segment.bytes': '123456' },
  ))

test('§8.36 CreateTopics: more replicas than brokers, placed by hand, only checked', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    assert.equal(
      (await create(peer, [one('wide', { replicationFactor: 2 })])).map(errorOf)[0],
      'INVALID_REPLICATION_FACTOR',
    )
    assert.equal((await create(peer, [one('none', { numPartitions: 0 })])).map(errorOf)[0], 'INVALID_PARTITIONS')
    const placed = { numPartitions: -1, replicationFactor: -1 }
    const assignments = [0, 1].map(partitionIndex => ({ partitionIndex, brokerIds: [1] }))
    assert.equal((await create(peer, [one('placed', { ...placed, assignments })])).map(errorOf)[0], 'NONE')
    assert.equal((await metadataOf(peer, 'placed')).partitions.length, 2)
    const elsewhere = [{ partitionIndex: 0, brokerIds: [9] }]
    const refused = await create(peer, [one('far', { ...placed, assignments: elsewhere })])
    assert.equal(refused.map(errorOf)[0], 'INVALID_REPLICA_ASSIGNMENT')
    const [checked] = await create(peer, [one('checked')], true)
    assert.ok(checked !== undefined)
    assert.deepEqual([errorOf(checked), checked.topicId], ['NONE', ZERO_UUID])
    assert.equal(errorOf(await metadataOf(peer, 'checked')), 'UNKNOWN_TOPIC_OR_PARTITION')
  }))

test('§8.36 a topic can be written to as soon as it was made, and is gone as soon as it was deleted', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    for (let round = 0; round < 3; round++) {
      const topicId = await createTopic(peer, 'orders')
      assert.equal(errorOf(await produce(peer, { topic: 'orders', records: batchOf([`${round}`]) })), 'NONE')
      assert.deepEqual(valuesIn((await fetch(peer, { topic: 'orders' })).records), [`${round}`])
      const topics = round === 1 ? [{ topicId }] : [{ name: 'orders' }]
      const { responses } = await peer.request(deleteTopicsApi, 6, { topics, timeoutMs: 1000 })
      assert.deepEqual(responses.map(errorOf), ['NONE'])
      assert.deepEqual([responses[0]?.name, responses[0]?.topicId], ['orders', topicId])
      assert.equal(errorOf(await fetch(peer, { topic: 'orders' })), 'UNKNOWN_TOPIC_OR_PARTITION')
    }
  }))

test('§8.36 what cannot be created is refused in the words that tools print', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    await createTopic(peer, 'a.b')
    const byHand = (...brokerIds: readonly number[]) => ({
      numPartitions: -1,
      replicationFactor: -1,
      assignments: [{ partitionIndex: 0, brokerIds }],
    })
    const config = (name: string, value: string | null) => ({ configs: [{ name, value }] })
    const refusals: readonly (readonly [CreateTopicsTopicInput, outcome: string])[] = [
      [one('a.b'), "TOPIC_ALREADY_EXISTS Topic 'a.b' already exists."],
      [one('a_b'), "INVALID_TOPIC_EXCEPTION Topic 'a_b' collides with existing topic: a.b"],
      [one(''), 'INVALID_TOPIC_EXCEPTION Topic name is invalid: the empty string is not allowed'],
      [one('.'), "INVALID_TOPIC_EXCEPTION Topic name is invalid: '.' is not allowed"],
      [
        one('a b'),
        "INVALID_TOPIC_EXCEPTION Topic name is invalid: 'a b' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'",
      ],
      [
        one('x'.repeat(250)),
        `INVALID_TOPIC_EXCEPTION Topic name is invalid: the length of '${'x'.repeat(250)}' is longer than the max allowed length 249`,
      ],
      [
        one('n', { numPartitions: 0 }),
        'INVALID_PARTITIONS Number of partitions was set to an invalid non-positive value.',
      ],
      [
        one('n', { replicationFactor: 0 }),
        'INVALID_REPLICATION_FACTOR Replication factor must be larger than 0, or -1 to use the default value.',
      ],
      [
        one('n', { ...byHand(1), numPartitions: 1 }),
        'INVALID_REQUEST A manual partition assignment was specified, but numPartitions was not set to -1.',
      ],
      [
        one('n', byHand(7)),
        'INVALID_REPLICA_ASSIGNMENT The manual partition assignment includes broker 7, but no such broker is registered.',
      ],
      [
        one('n', byHand(1, 1)),
        'INVALID_REPLICA_ASSIGNMENT The manual partition assignment includes the broker 1 more than once.',
      ],
      [
        one('n', config('retention.ms', 'soon')),
        'INVALID_CONFIG Invalid value soon for configuration retention.ms: Not a number of type LONG',
      ],
      [one('n', config('no.such.key', '1')), 'INVALID_CONFIG Unknown topic config name: no.such.key'],
      [
        one('n', config('retention.ms', null)),
        'INVALID_CONFIG Null value not supported for topic configs: retention.ms',
      ],
      [one('__cluster_metadata'), 'INVALID_REQUEST Creation of internal topic __cluster_metadata is prohibited.'],
    ]
    for (const validateOnly of [true, false]) {
      for (const [topic, outcome] of refusals)
        assert.equal(outcomeOf((await create(peer, [topic], validateOnly))[0]), outcome)
    }
    assert.equal(outcomeOf((await create(peer, [one('d'), one('d')]))[0]), 'INVALID_REQUEST Duplicate topic name.')
  }))

test('DeleteTopics: what is not there, what is named in no way or in two, and when it is switched off', async () => {
  await withBroker(async broker => {
    const peer = await broker.connect()
    const unknown = 'AAAAAAAAAAAAAAAAAAAABQ'
    const errors = async (topics: readonly { name?: string | null; topicId?: string }[]) =>
      (await peer.request(deleteTopicsApi, 6, { topics, timeoutMs: 1000 })).responses.map(errorOf)
    assert.deepEqual(await errors([{ name: 'nowhere' }]), ['UNKNOWN_TOPIC_OR_PARTITION'])
    assert.deepEqual(await errors([{ name: null, topicId: unknown }]), ['UNKNOWN_TOPIC_ID'])
    assert.deepEqual(await errors([{ name: null }]), ['INVALID_REQUEST'])
    assert.deepEqual(await errors([{ name: 'nowhere', topicId: unknown }]), ['INVALID_REQUEST'])
    const { responses } = await peer.request(deleteTopicsApi, 3, { topicNames: ['nowhere'], timeoutMs: 1000 })
    assert.deepEqual(responses.map(errorOf), ['UNKNOWN_TOPIC_OR_PARTITION'])
  })
  await withBroker(
    async broker => {
      const peer = await broker.connect()
      await createTopic(peer, 'orders')
      const { responses } = await peer.request(deleteTopicsApi, 6, { topics: [{ name: 'orders' }], timeoutMs: 1000 })
      assert.deepEqual(responses.map(errorOf), ['TOPIC_DELETION_DISABLED'])
      assert.equal(errorOf(await metadataOf(peer, 'orders')), 'NONE')
    },
    { 'delete.topic.enable': 'false' },
  )
})

test('DescribeConfigs: sources, synonyms, types, documentation', () =>
  withBroker(
    async broker => {
      const peer = await broker.connect()
      await createTopic(peer, 'orders', { configs: { 'retention.ms': '5000' } })
      const describe = async (
        resourceType: number,
        resourceName: string,
        configurationKeys: string[] | null = null,
      ) => {
        const resources = [{ resourceType, resourceName, configurationKeys }]
        const request = { resources, includeSynonyms: true, includeDocumentation: true }
        const [result] = (await peer.request(describeConfigsApi, 4, request)).results
        assert.ok(result !== undefined)
        return result
      }
      const { configs } = await describe(2, 'orders', ['retention.ms', 'no.such.key'])
      const [retention] = configs
      assert.equal(configs.length, 1)
      assert.deepEqual([retention?.value, retention?.configSource, retention?.configType], ['5000', 1, 5])
      assert.deepEqual(retention?.synonyms, [
        { name: 'retention.ms', value: '5000', source: 1 },
        { name: 'log.retention.ms', value: '3600000', source: 4 },
        { name: 'log.retention.ms', value: '604800000', source: 5 },
      ])
      assert.match(retention?.documentation ?? '', /Milliseconds/)
      const ofBroker = await describe(4, '1', ['log.retention.ms', 'num.partitions'])
      assert.deepEqual(ofBroker.configs.map(each => [each.name, each.value, each.configSource, each.readOnly]).sort(), [
        ['log.retention.ms', '3600000', 4, false],
        ['num.partitions', '1', 5, true],
      ])
      assert.equal(errorOf(await describe(2, 'nowhere')), 'UNKNOWN_TOPIC_OR_PARTITION')
      assert.equal(errorOf(await describe(4, '7')), 'INVALID_REQUEST')
      assert.equal(errorOf(await describe(99, 'x')), 'INVALID_REQUEST')
      assert.deepEqual((await describe(4, '')).configs, [])
      const resources = Array.from({ length: 100 }, () => ({ resourceType: 2, resourceName: 'orders' }))
      const { results } = await peer.request(describeConfigsApi, 4, { resources })
      assert.equal(results.length, 1, 'once, however often it is asked for')
    },
    { 'log.retention.hours': '1' },
  ))
