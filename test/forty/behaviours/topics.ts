/** Behaviours 36 to 38: making topics, cutting them at the front, configuring them. */
import assert from 'node:assert/strict'
import { ZERO_UUID } from '../../../packages/ottla/src/base/uuid.ts'
import { createPartitionsApi } from '../../../packages/ottla/src/wire/gen/create-partitions.ts'
import { type CreateTopicsTopicInput, createTopicsApi } from '../../../packages/ottla/src/wire/gen/create-topics.ts'
import { deleteRecordsApi } from '../../../packages/ottla/src/wire/gen/delete-records.ts'
import { describeConfigsApi } from '../../../packages/ottla/src/wire/gen/describe-configs.ts'
import { incrementalAlterConfigsApi } from '../../../packages/ottla/src/wire/gen/incremental-alter-configs.ts'
import { metadataApi } from '../../../packages/ottla/src/wire/gen/metadata.ts'
import { type Behaviour, behaviour } from '../behaviour.ts'
import type { TestCluster } from '../cluster.ts'
import { errorText } from '../errors.ts'
import { eventually } from '../eventually.ts'
import { fetchFrom, listOffset, produced } from '../messages.ts'
import { batchOf } from '../records.ts'
import { STATIC_CONFIG } from '../setup.ts'

const TOPIC = 2
const BROKER = 4
const Op = { set: 0, delete: 1, append: 2, subtract: 3 } as const
const Source = { topic: 1, dynamicBroker: 2, staticBroker: 4, default: 5 } as const

