/** Names that mean something to a file system or to JavaScript: docs/reliability.md G12 and G13. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTopicsApi } from '../../wire/gen/create-topics.ts'
import { deleteTopicsApi } from '../../wire/gen/delete-topics.ts'
import { describeConfigsApi } from '../../wire/gen/describe-configs.ts'
import { listOffsetsApi } from '../../wire/gen/list-offsets.ts'
import { metadataApi } from '../../wire/gen/metadata.ts'
import { attacked } from '../testing/bystander.ts'
import { batchOf, createTopic, errorOf, fetch, metadataOf, produce, valuesIn } from '../testing/calls.ts'
import type { RawPeer } from '../testing/raw-peer.ts'

const forbidden = ['', '.', '..', 'a/b', '../a', '..%2f', 'C:\\x', 'a b', 'a\nb', 'x'.repeat(250)]

async function tryCreate(peer: RawPeer, name: string, configs: readonly { name: string; value: string | null }[] = []) {
  const topics = [{ name, numPartitions: 1, replicationFactor: 1, configs }]
  const [topic] = (await peer.request(createTopicsApi, 7, { topics })).topics
  assert.ok(topic !== undefined)
  return topic
}

for (const name of forbidden) {
  test(`G12: ${JSON.stringify(name.slice(0, 20))} is no topic's name, however it is asked for`, () =>
    attacked(async peer => {
      assert.equal(errorOf(await tryCreate(peer, name)), 'INVALID_TOPIC_EXCEPTION')
      const told = errorOf(await metadataOf(peer, name, { allowAutoTopicCreation: true }))
      assert.equal(told, 'INVALID_TOPIC_EXCEPTION')
      const produced = await produce(peer, { topic: name, records: batchOf(['x']) })
      assert.equal(errorOf(produced), 'UNKNOWN_TOPIC_OR_PARTITION')
      assert.equal(errorOf(await fetch(peer, { topic: name })), 'UNKNOWN_TOPIC_OR_PARTITION')
      const [deleted] = (await peer.request(deleteTopicsApi, 5, { topicNames: [name], timeoutMs: 1000 })).responses
      assert.ok(deleted !== undefined && errorOf(deleted) === 'UNKNOWN_TOPIC_OR_PARTITION')
      const metadata = await peer.request(metadataApi, 12, { topics: null })
      assert.deepEqual(
        metadata.topics.map(topic => topic.name),
        ['bystander'],
      )
    }))
}

test("G12: Kafka's own metadata topic cannot be made; internal topics are not made by asking", () =>
  attacked(async peer => {
    assert.equal(errorOf(await tryCreate(peer, '__cluster_metadata')), 'INVALID_REQUEST')
    for (const name of ['__consumer_offsets', '__transaction_state']) {
      for (let i = 0; i < 2; i++) {
        const told = await metadataOf(peer, name, { allowAutoTopicCreation: true })
        assert.deepEqual([errorOf(told), told.isInternal], ['UNKNOWN_TOPIC_OR_PARTITION', true])
      }
    }
  }))

test('G12: the longest name, names that differ in case, and one that only looks like a path', () =>
  attacked(async peer => {
    for (const name of ['x'.repeat(249), 'Orders', 'orders', '...', '-', '_', 'a-0']) {
      await createTopic(peer, name)
      const produced = await produce(peer, { topic: name, records: batchOf([name]) })
      assert.equal(errorOf(produced), 'NONE', name.slice(0, 20))
      assert.deepEqual(valuesIn((await fetch(peer, { topic: name })).records), [name])
    }
  }))

test('G12: a.b and a_b cannot both be; not in one request either', () =>
  attacked(async peer => {
    await createTopic(peer, 'a.b')
    assert.equal(errorOf(await tryCreate(peer, 'a_b')), 'INVALID_TOPIC_EXCEPTION')
    const topic = { numPartitions: 1, replicationFactor: 1 }
    const { topics } = await peer.request(createTopicsApi, 7, {
      topics: [
        { ...topic, name: 'c_d' },
        { ...topic, name: 'c.d' },
      ],
    })
    assert.deepEqual(topics.map(errorOf), ['NONE', 'INVALID_TOPIC_EXCEPTION'])
  }))

for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf']) {
  test(`G13: ${name} is a topic's name like any other`, () =>
    attacked(async peer => {
      assert.equal(errorOf(await metadataOf(peer, name)), 'UNKNOWN_TOPIC_OR_PARTITION')
      const id = await createTopic(peer, name, { configs: { 'retention.ms': '1234567' } })
      assert.equal((await metadataOf(peer, name)).topicId, id)
      assert.equal(errorOf(await produce(peer, { topic: name, records: batchOf(['x', 'y']) })), 'NONE')
      assert.deepEqual(valuesIn((await fetch(peer, { topic: name })).records), ['x', 'y'])
      const offsets = await peer.request(listOffsetsApi, 7, {
        topics: [{ name, partitions: [{ partitionIndex: 0, timestamp: -1 }] }],
      })
      assert.equal(offsets.topics[0]?.partitions[0]?.offset, 2)
    }))

  test(`G13: ${name} is no config key`, () =>
    attacked(async peer => {
      const refused = await tryCreate(peer, 'configured', [{ name, value: 'x' }])
      assert.equal(errorOf(refused), 'INVALID_CONFIG')
      await createTopic(peer, 'configured')
      const { results } = await peer.request(describeConfigsApi, 4, {
        resources: [
          { resourceType: 2, resourceName: 'configured', configurationKeys: [name] },
          { resourceType: 2, resourceName: name },
        ],
      })
      assert.deepEqual(results.map(errorOf), ['NONE', 'UNKNOWN_TOPIC_OR_PARTITION'])
      assert.deepEqual(results[0]?.configs, [])
    }))
}

test('a config without a value, and one named twice', () =>
  attacked(async peer => {
    assert.equal(errorOf(await tryCreate(peer, 'odd', [{ name: 'retention.ms', value: null }])), 'INVALID_CONFIG')
    assert.equal(errorOf(await tryCreate(peer, 'odd', [{ name: 'retention.ms', value: 'soon' }])), 'INVALID_CONFIG')
    assert.equal(errorOf(await tryCreate(peer, 'odd', [{ name: 'x'.repeat(32_000), value: 'y' }])), 'INVALID_CONFIG')
  }))
