import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Bug } from '../../base/assert.ts'
import { Reader } from '../../base/cursor.ts'
import { apiVersionsApi, decodeApiVersionsResponse } from '../../wire/gen/api-versions.ts'
import { type DescribeClusterResponseInput, describeClusterApi } from '../../wire/gen/describe-cluster.ts'
import { type ProduceResponseInput, produceApi } from '../../wire/gen/produce.ts'
import { apiVersions } from '../api/18-api-versions.ts'
import { type ApiContext, type Reply, serve } from '../api/handler.ts'
import { frameOf } from '../testing/raw-peer.ts'
import {
  FRAME_GRACE_MS,
  FRAMES_PER_TURN,
  IN_WORK_MAX,
  OTHERS_IN_WORK_MAX,
  SLOW_READER_MS,
  UNSENT_BYTES_MAX,
} from './limits.ts'
import { Bench, correlationIdsIn, replyFrames, settle } from './testing.ts'

const clusterReply = (clusterId: string): Reply<DescribeClusterResponseInput> => ({ body: { clusterId, brokers: [] } })
const ask = (correlationId: number) =>
  frameOf(describeClusterApi, { version: 0, correlationId, body: { includeClusterAuthorizedOperations: false } })
const produceFrame = (correlationId: number) =>
  frameOf(produceApi, { version: 9, correlationId, body: { acks: 1, timeoutMs: 1000, topicData: [] } })

/** DescribeCluster requests that wait until the test answers them. */
function parked() {
  const waiting: ((reply: Reply<DescribeClusterResponseInput>) => void)[] = []
  const contexts: ApiContext[] = []
  const served = serve(describeClusterApi, context => {
    contexts.push(context)
    return new Promise<Reply<DescribeClusterResponseInput>>(resolve => waiting.push(resolve))
  })
  return { served, waiting, contexts }
}

const immediate = serve(describeClusterApi, () => clusterReply('c'))

test('replies leave in the order of their requests, whatever order they become ready in', async () => {
  const { served, waiting } = parked()
  const bench = new Bench([served])
  for (const id of [7, 8, 9]) bench.socket.deliver(ask(id))
  assert.equal(waiting.length, 3, 'all three are in work at once')
  waiting[2]!(clusterReply('third'))
  waiting[1]!(clusterReply('second'))
  await settle()
  assert.equal(bench.socket.writes.length, 0, 'the first is still owed')
  waiting[0]!(clusterReply('first'))
  await settle()
  assert.deepEqual(correlationIdsIn(bench.socket.written), [7, 8, 9])
  assert.equal(bench.socket.writes.length, 1, 'what is ready together leaves in one write')
})

test('two requests in one packet, and one byte per packet, are the same requests (G9)', async () => {
  for (const atMost of [Number.POSITIVE_INFINITY, 1]) {
    const bench = new Bench([immediate])
    bench.socket.deliver(Buffer.concat([ask(1), ask(2)]), atMost)
    await settle()
    assert.deepEqual(correlationIdsIn(bench.socket.written), [1, 2])
  }
})

test('bytes behind a body are ignored', async () => {
  const bench = new Bench([immediate])
  const frame = Buffer.concat([ask(1), Buffer.from([1, 2, 3])])
  frame.writeInt32BE(frame.length - 4, 0)
  bench.socket.deliver(frame)
  await settle()
  assert.deepEqual(correlationIdsIn(bench.socket.written), [1])
})

test('ApiVersions of a version from the future: v0 reply, error 35, our range of ApiVersions, connection stays (G3)', async () => {
  const bench = new Bench([apiVersions(() => []), immediate])
  const frame = frameOf(apiVersionsApi, {
    version: 4,
    correlationId: 5,
    body: { clientSoftwareName: 'a', clientSoftwareVersion: '1' },
  })
  new DataView(frame.buffer, frame.byteOffset).setInt16(6, 99)
  bench.socket.deliver(frame)
  bench.socket.deliver(ask(6))
  await settle()
  const [refusal, next] = replyFrames(bench.socket.written)
  const reader = new Reader(refusal)
  assert.equal(reader.int32(), 5)
  const response = decodeApiVersionsResponse(reader, 0)
  assert.equal(response.errorCode, 35)
  assert.deepEqual(response.apiKeys, [{ apiKey: 18, minVersion: 0, maxVersion: 4 }])
  assert.equal(reader.remaining, 0)
  assert.equal(new Reader(next).int32(), 6)
})