export const topicBehaviours: readonly Behaviour[] = [
  behaviour(36, 'CreateTopics: names, counts, defaults, validate_only, and what the reply tells', async cluster => {
    const known = await cluster.topic()
    const fresh = () => cluster.freshName()
    const error = async (topic: Partial<CreateTopicsTopicInput>, validateOnly = false) =>
      (await create(cluster, [{ name: fresh(), numPartitions: 1, replicationFactor: 1, ...topic }], validateOnly))[0]!
        .error
    assert.equal(await error({ name: known.name }), 'TOPIC_ALREADY_EXISTS')
    assert.equal(await error({ name: known.name }, true), 'TOPIC_ALREADY_EXISTS')
    assert.equal(await error({ replicationFactor: 2 }), 'INVALID_REPLICATION_FACTOR')
    assert.equal(await error({ replicationFactor: 0 }), 'INVALID_REPLICATION_FACTOR')
    assert.equal(await error({ numPartitions: 0 }), 'INVALID_PARTITIONS')
    assert.equal(await error({ numPartitions: -2 }), 'INVALID_PARTITIONS')
    assert.equal(await error({ configs: [{ name: 'no.such.key', value: '1' }] }), 'INVALID_CONFIG')
    assert.equal(await error({ configs: [{ name: 'retention.ms', value: 'soon' }] }), 'INVALID_CONFIG')
    for (const name of ['', '.', '..', 'a b', 'x'.repeat(250)])
      assert.equal(await error({ name }), 'INVALID_TOPIC_EXCEPTION', `name '${name}'`)
    const assigned = [{ partitionIndex: 0, brokerIds: [1] }]
    assert.equal(await error({ assignments: assigned }), 'INVALID_REQUEST', 'counts beside an assignment')
    const gap = { numPartitions: -1, replicationFactor: -1, assignments: [{ partitionIndex: 1, brokerIds: [1] }] }
    assert.equal(await error(gap), 'INVALID_REPLICA_ASSIGNMENT')
    const byHand = { numPartitions: -1, replicationFactor: -1, assignments: assigned }
    assert.equal(await error(byHand), 'NONE')

    const twice = fresh()
    const one = { name: twice, numPartitions: 1, replicationFactor: 1 }
    const replies = await create(cluster, [one, { ...one, name: fresh() }, one])
    assert.equal(replies.find(each => each.name === twice)!.error, 'INVALID_REQUEST', 'twice in one request')
    assert.equal(replies.find(each => each.name !== twice)!.error, 'NONE', 'the others are made')
    assert.equal(replies.length, 2)

    const base = fresh()
    assert.equal(await error({ name: `${base}.x` }), 'NONE')
    assert.equal(await error({ name: `${base}_x` }), 'INVALID_TOPIC_EXCEPTION', 'equal but for . and _')

    const checked = fresh()
    const configs = [{ name: 'retention.ms', value: '1234567' }]
    const defaults = { name: checked, numPartitions: -1, replicationFactor: -1, configs }
    const [valid] = await create(cluster, [defaults], true)
    assert.deepEqual([valid!.error, valid!.numPartitions, valid!.replicationFactor], ['NONE', 1, 1])
    const { topics } = await cluster.ask(metadataApi, { topics: [{ name: checked }], allowAutoTopicCreation: false }, 9)
    assert.equal(errorText(topics[0]!.errorCode), 'UNKNOWN_TOPIC_OR_PARTITION', 'validate_only makes nothing')
    const [made] = await create(cluster, [defaults])
    assert.deepEqual([made!.error, made!.numPartitions, made!.replicationFactor], ['NONE', 1, 1])
    assert.notEqual(made!.topicId, ZERO_UUID)
    const retention = made!.configs?.find(each => each.name === 'retention.ms')
    assert.deepEqual([retention?.value, retention?.configSource], ['1234567', Source.topic])
    assert.ok(made!.configs!.length > 20, 'all configs are in the reply')
    const other = made!.configs!.find(each => each.name === 'retention.bytes')!
    assert.deepEqual([other.value, other.configSource, other.readOnly], ['-1', Source.default, false])
    const minIsr = made!.configs!.find(each => each.name === 'min.insync.replicas')!
    assert.equal(minIsr.value, '1', 'a topic of one replica is not held back by a default')
    await cluster.untilLed(checked, 1)

    const grow = async (count: number) => {
      const reply = await cluster.ask(createPartitionsApi, {
        topics: [{ name: known.name, count, assignments: null }],
        timeoutMs: 10_000,
      })
      return errorText(reply.results[0]!.errorCode)
    }
    assert.equal(await grow(1), 'INVALID_PARTITIONS', 'as many as there are')
    assert.equal(await grow(0), 'INVALID_PARTITIONS', 'fewer')
    assert.equal(await grow(3), 'NONE')
    await cluster.untilLed(known.name, 3)
  }),

  behaviour(
    37,
    'DeleteRecords moves the start of the log; -1 is the high watermark, above it is OFFSET_OUT_OF_RANGE',
    async cluster => {
      const topic = await cluster.topic()
      for (const value of ['a', 'b', 'c', 'd']) await produced(cluster, topic, batchOf([value]))
      const remove = async (offset: number, partitionIndex = 0, name = topic.name) => {
        const topics = [{ name, partitions: [{ partitionIndex, offset }] }]
        const reply = await cluster.ask(deleteRecordsApi, { topics, timeoutMs: 10_000 })
        const found = reply.topics[0]!.partitions[0]!
        return [errorText(found.errorCode), found.lowWatermark]
      }
      assert.deepEqual(await remove(2), ['NONE', 2])
      assert.equal((await listOffset(cluster, topic.name, -2)).offset, 2)
      assert.equal((await fetchFrom(cluster, topic, 1)).error, 'OFFSET_OUT_OF_RANGE')
      assert.deepEqual(
        (await fetchFrom(cluster, topic, 2)).batches.flatMap(each => each.values),
        ['c', 'd'],
      )
      assert.deepEqual(await remove(1), ['NONE', 2], 'the start never moves back')
      assert.deepEqual(await remove(5), ['OFFSET_OUT_OF_RANGE', -1])
      assert.deepEqual(await remove(-2), ['OFFSET_OUT_OF_RANGE', -1])
      assert.deepEqual(await remove(1, 4), ['UNKNOWN_TOPIC_OR_PARTITION', -1])
      assert.deepEqual(await remove(1, 0, cluster.freshName()), ['UNKNOWN_TOPIC_OR_PARTITION', -1])
      assert.deepEqual(await remove(-1), ['NONE', 4])
      assert.equal((await fetchFrom(cluster, topic, 3)).error, 'OFFSET_OUT_OF_RANGE')
      assert.equal((await fetchFrom(cluster, topic, 4)).error, 'NONE')
      assert.equal(await produced(cluster, topic, batchOf(['e'])), 4, 'offsets go on')
      const compacted = await cluster.topic(1, { 'cleanup.policy': 'compact' })
      assert.deepEqual(
        await remove(-1, 0, compacted.name),
        ['POLICY_VIOLATION', -1],
        'a compacted topic keeps its records',
      )
    },
  ),

  behaviour(
    38,
    'configs: lists grow and shrink, unknown keys are refused, where a value comes from is told',
    async cluster => {
      const { name } = await cluster.topic(1, { 'retention.ms': '5000000', 'max.message.bytes': '2000000' })
      const alter = async (
        key: string,
        configOperation: number,
        value: string | null,
        options: { type?: number; of?: string; validateOnly?: boolean } = {},
      ) => {
        const { type: resourceType = TOPIC, of: resourceName = name, validateOnly = false } = options
        const configs = [{ name: key, configOperation, value }]
        const reply = await cluster.ask(incrementalAlterConfigsApi, {
          resources: [{ resourceType, resourceName, configs }],
          validateOnly,
        })
        return errorText(reply.responses[0]!.errorCode)
      }
      // A change spreads in its own time.
      const becomes = async (key: string, value: string, type = TOPIC, of = name) => {
        let seen = await described(cluster, type, of, key)
        await eventually(
          `${key}=${value}`,
          async () => {
            seen = await described(cluster, type, of, key)
            return seen.value === value
          },
          5_000,
        ).catch(error => assert.fail(`${error.message}, it is ${seen.value}`))
        return seen
      }
      assert.equal(await alter('cleanup.policy', Op.append, 'compact'), 'NONE')
      await becomes('cleanup.policy', 'delete,compact')
      assert.equal(await alter('cleanup.policy', Op.append, 'compact'), 'NONE', 'what is there is not added again')
      await becomes('cleanup.policy', 'delete,compact')
      assert.equal(await alter('cleanup.policy', Op.subtract, 'delete'), 'NONE')
      await becomes('cleanup.policy', 'compact')
      assert.equal(await alter('retention.ms', Op.append, '1'), 'INVALID_CONFIG', 'a number is no list')
      assert.equal(await alter('retention.ms', Op.subtract, '1'), 'INVALID_CONFIG')
      assert.equal(await alter('no.such.key', Op.set, '1'), 'INVALID_CONFIG')
      assert.equal(await alter('retention.ms', Op.set, 'soon'), 'INVALID_CONFIG')
      assert.equal(await alter('retention.ms', 9, '1'), cluster.either('unknown-config-operation'))
      assert.equal(await alter('retention.ms', Op.set, '1', { of: cluster.freshName() }), 'UNKNOWN_TOPIC_OR_PARTITION')
      assert.equal(await alter('retention.ms', Op.set, '6000000', { validateOnly: true }), 'NONE')
      await becomes('retention.ms', '5000000')

      const set = await described(cluster, TOPIC, name, 'max.message.bytes')
      assert.deepEqual([set.configSource, set.isSensitive, set.readOnly], [Source.topic, false, false])
      assert.deepEqual(set.synonyms, [
        { name: 'max.message.bytes', value: '2000000', source: Source.topic },
        { name: 'message.max.bytes', value: '1048588', source: Source.default },
      ])
      assert.equal(await alter('retention.ms', Op.delete, null), 'NONE')
      const unset = await becomes('retention.ms', '604800000')
      assert.equal(unset.configSource, Source.default)
      const idle = await described(cluster, BROKER, '1', STATIC_CONFIG.name)
      assert.deepEqual([idle.value, idle.configSource], [STATIC_CONFIG.value, Source.staticBroker])
      assert.deepEqual(idle.synonyms, [
        { name: idle.name, value: STATIC_CONFIG.value, source: Source.staticBroker },
        { name: idle.name, value: '600000', source: Source.default },
      ])
      const [secret] = await entries(cluster, BROKER, '1', 'ssl.key.password')
      const told = secret === undefined ? 'not listed' : `${secret.value}${secret.isSensitive ? ', sensitive' : ''}`
      assert.equal(told, cluster.either('secret-configs'))

      assert.equal(await alter('log.retention.ms', Op.set, '700000000', { type: BROKER, of: '1' }), 'NONE')
      const dynamic = await becomes('log.retention.ms', '700000000', BROKER, '1')
      assert.equal(dynamic.configSource, Source.dynamicBroker)
      const inherited = await becomes('retention.ms', '700000000')
      assert.equal(inherited.configSource, Source.dynamicBroker)
      assert.equal(await alter('log.retention.ms', Op.delete, null, { type: BROKER, of: '1' }), 'NONE')
      assert.equal(await alter('node.id', Op.set, '7', { type: BROKER, of: '1' }), 'INVALID_REQUEST', 'read-only')
    },
  ),
]

async function create(cluster: TestCluster, topics: readonly CreateTopicsTopicInput[], validateOnly = false) {
  const reply = await cluster.ask(createTopicsApi, { topics, validateOnly, timeoutMs: 10_000 }, 7)
  return reply.topics.map(topic => ({ ...topic, error: errorText(topic.errorCode) }))
}

async function described(cluster: TestCluster, resourceType: number, resourceName: string, key: string) {
  const [found] = await entries(cluster, resourceType, resourceName, key)
  assert.ok(found, `DescribeConfigs leaves ${key} out`)
  return found
}

async function entries(cluster: TestCluster, resourceType: number, resourceName: string, key: string) {
  const resources = [{ resourceType, resourceName, configurationKeys: [key] }]
  const reply = await cluster.ask(describeConfigsApi, { resources, includeSynonyms: true }, 4)
  const result = reply.results[0]!
  assert.equal(errorText(result.errorCode), 'NONE')
  return result.configs
}
