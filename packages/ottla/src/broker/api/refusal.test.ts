import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Reader, Writer } from '../../base/cursor.ts'
import { ZERO_UUID } from '../../base/uuid.ts'
import { errorCodeOf } from '../../spec/errors.ts'
import { allApis } from '../../wire/gen/all.ts'
import { createTopic } from '../testing/calls.ts'
import { withBroker } from '../testing/memory-broker.ts'
import type { ApiContext } from './handler.ts'
import { refusableApis } from './refusal.ts'
import { refusedReplies, type WhollyRefusable } from './refused-replies.ts'
import { joinReplies, splitRequest, topicLists } from './refused-topics.ts'

const BYTES = new Uint8Array(0)
const partitions = [{ partitionIndex: 0 }, { partitionIndex: 1 }]

/** A request of each API that asks for two things where it can ask for many, and in how many places the error must stand. */
const requests: Readonly<Record<WhollyRefusable, { readonly body: object; readonly errors: number }>> = {
  ListOffsets: { body: { topics: [{ name: 't', partitions }] }, errors: 2 },
  OffsetCommit: {
    body: { topics: [{ name: 't', topicId: ZERO_UUID, partitions }], groupId: 'g', memberId: '' },
    errors: 2,
  },
  OffsetFetch: {
    body: { groupId: 'g', topics: [{ name: 't', partitionIndexes: [0] }], groups: [{ groupId: 'g' }] },
    errors: 1,
  },
  FindCoordinator: { body: { key: 'g', keyType: 0, coordinatorKeys: ['g'] }, errors: 1 },
  JoinGroup: { body: { memberId: 'm' }, errors: 1 },
  Heartbeat: { body: {}, errors: 1 },
  LeaveGroup: { body: {}, errors: 1 },
  SyncGroup: { body: { assignment: BYTES }, errors: 1 },
  DescribeGroups: { body: { groups: ['g', 'h'] }, errors: 2 },
  ListGroups: { body: {}, errors: 1 },
  DeleteGroups: { body: { groupsNames: ['g', 'h'] }, errors: 2 },
  OffsetDelete: { body: { topics: [] }, errors: 1 },
  ApiVersions: { body: {}, errors: 1 },
  CreateTopics: { body: { topics: [{ name: 't' }, { name: 'u' }] }, errors: 2 },
  DeleteTopics: {
    body: {
      topics: [
        { name: 't', topicId: ZERO_UUID },
        { name: 'u', topicId: ZERO_UUID },
      ],
      topicNames: ['t', 'u'],
    },
    errors: 2,
  },
  DeleteRecords: { body: { topics: [{ name: 't', partitions }] }, errors: 2 },
  InitProducerId: { body: {}, errors: 1 },
  OffsetForLeaderEpoch: {
    body: { topics: [{ topic: 't', partitions: [{ partition: 0 }, { partition: 1 }] }] },
    errors: 2,
  },
  CreatePartitions: { body: { topics: [{ name: 't' }, { name: 'u' }] }, errors: 2 },
  DescribeConfigs: { body: { resources: [{ resourceType: 2, resourceName: 't' }] }, errors: 1 },
  AlterConfigs: { body: { resources: [{ resourceType: 2, resourceName: 't' }] }, errors: 1 },
  IncrementalAlterConfigs: { body: { resources: [{ resourceType: 2, resourceName: 't' }] }, errors: 1 },
  DescribeCluster: { body: {}, errors: 1 },
}

function countErrors(value: unknown, code: number): number {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return 0
  return Object.entries(value).reduce(
    (sum, [name, inner]) => sum + (name === 'errorCode' && inner === code ? 1 : 0) + countErrors(inner, code),
    0,
  )
}

test('a refused request has its error in every place that its version answers', async () => {
  await withBroker(async broker => {
    const code = errorCodeOf('POLICY_VIOLATION')
    let versions = 0
    for (const [name, { body, errors }] of Object.entries(requests)) {
      const api = allApis.find(each => each.name === name)
      assert.ok(api !== undefined, name)
      for (let version = api.min; version <= api.max; version++) {
        const context = { apiVersion: version, services: broker.server.services } as ApiContext
        const reply = refusedReplies[name as WhollyRefusable](body, code, context)
        const writer = new Writer().begin()
        api.encodeResponse(writer, version, reply)
        // Behind the size of the frame.
        const bytes = Buffer.concat(writer.finish()).subarray(4)
        const decoded = api.decodeResponse(new Reader(bytes), version)
        assert.equal(countErrors(decoded, code), errors, `${name} v${version}`)
        versions++
      }
    }
    assert.ok(versions > 90, `${versions} versions`)
  })
})

test('every API that can be refused is an API', () => {
  assert.deepEqual(
    refusableApis.filter(name => !allApis.some(api => api.name === name)),
    [],
  )
})

test('a request for many topics is split by name and by id, and joined in one reply', async () => {
  await withBroker(async broker => {
    const peer = await broker.connect()
    const topicId = await createTopic(peer, 'orders')
    const context = { apiVersion: 6, services: broker.server.services } as ApiContext
    const byId = { name: null, topicId }
    const other = { name: 'other', topicId: ZERO_UUID }
    assert.deepEqual(
      splitRequest('DeleteTopics', { topics: [other, byId], topicNames: [] }, { context, topic: 'orders' }),
      { refused: { topics: [byId], topicNames: [] }, kept: { topics: [other], topicNames: [] } },
    )
    assert.deepEqual(
      splitRequest('DeleteTopics', { topics: [], topicNames: ['a', 'orders'] }, { context, topic: 'a' }),
      { refused: { topics: [], topicNames: ['a'] }, kept: { topics: [], topicNames: ['orders'] } },
    )
    const none = splitRequest('CreateTopics', { topics: [{ name: 'a' }] }, { context, topic: 'b' })
    assert.equal(none.refused, null)
    assert.deepEqual(joinReplies('DeleteTopics', { responses: [1], throttleTimeMs: 5 }, { responses: [2] }), {
      responses: [1, 2],
      throttleTimeMs: 5,
    })
    assert.ok(Object.keys(topicLists).length > 0)
  })
})
