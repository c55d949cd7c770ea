/** Connections that produce while storage has no room. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeClusterApi } from '../../wire/gen/describe-cluster.ts'
import { produceApi } from '../../wire/gen/produce.ts'
import { serve } from '../api/handler.ts'
import { frameOf } from '../testing/raw-peer.ts'
import { NO_ROOM_MS } from './limits.ts'
import { Bench, correlationIdsIn, settle } from './testing.ts'

const describe = frameOf(describeClusterApi, { version: 0, correlationId: 1, body: {} })
const produce = frameOf(produceApi, { version: 9, correlationId: 2, body: { acks: 1, timeoutMs: 1000, topicData: [] } })

/** A broker without room, which has been sent both. */
async function heldBench() {
  const appended: number[] = []
  const served = serve(produceApi, context => {
    appended.push(context.apiVersion)
    return { body: { responses: [] } }
  })
  const bench = new Bench([served, serve(describeClusterApi, () => ({ body: { clusterId: 'c', brokers: [] } }))])
  bench.hasRoom = false
  bench.socket.deliver(describe)
  assert.equal(bench.socket.isPaused, false)
  bench.socket.deliver(produce)
  assert.deepEqual(appended, [])
  assert.equal(bench.socket.isPaused, true)
  await settle()
  return bench
}

test('without room in storage a connection that produces is not read; one that does not is', async () => {
  const bench = await heldBench()
  bench.makeRoom()
  await settle()
  assert.deepEqual(correlationIdsIn(bench.socket.written), [1, 2])
  assert.equal(bench.socket.isPaused, false)
})

test('one that is not read does not show whether its client is still there: after a while it is dropped', async () => {
  const bench = await heldBench()
  assert.deepEqual([bench.isDroppedAfter(NO_ROOM_MS - 1), bench.isDroppedAfter(1)], [false, true])
  assert.equal(bench.observe.named('connection.ended')[0]?.fields.reason, 'no-room')
  const other = await heldBench()
  other.clock.advance(NO_ROOM_MS - 1)
  other.makeRoom()
  assert.equal(other.isDroppedAfter(1), false, 'there was room in time')
})