for (const [what, key, version] of [
  ['an unknown key', 9999, 0],
  ['a negative key', -1, 0],
  ['an unknown version', 60, 77],
  ['a negative version', 60, -1],
] as const) {
  test(`${what} closes the connection without a reply (G3)`, async () => {
    const bench = new Bench([immediate])
    const frame = ask(1)
    const view = new DataView(frame.buffer, frame.byteOffset)
    view.setInt16(4, key)
    view.setInt16(6, version)
    bench.socket.deliver(frame)
    await settle()
    assert.equal(bench.socket.isDestroyed, true)
    assert.equal(bench.socket.writes.length, 0)
    assert.equal(bench.ended, 1)
    assert.equal(bench.observe.named('connection.ended')[0]?.fields.reason, 'protocol')
  })
}

test('a body that cannot be read closes the connection; what was begun before is dropped', async () => {
  const { served, waiting, contexts } = parked()
  const bench = new Bench([served])
  bench.socket.deliver(ask(1))
  let released = 0
  let closed = 0
  contexts[0]!.signal.onClose(() => closed++)
  const broken = ask(2).slice(0, -2)
  new DataView(broken.buffer).setInt32(0, broken.length - 4)
  bench.socket.deliver(broken)
  assert.equal(bench.socket.isDestroyed, true)
  assert.equal(closed, 1, 'those who wait for it are told')
  waiting[0]!({ ...clusterReply('late'), release: () => released++ })
  await settle()
  assert.equal(released, 1, 'the memory of a reply that nobody gets is given back')
  assert.equal(bench.socket.writes.length, 0)
})

test('a reply gives its memory back when it has left, not before', async () => {
  let released = 0
  const served = serve(describeClusterApi, () => ({ ...clusterReply('x'), release: () => released++ }))
  const bench = new Bench([served])
  bench.socket.sendsAtOnce = false
  bench.socket.deliver(ask(1))
  assert.equal(released, 0)
  bench.socket.send()
  assert.equal(released, 1)
})

test('a request without a reply keeps its place and sends nothing; a refused one closes after what was owed', async () => {
  const { served, waiting } = parked()
  const bench = new Bench([served, serve(produceApi, () => ({ body: null, close: 'refused' }))])
  bench.socket.deliver(ask(1))
  bench.socket.deliver(produceFrame(2))
  assert.equal(bench.socket.isEnded, false, 'the first reply is still owed')
  waiting[0]!(clusterReply('c'))
  await settle()
  assert.deepEqual(correlationIdsIn(bench.socket.written), [1])
  assert.equal(bench.socket.isEnded, true)
})

for (const [what, frame, most] of [
  ['produce', produceFrame, IN_WORK_MAX],
  ['other', ask, OTHERS_IN_WORK_MAX],
] as const) {
  test(`too many ${what} requests in work: reading stops, and goes on when replies have left (I4)`, async () => {
    const { served, waiting } = parked()
    const produced: (() => void)[] = []
    const produce = serve(produceApi, () => {
      return new Promise<Reply<ProduceResponseInput>>(resolve => {
        produced.push(() => resolve({ body: { responses: [] } }))
      })
    })
    const bench = new Bench([served, produce])
    const inWork = () => waiting.length + produced.length
    // In portions, as the turn of one read ends after FRAMES_PER_TURN.
    let rest: Uint8Array = Buffer.concat(Array.from({ length: most + 10 }, (_, id) => frame(id)))
    while (rest.length > 0 && inWork() < most) {
      rest = bench.socket.deliver(rest)
      bench.clock.advance(1)
    }
    assert.equal(inWork(), most)
    assert.equal(bench.socket.isPaused, true)
    for (const answer of waiting.splice(0)) answer(clusterReply('c'))
    for (const answer of produced.splice(0)) answer()
    await settle()
    bench.socket.deliver(rest)
    assert.equal(inWork(), 10)
    assert.equal(bench.socket.isPaused, false)
  })
}

test('one connection begins so many requests, then others get their turn', async () => {
  const bench = new Bench([immediate])
  const count = FRAMES_PER_TURN + 5
  bench.socket.deliver(Buffer.concat(Array.from({ length: count }, (_, id) => ask(id))))
  await settle()
  assert.equal(correlationIdsIn(bench.socket.written).length, FRAMES_PER_TURN)
  bench.clock.advance(1)
  await settle()
  assert.equal(correlationIdsIn(bench.socket.written).length, count)
})

