import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as nextLoop } from 'node:timers/promises'
import { ManualClock } from '../../adapters/memory/clock.ts'
import { MemoryNet } from '../../adapters/memory/net.ts'
import { CollectingObserve } from '../../adapters/memory/observe.ts'
import { NetFault } from '../../ports/net.ts'
import type { BrokerServices } from '../../runtime/services.ts'
import { type DescribeClusterResponseInput, describeClusterApi } from '../../wire/gen/describe-cluster.ts'
import { ApiTable } from '../api/api-table.ts'
import { type ApiContext, type Reply, type Served, serve } from '../api/handler.ts'
import { frameOf, RawPeer } from '../testing/raw-peer.ts'
import { BrokerNet } from './broker-net.ts'
import type { NetLimits } from './limits.ts'

const ready: Reply<DescribeClusterResponseInput> = { body: { clusterId: 'c', brokers: [] } }
const immediate = serve(describeClusterApi, () => ready)
const ask = frameOf(describeClusterApi, { version: 0, body: {} })

class Harness {
  readonly clock = new ManualClock()
  readonly observe = new CollectingObserve()
  readonly net = new MemoryNet()
  readonly brokerNet: BrokerNet
  port = 0

  constructor(served: Served, limits: Partial<NetLimits> = {}) {
    this.brokerNet = new BrokerNet({
      net: this.net,
      clock: this.clock,
      observe: this.observe,
      apis: new ApiTable([served]),
      limits: {
        requestBytesMax: 100_000,
        idleMs: 600_000,
        connectionsMax: 100,
        connectionsPerAddressMax: 100,
        connectionsPerSecond: 100,
        ...limits,
      },
    })
  }

  async listen(): Promise<this> {
    this.port = (await this.brokerNet.listen({ name: 'PLAINTEXT', host: '127.0.0.1', port: 0 })).port
    return this
  }

  serve(): void {
    const { clock, observe } = this
    const partitions = { hasRoom: () => true, onRoom: () => () => {} }
    const fatal = (why: unknown) => assert.fail(String(why))
    this.brokerNet.serve({ clock, observe, partitions, fatal } as unknown as BrokerServices)
  }

  async connect(): Promise<RawPeer> {
    const peer = new RawPeer(condition => this.until(condition))
    const address = { host: '127.0.0.1', port: this.port }
    await this.net.connect(address, { timeoutMs: 1000 }, connection => peer.attach(connection))
    return peer
  }

  async until(condition: () => boolean): Promise<void> {
    for (let turns = 0; !condition(); turns++) {
      assert.ok(turns < 200, 'what the test waits for happens')
      await nextLoop()
    }
  }
}

/** Lets what can happen without time passing happen. */
async function settle(): Promise<void> {
  for (let i = 0; i < 10; i++) await nextLoop()
}

test('connections that come before the broker is up wait and are then answered', async () => {
  const harness = await new Harness(immediate).listen()
  const peer = await harness.connect()
  peer.send(ask)
  await settle()
  assert.equal(peer.replies.length, 0)
  harness.serve()
  await peer.nextReply()
  assert.equal(harness.brokerNet.connectionCount, 1)
  await harness.brokerNet.close({ graceMs: 1000 })
})

test('a port in use is a fault that says so', async () => {
  const harness = await new Harness(immediate).listen()
  const again = harness.brokerNet.listen({ name: 'OTHER', host: '127.0.0.1', port: harness.port })
  await assert.rejects(again, (error: unknown) => error instanceof NetFault && error.layer === 'in-use')
  await harness.brokerNet.close({ graceMs: 1000 })
})

test('max.connections: the next one is closed at once; a place that is given back is given away', async () => {
  const harness = await new Harness(immediate, { connectionsMax: 2 }).listen()
  harness.serve()
  const [first] = [await harness.connect(), await harness.connect()]
  const third = await harness.connect()
  await third.untilClosed()
  assert.equal(harness.observe.named('connection.refused')[0]?.fields.why, 'max.connections=2 is reached')
  assert.equal(harness.observe.counters.get('ottla_connections_refused_total'), 1)
  first.close()
  await harness.until(() => harness.brokerNet.connectionCount === 1)
  const fourth = await harness.connect()
  fourth.send(ask)
  await fourth.nextReply()
  assert.equal(harness.observe.gauges.get('ottla_connections_active'), 2)
  await harness.brokerNet.close({ graceMs: 1000 })
  assert.equal(harness.observe.gauges.get('ottla_connections_active'), 0)
})

test('max.connection.creation.rate: those above it wait for their turn, and lose nothing they sent', async () => {
  const harness = await new Harness(immediate, { connectionsPerSecond: 2 }).listen()
  harness.serve()
  const peers: RawPeer[] = []
  for (let i = 0; i < 5; i++) {
    const peer = await harness.connect()
    peer.send(ask)
    peers.push(peer)
  }
  await settle()
  assert.equal(peers.filter(peer => peer.replies.length > 0).length, 3)
  harness.clock.advance(500)
  await settle()
  assert.equal(peers.filter(peer => peer.replies.length > 0).length, 4)
  harness.clock.advance(500)
  await settle()
  assert.equal(peers.filter(peer => peer.replies.length > 0).length, 5)
  await harness.brokerNet.close({ graceMs: 1000 })
})

test('close: who waits is told, gets its answer, and nobody waits for the grace to pass', async () => {
  const waitsForSignal = serve(describeClusterApi, (context: ApiContext) => {
    return new Promise<Reply<DescribeClusterResponseInput>>(resolve => context.signal.onClose(() => resolve(ready)))
  })
  const harness = await new Harness(waitsForSignal).listen()
  harness.serve()
  const peer = await harness.connect()
  peer.send(ask)
  await settle()
  await Promise.all([harness.brokerNet.close({ graceMs: 60_000 }), harness.brokerNet.close({ graceMs: 60_000 })])
  await peer.nextReply()
  await peer.untilClosed()
  await assert.rejects(harness.connect(), (error: unknown) => error instanceof NetFault && error.layer === 'refused')
})

test('close: a request that is never answered is given up when the grace is over', async () => {
  const harness = await new Harness(serve(describeClusterApi, () => new Promise(() => {}))).listen()
  harness.serve()
  const peer = await harness.connect()
  peer.send(ask)
  await settle()
  let isClosed = false
  const closed = harness.brokerNet.close({ graceMs: 5000 }).then(() => {
    isClosed = true
  })
  harness.clock.advance(4999)
  await settle()
  assert.equal(isClosed, false)
  harness.clock.advance(1)
  await closed
  await peer.untilClosed()
})

test('idle connections are swept', async () => {
  const harness = await new Harness(immediate, { idleMs: 5000 }).listen()
  harness.serve()
  const [idle, busy] = [await harness.connect(), await harness.connect()]
  for (let ms = 0; ms < 6000; ms += 1000) {
    harness.clock.advance(1000)
    busy.send(ask)
    await busy.nextReply()
  }
  await idle.untilClosed()
  assert.equal(busy.isClosed, false)
  await harness.brokerNet.close({ graceMs: 1000 })
})
