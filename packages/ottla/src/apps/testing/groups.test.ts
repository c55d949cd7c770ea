import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Writer } from '../../base/cursor.ts'
import type { Cluster } from '../../client/cluster.ts'
import type { Connection } from '../../client/connection.ts'
import { errorNameOf } from '../../spec/errors.ts'
import { findCoordinatorApi } from '../../wire/gen/find-coordinator.ts'
import { joinGroupApi } from '../../wire/gen/join-group.ts'
import { leaveGroupApi } from '../../wire/gen/leave-group.ts'
import { offsetCommitApi } from '../../wire/gen/offset-commit.ts'
import {
  encodeConsumerProtocolAssignment,
  encodeConsumerProtocolSubscription,
} from '../../wire/gen/records/consumer-protocol.ts'
import { syncGroupApi } from '../../wire/gen/sync-group.ts'
import { startBroker } from './start-broker.ts'
import type { TestBroker } from './test-broker.ts'
import { withApplication } from './testing.ts'

const GROUP = 'billing'

function withGroups(name: string, run: (broker: TestBroker, cluster: Cluster) => Promise<void>): void {
  test(name, async () => {
    await using broker = await startBroker({ topics: { orders: 2 } })
    await withApplication(broker, cluster => run(broker, cluster))
  })
}

function bytesOf(encode: (writer: Writer) => void): Uint8Array {
  const writer = new Writer().begin()
  encode(writer)
  // Behind the size of the frame.
  return new Uint8Array(Buffer.concat(writer.finish()).subarray(4))
}

/** One consumer that joins, is assigned partition 1 and commits offset 7 there. */
async function join(cluster: Cluster): Promise<{ connection: Connection; memberId: string }> {
  await cluster.topics()
  const found = await cluster.ask(findCoordinatorApi, { key: GROUP, keyType: 0, coordinatorKeys: [GROUP] })
  const { host, port } = found.coordinators[0] ?? found
  const connection = await cluster.connections.to({ host, port })
  const metadata = bytesOf(writer =>
    encodeConsumerProtocolSubscription(writer, 0, { topics: ['orders'], userData: null }),
  )
  const request = {
    groupId: GROUP,
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: 10_000,
    memberId: '',
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata }],
  }
  const first = await connection.request(joinGroupApi, request)
  const joined =
    errorNameOf(first.errorCode) === 'MEMBER_ID_REQUIRED'
      ? await connection.request(joinGroupApi, { ...request, memberId: first.memberId })
      : first
  assert.equal(errorNameOf(joined.errorCode), 'NONE')
  const { memberId, generationId } = joined
  const assignment = bytesOf(writer =>
    encodeConsumerProtocolAssignment(writer, 0, {
      assignedPartitions: [{ topic: 'orders', partitions: [1] }],
      userData: null,
    }),
  )
  const synced = await connection.request(syncGroupApi, {
    groupId: GROUP,
    generationId,
    memberId,
    protocolType: 'consumer',
    protocolName: 'range',
    assignments: [{ memberId, assignment }],
  })
  assert.equal(errorNameOf(synced.errorCode), 'NONE')
  const topic = await cluster.topic('orders')
  const committed = await connection.request(offsetCommitApi, {
    groupId: GROUP,
    generationIdOrMemberEpoch: generationId,
    memberId,
    topics: [
      {
        name: 'orders',
        topicId: topic.topicId,
        partitions: [{ partitionIndex: 1, committedOffset: 7, committedMetadata: null }],
      },
    ],
  })
  assert.equal(errorNameOf(committed.topics[0]?.partitions[0]?.errorCode ?? -2), 'NONE')
  return { connection, memberId }
}

withGroups(
  'waitForGroup sees members and what they are assigned; groupOffsets what they committed',
  async (broker, cluster) => {
    const waiting = broker.waitForGroup(GROUP, { members: 1 })
    const { memberId } = await join(cluster)
    const group = await waiting
    assert.equal(group.state, 'Stable')
    assert.equal(group.protocol, 'range')
    assert.deepEqual(
      group.members.map(each => [each.memberId, each.clientId, each.assignment]),
      [[memberId, 'application', { orders: [1] }]],
    )
    assert.deepEqual(await broker.groupOffsets(GROUP), { orders: { 1: 7 } })
    assert.deepEqual(await broker.groups(), [GROUP])
  },
)

withGroups('waitForGroup says what it found instead', async broker => {
  await assert.rejects(broker.waitForGroup('nobody', { members: 2, timeoutMs: 30 }), {
    code: 'TIMED_OUT',
    message: /group nobody is Dead with 0 members after 30 ms, not Stable with 2 members/,
  })
  assert.equal((await broker.waitForGroup('nobody', { state: 'Dead' })).state, 'Dead')
})

withGroups('reset refuses while a group has members, and deletes it when it has none', async (broker, cluster) => {
  const { connection, memberId } = await join(cluster)
  await broker.produce('orders', ['a'])
  await assert.rejects(broker.reset(), { code: 'REFUSED', message: /billing \(1\); stop their consumers/ })
  assert.equal((await broker.consumeAll('orders')).length, 1, 'nothing was deleted')
  await connection.request(leaveGroupApi, { groupId: GROUP, memberId, members: [{ memberId }] })
  await broker.waitForGroup(GROUP, { state: 'Empty' })
  await broker.reset()
  assert.deepEqual(await broker.groups(), [])
  assert.deepEqual(await broker.groupOffsets(GROUP), {})
  assert.deepEqual(await broker.consumeAll('orders'), [])
})

withGroups('a planned failure meets the group APIs too', async (broker, cluster) => {
  broker.failNext('JoinGroup', 'GROUP_MAX_SIZE_REACHED')
  await assert.rejects(join(cluster), /GROUP_MAX_SIZE_REACHED/)
  await join(cluster)
})