test('a reader that takes nothing: no more is read for it, and it is dropped after a while (I3)', async () => {
  const big = 'x'.repeat(32_000)
  const brokers = Array.from({ length: 40 }, (_, brokerId) => ({ brokerId, host: big, port: 1 }))
  const bench = new Bench([serve(describeClusterApi, () => ({ body: { clusterId: 'c', brokers } }))])
  bench.socket.sendsAtOnce = false
  let sent = 0
  while (!bench.socket.isPaused && sent < 1000) bench.socket.deliver(ask(++sent))
  assert.ok(bench.meter.unsentBytes <= UNSENT_BYTES_MAX + 2_000_000, `${bench.meter.unsentBytes} bytes are held`)
  bench.clock.advance(SLOW_READER_MS - 1)
  bench.connection.sweep(bench.clock.monoMs())
  assert.equal(bench.socket.isDestroyed, false)
  bench.socket.send()
  bench.clock.advance(SLOW_READER_MS - 1)
  bench.connection.sweep(bench.clock.monoMs())
  assert.equal(bench.socket.isDestroyed, false, 'it took something meanwhile')
  bench.clock.advance(1)
  bench.connection.sweep(bench.clock.monoMs())
  assert.equal(bench.socket.isDestroyed, true)
  assert.equal(bench.meter.unsentBytes, 0)
})

test('a request that never ends is dropped; one that is large and slow is not (G2)', () => {
  const bench = new Bench([immediate], { requestBytesMax: 100_000_000 })
  const head = new Uint8Array(12)
  new DataView(head.buffer).setInt32(0, 90_000_000)
  bench.socket.deliver(head)
  for (let second = 0; second < 60; second++) {
    bench.socket.deliver(new Uint8Array(20_000))
    bench.clock.advance(1000)
    bench.connection.sweep(bench.clock.monoMs())
  }
  assert.equal(bench.socket.isDestroyed, false, '20 KB a second is no attack')
  const slow = new Bench([immediate], { requestBytesMax: 100_000_000 })
  slow.socket.deliver(head)
  for (let ms = 0; ms < FRAME_GRACE_MS; ms += 1000) {
    slow.socket.deliver(new Uint8Array(1))
    slow.clock.advance(1000)
    slow.connection.sweep(slow.clock.monoMs())
  }
  assert.equal(slow.socket.isDestroyed, true)
  assert.equal(slow.observe.named('connection.ended')[0]?.fields.reason, 'slow-request')
})

test('an idle connection is closed, one with a request in work is not', async () => {
  const { served, waiting } = parked()
  const bench = new Bench([served], { idleMs: 5000 })
  bench.socket.deliver(ask(1))
  assert.equal(bench.isDroppedAfter(60_000), false)
  waiting[0]!(clusterReply('c'))
  await settle()
  assert.deepEqual([bench.isDroppedAfter(4999), bench.isDroppedAfter(1)], [false, true], 'from its reply on')
})

test('a Bug in a handler is fatal; any other failure ends the connection and nothing else', async () => {
  const failing = (error: Error) => [
    serve(describeClusterApi, () => {
      throw error
    }),
    serve(describeClusterApi, () => Promise.reject(error)),
  ]
  for (const served of failing(new Bug('state lost'))) {
    const bench = new Bench([served])
    bench.socket.deliver(ask(1))
    await settle()
    assert.equal(bench.fatals.length, 1)
  }
  for (const served of failing(new Error('odd case'))) {
    const bench = new Bench([served])
    bench.socket.deliver(ask(1))
    await settle()
    assert.equal(bench.fatals.length, 0)
    assert.equal(bench.socket.isDestroyed, true)
    assert.equal(bench.observe.named('connection.ended')[0]?.level, 'error')
  }
})

test('a reply that cannot be written ends the connection, not the process', async () => {
  let released = 0
  const served = serve(describeClusterApi, context => {
    context.reserveReplyBytes(1000)
    return { ...clusterReply('x'.repeat(40_000)), release: () => released++ }
  })
  const bench = new Bench([served])
  bench.socket.deliver(ask(1))
  await settle()
  assert.equal(bench.fatals.length, 0)
  assert.equal(bench.socket.isDestroyed, true)
  assert.equal(released, 1)
  assert.equal(bench.meter.unsentBytes, 0)
})

test('finish answers what was begun, tells those who wait, takes nothing new, then ends', async () => {
  const { served, waiting, contexts } = parked()
  const bench = new Bench([served])
  bench.socket.deliver(ask(1))
  let hurried = 0
  contexts[0]!.signal.onClose(() => hurried++)
  bench.connection.finish()
  assert.equal(hurried, 1)
  assert.equal(bench.socket.isPaused, true)
  assert.equal(bench.socket.isEnded, false)
  waiting[0]!(clusterReply('c'))
  await settle()
  assert.deepEqual(correlationIdsIn(bench.socket.written), [1])
  assert.equal(bench.socket.isEnded, true)
})

