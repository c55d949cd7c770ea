/** IncrementalAlterConfigs, AlterConfigs and DescribeConfigs: what is accepted, what is refused and how it is told. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { alterConfigsApi } from '../../wire/gen/alter-configs.ts'
import { incrementalAlterConfigsApi } from '../../wire/gen/incremental-alter-configs.ts'
import { createTopic } from '../testing/calls.ts'
import {
  alter,
  brokerConfigs,
  type Change,
  configOf,
  describeConfigs,
  outcomeOf,
  setConfigs,
  topicConfigs,
} from '../testing/config-calls.ts'
import { MemoryBroker, withBroker } from '../testing/memory-broker.ts'
import type { RawPeer } from '../testing/raw-peer.ts'

const orders = topicConfigs('orders')
const allBrokers = brokerConfigs('')
const broker1 = brokerConfigs('1')

async function alterOld(
  peer: RawPeer,
  place: { readonly type: number; readonly name: string },
  configs: Readonly<Record<string, string | null>>,
  options: { readonly validateOnly?: boolean; readonly version?: number } = {},
): Promise<string> {
  const entries = Object.entries(configs).map(([name, value]) => ({ name, value }))
  const resources = [{ resourceType: place.type, resourceName: place.name, configs: entries }]
  const { validateOnly = false, version = 2 } = options
  return outcomeOf((await peer.request(alterConfigsApi, version, { resources, validateOnly })).responses[0])
}

test('§8.38 keys of a topic are set, deleted, and lists extended and shortened, in every version', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    await createTopic(peer, 'orders')
    for (let version = incrementalAlterConfigsApi.min; version <= incrementalAlterConfigsApi.max; version++) {
      const change = (...changes: Change[]) => alter(peer, orders, changes, { version })
      assert.equal(await change(['retention.ms', 'set', '1000'], ['cleanup.policy', 'append', 'compact']), 'NONE')
      assert.deepEqual(await configOf(peer, orders, 'retention.ms'), ['1000', 1])
      assert.deepEqual(await configOf(peer, orders, 'cleanup.policy'), ['delete,compact', 1])
      assert.equal(await change(['retention.ms', 'delete'], ['cleanup.policy', 'subtract', 'delete']), 'NONE')
      assert.deepEqual(await configOf(peer, orders, 'retention.ms'), ['604800000', 5])
      assert.deepEqual(await configOf(peer, orders, 'cleanup.policy'), ['compact', 1])
      assert.equal(await change(['cleanup.policy', 'subtract', 'compact']), 'NONE')
      assert.deepEqual(await configOf(peer, orders, 'cleanup.policy'), ['', 1])
      assert.equal(await change(['cleanup.policy', 'delete', 'ignored'], ['never.heard', 'delete']), 'NONE')
      assert.deepEqual(await configOf(peer, orders, 'cleanup.policy'), ['delete', 5])
    }
  }))

test('§8.38 what cannot be set on a topic is refused in the words that tools print, and changes nothing', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    await createTopic(peer, 'orders')
    const refusals: readonly (readonly [Change, outcome: string])[] = [
      [
        ['retention.ms', 'set', 'soon'],
        'INVALID_CONFIG Invalid value soon for configuration retention.ms: Not a number of type LONG',
      ],
      [
        ['retention.ms', 'set', '-5'],
        'INVALID_CONFIG Invalid value -5 for configuration retention.ms: Value must be at least -1',
      ],
      [['retention.ms', 'set', null], 'INVALID_REQUEST Null value not supported for : retention.ms'],
      [['cleanup.policy', 'append', null], 'INVALID_REQUEST Null value not supported for : cleanup.policy'],
      [['no.such.key', 'set', '1'], 'INVALID_CONFIG Unknown topic config name: no.such.key'],
      [
        ['retention.ms', 'append', '5'],
        "INVALID_CONFIG Can't APPEND to key retention.ms because its type is not LIST.",
      ],
      [
        ['no.such.key', 'subtract', '5'],
        "INVALID_CONFIG Can't SUBTRACT to key no.such.key because its type is not LIST.",
      ],
      [
        ['min.insync.replicas', 'set', '0'],
        'INVALID_CONFIG Invalid value 0 for configuration min.insync.replicas: Value must be at least 1',
      ],
      [
        ['durability', 'set', 'memory'],
        'INVALID_CONFIG durability cannot change from disk to memory: memory is for the whole life of a topic',
      ],
    ]
    for (const [change, outcome] of refusals) {
      // The sound change beside it is not made either.
      assert.equal(await alter(peer, orders, [['segment.ms', 'set', '7'], change]), outcome)
    }
    assert.match(await alter(peer, orders, [['retention.ms', 9, '1']]), /^INVALID_REQUEST Unknown operation type/)
    assert.equal(
      await alter(peer, orders, [
        ['retention.ms', 'set', '1'],
        ['retention.ms', 'set', '2'],
      ]),
      'INVALID_REQUEST Error due to duplicate config keys',
    )
    const own = (await describeConfigs(peer, orders)).configs.filter(({ configSource }) => configSource === 1)
    assert.deepEqual(own, [])
  }))

test('resources that cannot be changed are refused each alone', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    await createTopic(peer, 'orders')
    const resource = (resourceType: number, resourceName: string) => ({
      resourceType,
      resourceName,
      configs: [{ name: 'segment.ms', configOperation: 0, value: '77' }],
    })
    const resources = [
      resource(2, 'nowhere'),
      resource(2, ''),
      resource(2, 'a/b'),
      resource(4, '7'),
      resource(4, 'seven'),
      resource(9, 'x'),
      resource(2, 'orders'),
    ]
    const { responses } = await peer.request(incrementalAlterConfigsApi, 1, { resources })
    assert.deepEqual(responses.map(outcomeOf), [
      "UNKNOWN_TOPIC_OR_PARTITION The topic 'nowhere' does not exist.",
      'INVALID_REQUEST Default topic resources are not allowed.',
      "INVALID_TOPIC_EXCEPTION Topic name is invalid: 'a/b' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'",
      'INVALID_REQUEST Unexpected broker id, expected 1, but received 7',
      'INVALID_REQUEST Node id must be an integer, but it is: seven',
      'INVALID_REQUEST Unknown resource type 9',
      'NONE',
    ])
    assert.deepEqual(await configOf(peer, orders, 'segment.ms'), ['77', 1])
    const twice = await peer.request(incrementalAlterConfigsApi, 1, {
      resources: [resource(2, 'orders'), resource(2, 'orders')],
    })
    const once = 'INVALID_REQUEST Each resource must appear at most once.'
    assert.deepEqual(twice.responses.map(outcomeOf), [once, once])
    assert.deepEqual((await peer.request(incrementalAlterConfigsApi, 1, { resources: [] })).responses, [])
  }))

test('hundreds of resources in one request are answered in its order', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    await createTopic(peer, 'orders')
    const configs = [{ name: 'segment.ms', configOperation: 0, value: '77' }]
    const names = Array.from({ length: 450 }, (_, i) => (i === 300 ? 'orders' : `missing-${i}`))
    const resources = names.map(resourceName => ({ resourceType: 2, resourceName, configs }))
    const { responses } = await peer.request(incrementalAlterConfigsApi, 1, { resources })
    assert.deepEqual(
      responses.map(each => each.resourceName),
      names,
    )
    assert.deepEqual(
      responses.flatMap((each, i) => (each.errorCode === 0 ? i : [])),
      [300],
    )
  }))

test('AlterConfigs: what is not named goes back to its default, in every version', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    await createTopic(peer, 'orders')
    for (let version = alterConfigsApi.min; version <= alterConfigsApi.max; version++) {
      await setConfigs(peer, orders, { 'retention.ms': '1000', 'segment.ms': '9' })
      assert.equal(await alterOld(peer, orders, { 'retention.bytes': '77' }, { version, validateOnly: true }), 'NONE')
      assert.deepEqual(await configOf(peer, orders, 'retention.ms'), ['1000', 1], 'only checked')
      assert.equal(await alterOld(peer, orders, { 'retention.bytes': '77' }, { version }), 'NONE')
      const own = (await describeConfigs(peer, orders)).configs.filter(({ configSource }) => configSource === 1)
      assert.deepEqual(
        own.map(({ name, value }) => [name, value]),
        [['retention.bytes', '77']],
      )
    }
    const nulls = 'INVALID_REQUEST Null value not supported for : retention.bytes'
    assert.equal(await alterOld(peer, orders, { 'retention.bytes': null }), nulls)
    assert.match(await alterOld(peer, orders, { x: '1' }), /^INVALID_CONFIG Unknown topic config name: x/)
    assert.match(await alterOld(peer, topicConfigs('nowhere'), {}), /^UNKNOWN_TOPIC_OR_PARTITION/)
    assert.equal(await alterOld(peer, orders, {}), 'NONE')
    assert.deepEqual(await configOf(peer, orders, 'retention.bytes'), ['-1', 5])
    const fixed = 'INVALID_REQUEST Cannot update these configs dynamically: [num.partitions]'
    assert.equal(await alterOld(peer, broker1, { 'num.partitions': '2' }), fixed)
    assert.equal(await alterOld(peer, allBrokers, { 'log.retention.ms': '99' }), 'NONE')
    assert.deepEqual(await configOf(peer, orders, 'retention.ms'), ['99', 3])
  }))

test('a request that only validates answers the same and changes nothing', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    await createTopic(peer, 'orders')
    const checked = { validateOnly: true }
    assert.equal(await alter(peer, orders, [['retention.ms', 'set', '5']], checked), 'NONE')
    assert.match(await alter(peer, orders, [['retention.ms', 'set', 'x']], checked), /^INVALID_CONFIG/)
    assert.equal(await alter(peer, allBrokers, [['log.retention.ms', 'set', '5']], checked), 'NONE')
    assert.deepEqual(await configOf(peer, orders, 'retention.ms'), ['604800000', 5])
  }))

test('§8.38 brokers: one beats all, which beat the file, which beats the default; each source is told', () =>
  withBroker(
    async broker => {
      const peer = await broker.connect()
      await createTopic(peer, 'orders')
      const told = async (place: Parameters<typeof configOf>[1], key: string) => {
        const [config] = (await describeConfigs(peer, place, [key])).configs
        return [config?.value, config?.configSource, config?.synonyms.map(each => `${each.source}=${each.value}`)]
      }
      assert.deepEqual(await told(orders, 'retention.ms'), ['3600000', 4, ['4=3600000', '5=604800000']])
      await setConfigs(peer, allBrokers, { 'log.retention.ms': '1000' })
      assert.deepEqual(await told(orders, 'retention.ms'), ['1000', 3, ['3=1000', '4=3600000', '5=604800000']])
      await setConfigs(peer, broker1, { 'log.retention.ms': '2000' })
      const ofBroker = ['2=2000', '3=1000', '4=3600000', '5=604800000']
      assert.deepEqual(await told(orders, 'retention.ms'), ['2000', 2, ofBroker])
      assert.deepEqual(await told(broker1, 'log.retention.ms'), ['2000', 2, ofBroker])
      await setConfigs(peer, orders, { 'retention.ms': '3000' })
      assert.deepEqual(await told(orders, 'retention.ms'), ['3000', 1, ['1=3000', ...ofBroker]])
      const ofAll = (await describeConfigs(peer, allBrokers)).configs
      assert.deepEqual(
        ofAll.map(({ name, value, configSource, readOnly }) => [name, value, configSource, readOnly]),
        [['log.retention.ms', '1000', 3, false]],
      )
      assert.equal(await alter(peer, broker1, [['log.retention.ms', 'delete']]), 'NONE')
      assert.equal(await alter(peer, orders, [['retention.ms', 'delete']]), 'NONE')
      assert.deepEqual(await told(orders, 'retention.ms'), ['1000', 3, ['3=1000', '4=3600000', '5=604800000']])
    },
    { 'log.retention.hours': '1' },
  ))

test('§8.38 what a broker cannot take while it runs is refused in the words that tools print', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    for (const place of [broker1, allBrokers]) {
      const set = (key: string, value: string) => alter(peer, place, [[key, 'set', value]])
      const fixed = (key: string) => `INVALID_REQUEST Cannot update these configs dynamically: [${key}]`
      for (const key of ['num.partitions', 'log.retention.hours', 'node.id', 'log.retention.check.interval.ms']) {
        assert.equal(await set(key, '2'), fixed(key))
      }
      assert.equal(
        await set('log.retention.ms', 'soon'),
        'INVALID_REQUEST Invalid value soon for configuration log.retention.ms: Not a number of type LONG',
      )
      assert.equal(
        await alter(peer, place, [['num.partitions', 'append', '3']]),
        'INVALID_CONFIG Config value append is not allowed for config key: num.partitions',
      )
      assert.match(await set('log.retention.mss', '1'), /^INVALID_CONFIG Unknown config name: .*retention\.ms\?$/)
      assert.match(await set('num.io.threads', '9'), /^INVALID_CONFIG num\.io\.threads has no effect here/)
    }
    assert.deepEqual((await describeConfigs(peer, allBrokers)).configs, [])
  }))

test('DescribeConfigs: an empty list of keys asks for all; other brokers are to be asked themselves', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    await createTopic(peer, 'orders')
    const all = (await describeConfigs(peer, orders, null)).configs
    assert.deepEqual((await describeConfigs(peer, orders, [])).configs, all)
    assert.ok(all.length > 20)
    assert.deepEqual(
      [...new Set(all.map(({ readOnly, isSensitive }) => `${readOnly} ${isSensitive}`))],
      ['false false'],
    )
    const refused = async (type: number, name: string) => outcomeOf(await describeConfigs(peer, { type, name }))
    assert.equal(
      await refused(4, '7'),
      'INVALID_REQUEST Unexpected broker id, expected 1 or empty string, but received 7',
    )
    assert.equal(await refused(4, 'x'), 'INVALID_REQUEST Broker id must be an integer, but it is: x')
    assert.equal(await refused(2, 'nowhere'), 'UNKNOWN_TOPIC_OR_PARTITION')
    assert.equal(await refused(2, '..'), "INVALID_TOPIC_EXCEPTION Topic name is invalid: '..' is not allowed")
  }))

test('what was set dynamically is there after a restart', async () => {
  const first = await MemoryBroker.start()
  const before = await first.connect()
  await createTopic(before, 'orders')
  await setConfigs(before, allBrokers, { 'log.segment.bytes': '5000', 'max.connections': '7' })
  await setConfigs(before, orders, { 'retention.ms': '1000' })
  const second = await first.restart()
  const peer = await second.connect()
  assert.deepEqual(await configOf(peer, orders, 'retention.ms'), ['1000', 1])
  assert.deepEqual(await configOf(peer, orders, 'segment.bytes'), ['5000', 3])
  assert.equal(second.server.services.config.maxConnections, 7)
  await second.close()
})
