/** ApiVersions, DescribeCluster, FindCoordinator and InitProducerId. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apiVersionsApi } from '../../wire/gen/api-versions.ts'
import { apiRows } from '../../wire/gen/apis.ts'
import { describeClusterApi } from '../../wire/gen/describe-cluster.ts'
import { findCoordinatorApi } from '../../wire/gen/find-coordinator.ts'
import { initProducerIdApi } from '../../wire/gen/init-producer-id.ts'
import { metadataApi } from '../../wire/gen/metadata.ts'
import { errorOf, metadataOf } from '../testing/calls.ts'
import { withBroker } from '../testing/memory-broker.ts'
import { brokerApis } from './broker-apis.ts'

test('ApiVersions tells what is handled and nothing else, Produce from 0 on', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    for (let version = apiVersionsApi.min; version <= apiVersionsApi.max; version++) {
      const software = { clientSoftwareName: 'test', clientSoftwareVersion: '1.0-rc.1' }
      const response = await peer.request(apiVersionsApi, version, software)
      assert.equal(errorOf(response), 'NONE')
      assert.deepEqual(response.apiKeys, brokerApis().advertised)
      assert.deepEqual(response.apiKeys[0], { apiKey: 0, minVersion: 0, maxVersion: 13 })
    }
    for (const { apiKey, minVersion, maxVersion } of brokerApis().advertised) {
      const row = apiRows.find(each => each.key === apiKey)
      assert.deepEqual([minVersion, maxVersion], [row?.advertisedMin, row?.max])
    }
  }))

test('ApiVersions: software that cannot be called so is refused with 42', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    for (const text of ['', '-a', 'a-', 'a b', 'a/b', 'größe', 'a'.repeat(2000)]) {
      const named = await peer.request(apiVersionsApi, 3, { clientSoftwareName: text, clientSoftwareVersion: '1' })
      assert.equal(errorOf(named), 'INVALID_REQUEST', text.slice(0, 10))
      const versioned = await peer.request(apiVersionsApi, 3, { clientSoftwareName: 'a', clientSoftwareVersion: text })
      assert.equal(errorOf(versioned), 'INVALID_REQUEST', text.slice(0, 10))
    }
  }))

test('DescribeCluster: brokers in every version, other kinds of endpoints refused', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    for (let version = 0; version <= 2; version++) {
      const response = await peer.request(describeClusterApi, version, { includeClusterAuthorizedOperations: true })
      assert.deepEqual(
        [errorOf(response), response.clusterId, response.controllerId],
        ['NONE', broker.server.clusterId, 1],
      )
      assert.deepEqual(response.brokers, [{ brokerId: 1, ...broker.address, rack: null, isFenced: false }])
      assert.equal(response.clusterAuthorizedOperations, 8096)
    }
    const controllers = await peer.request(describeClusterApi, 1, { endpointType: 2 })
    assert.equal(errorOf(controllers), 'MISMATCHED_ENDPOINT_TYPE')
    assert.equal(errorOf(await peer.request(describeClusterApi, 2, { endpointType: 9 })), 'UNSUPPORTED_ENDPOINT_TYPE')
  }))

test('each listener tells its own addresses', () =>
  withBroker(
    async broker => {
      for (const [name, expected] of [
        ['PLAINTEXT', { host: 'outside.example', port: 19_092 }],
        ['INTERNAL', { host: '127.0.0.1', port: broker.server.addresses.get('INTERNAL')?.port }],
      ] as const) {
        const peer = await broker.connect(name)
        const { brokers } = await peer.request(metadataApi, 12, { topics: [] })
        assert.deepEqual(
          brokers.map(({ host, port }) => ({ host, port })),
          [expected],
        )
        const cluster = await peer.request(describeClusterApi, 0, {})
        assert.deepEqual(
          cluster.brokers.map(({ host, port }) => ({ host, port })),
          [expected],
        )
      }
    },
    {
      listeners: 'PLAINTEXT://127.0.0.1:0,INTERNAL://127.0.0.1:0',
      'advertised.listeners': 'PLAINTEXT://outside.example:19092',
      'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,INTERNAL:PLAINTEXT',
    },
  ))

test('InitProducerId: a new id each time, epoch 0; with a transactional id refused', () =>
  withBroker(async broker => {
    const peer = await broker.connect()
    const ids = new Set<bigint>()
    for (let version = initProducerIdApi.min; version <= initProducerIdApi.max; version++) {
      const answer = await peer.request(initProducerIdApi, version, { transactionalId: null, transactionTimeoutMs: 1 })
      assert.deepEqual([errorOf(answer), answer.producerEpoch], ['NONE', 0])
      ids.add(answer.producerId)
      const refused = await peer.request(initProducerIdApi, version, { transactionalId: 'tx', transactionTimeoutMs: 1 })
      assert.deepEqual([errorOf(refused), refused.producerId], ['INVALID_REQUEST', -1n])
    }
    for (let i = 0; i < 1100; i++) {
      ids.add((await peer.request(initProducerIdApi, 5, { transactionalId: null, transactionTimeoutMs: 1 })).producerId)
    }
    assert.equal(ids.size, initProducerIdApi.max + 1 + 1100)
  }))

test('FindCoordinator: the leader of the group, of a topic that it makes, in every version', () =>
  withBroker(
    async broker => {
      const peer = await broker.connect()
      for (let version = findCoordinatorApi.min; version <= findCoordinatorApi.max; version++) {
        const keys = version >= 4 ? { coordinatorKeys: ['a', 'b'] } : { key: 'a' }
        const response = await peer.request(findCoordinatorApi, version, keys)
        const answers = version >= 4 ? response.coordinators : [response]
        assert.deepEqual(
          answers.map(each => [errorOf(each), each.nodeId, each.host, each.port]),
          answers.map(() => ['NONE', 1, broker.address.host, broker.address.port]),
        )
        if (version >= 4) {
          assert.deepEqual(
            response.coordinators.map(each => each.key),
            ['a', 'b'],
          )
        }
      }
      const topic = await metadataOf(peer, '__consumer_offsets')
      assert.deepEqual([topic.isInternal, topic.partitions.length], [true, 7])
    },
    { 'offsets.topic.num.partitions': '7' },
  ))

test('FindCoordinator: no transactions, no other keys, and no groups where the topic cannot be made', () =>
  withBroker(
    async broker => {
      const peer = await broker.connect()
      const errors: unknown[] = []
      for (const keyType of [1, 2, 9, 0]) {
        const response = await peer.request(findCoordinatorApi, 6, { keyType, coordinatorKeys: ['a'] })
        const [answer] = response.coordinators
        assert.ok(answer !== undefined)
        assert.ok((answer.errorMessage ?? '') !== '')
        errors.push([errorOf(answer), answer.nodeId])
      }
      assert.deepEqual(errors, [
        ['COORDINATOR_NOT_AVAILABLE', -1],
        ['INVALID_REQUEST', -1],
        ['INVALID_REQUEST', -1],
        ['COORDINATOR_NOT_AVAILABLE', -1],
      ])
    },
    { 'offsets.topic.replication.factor': '2' },
  ))