test('granted reply bytes count until the reply is ready', async () => {
  const { served, waiting, contexts } = parked()
  const bench = new Bench([served])
  bench.socket.deliver(ask(1))
  assert.equal(contexts[0]!.reserveReplyBytes(UNSENT_BYTES_MAX + 5), UNSENT_BYTES_MAX)
  assert.equal(contexts[0]!.reserveReplyBytes(1), 0)
  assert.equal(bench.meter.unsentBytes, UNSENT_BYTES_MAX)
  waiting[0]!(clusterReply('c'))
  await settle()
  assert.equal(bench.meter.unsentBytes, 0)
  bench.socket.deliver(ask(2))
  assert.equal(contexts[1]!.reserveReplyBytes(100), 100)
  bench.socket.destroy()
  waiting[1]!(clusterReply('c'))
  await settle()
  assert.equal(bench.meter.unsentBytes, 0)
})

test('what stands behind a refused write, or a request that cannot be read, is not begun', async () => {
  for (const [first, reason] of [
    [produceFrame(1), 'refused-write'],
    [frameOf(describeClusterApi, { version: 0, body: {} }).fill(0xff, 4, 8), 'protocol'],
  ] as const) {
    const { served, contexts } = parked()
    const bench = new Bench([served, serve(produceApi, () => ({ body: null, close: 'refused' }))])
    bench.socket.deliver(Buffer.concat([first, ask(2)]))
    await settle()
    assert.equal(contexts.length, 0)
    assert.equal(bench.observe.named('connection.ended')[0]?.fields.reason, reason)
  }
})

test('behind a refused write nothing is begun while earlier replies are owed', async () => {
  const { served, waiting, contexts } = parked()
  const bench = new Bench([served, serve(produceApi, () => ({ body: null, close: 'refused' }))])
  bench.socket.deliver(Buffer.concat([ask(1), produceFrame(2), ask(3)]))
  assert.equal(contexts.length, 1)
  waiting[0]!(clusterReply('c'))
  await settle()
  assert.equal(contexts.length, 1)
  assert.deepEqual(correlationIdsIn(bench.socket.written), [1])
})

test('many requests that each come slowly but whole are no slow request', async () => {
  const bench = new Bench([immediate])
  const frame = ask(1)
  const half = frame.length >> 1
  bench.socket.deliver(frame.subarray(0, half))
  for (let ms = 0; ms < 3 * FRAME_GRACE_MS; ms += 5000) {
    bench.clock.advance(5000)
    bench.socket.deliver(Buffer.concat([frame.subarray(half), frame.subarray(0, half)]))
    await settle()
    bench.connection.sweep(bench.clock.monoMs())
  }
  assert.equal(bench.socket.isDestroyed, false)
})

test('a reply larger than the window leaves piece by piece, whole, before the connection ends', async () => {
  const brokers = Array.from({ length: 200 }, (_, brokerId) => ({ brokerId, host: 'x'.repeat(32_000), port: 1 }))
  const bench = new Bench([serve(describeClusterApi, () => ({ body: { clusterId: 'c', brokers } }))])
  bench.socket.sendsAtOnce = false
  bench.socket.deliver(ask(1))
  assert.ok(bench.socket.written.length <= 3 * 1024 * 1024, `${bench.socket.written.length} bytes at once`)
  bench.connection.finish()
  assert.equal(bench.socket.isEnded, false)
  for (let i = 0; i < 20 && !bench.socket.isEnded; i++) bench.socket.send()
  assert.equal(bench.socket.isEnded, true)
  assert.deepEqual(correlationIdsIn(bench.socket.written), [1])
})

test('a reader that takes nothing is not kept alive by what is written for it', () => {
  const bench = new Bench([immediate])
  bench.socket.sendsAtOnce = false
  for (let ms = 0; ms < SLOW_READER_MS; ms += 1000) {
    bench.socket.deliver(ask(1))
    bench.clock.advance(1000)
    bench.connection.sweep(bench.clock.monoMs())
  }
  assert.equal(bench.socket.isDestroyed, true)
})

test('replies that wait for their turn give their memory back when the connection goes', async () => {
  const { served, waiting } = parked()
  const bench = new Bench([served])
  bench.socket.deliver(Buffer.concat([ask(1), ask(2)]))
  let released = 0
  waiting[1]!({ ...clusterReply('second'), release: () => released++ })
  await settle()
  assert.equal(released, 0)
  bench.socket.destroy()
  assert.equal(released, 1)
  assert.equal(bench.meter.unsentBytes, 0)
})
