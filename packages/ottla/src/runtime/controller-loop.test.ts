import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryCoordination } from '../adapters/memory/coordination.ts'
import { CollectingObserve } from '../adapters/memory/observe.ts'
import type { Uuid } from '../base/uuid.ts'
import type { CreateTopics } from '../core/controller/commands.ts'
import { BrokerConfigInForce } from '../core/metadata/broker-config.ts'
import { topicByName } from '../core/metadata/image.ts'
import { DiskFault } from '../ports/disk.ts'
import type { MetaLog } from '../ports/meta-log.ts'
import { brokerConfigOf } from '../spec/config/broker.ts'
import { ControllerLoop } from './controller-loop.ts'
import { type MetadataStep, MetadataTail } from './metadata-tail.ts'
import { ControllerUnavailable } from './services.ts'

const id = (n: number) => `topic-${String(n).padStart(4, '0')}AAAAAAAAAAAA` as Uuid
const fatal = (why: unknown) => assert.fail(String(why))

/** A controller and a tail on one engine; `steps` is what the tail applied. */
async function started(engine = new MemoryCoordination(), log: MetaLog = engine.metaLog()) {
  const steps: MetadataStep[] = []
  const observe = new CollectingObserve()
  const tail = new MetadataTail({ log, apply: async step => void steps.push(step), observe, fatal })
  await tail.load()
  const controller = new ControllerLoop({
    self: 1,
    incarnation: 'incarnation',
    log,
    membership: engine.membership(),
    config: new BrokerConfigInForce(brokerConfigOf(), 1),
    whenApplied: offset => tail.whenApplied(offset),
    observe,
    fatal,
  })
  await controller.start()
  tail.start()
  await controller.submit({ type: 'createCluster', clusterId: 'cluster' })
  const registered = await controller.submit({
    type: 'registerBroker',
    clusterId: 'cluster',
    brokerId: 1,
    incarnation: id(9000),
    endpoints: [],
    rack: null,
    directories: [],
    caughtUp: true,
  })
  assert.equal(registered.error, 'NONE', registered.message ?? '')
  return { engine, log, tail, controller, steps, observe }
}

function createTopic(name: string, topicId: Uuid, partitionCount = 1): CreateTopics {
  const topic = { name, topicId, partitionCount, replicationFactor: 1, assignments: [], configs: [] }
  return { type: 'createTopics', topics: [topic], validateOnly: false, placement: 0 }
}

test('a reply comes when this broker has applied what was committed', async () => {
  const { controller, tail, steps } = await started()
  const [created] = await controller.submit(createTopic('orders', id(1), 3))
  assert.equal(created?.error, 'NONE')
  assert.equal(topicByName(tail.image, 'orders')?.partitions.length, 3)
  assert.deepEqual([...(steps.at(-1)?.topics ?? [])], [id(1)])
})

test('commands that wait together share an append, and each sees those before it', async () => {
  const { controller, engine } = await started()
  const before = engine.head
  const replies = await Promise.all([
    controller.submit(createTopic('a', id(1))),
    controller.submit(createTopic('a', id(2))),
    controller.submit(createTopic('b', id(3))),
  ])
  assert.deepEqual(
    replies.map(([topic]) => topic?.error),
    ['NONE', 'TOPIC_ALREADY_EXISTS', 'NONE'],
  )
  assert.ok(engine.head - before <= 2, 'three commands, at most two appends')
})

test('an append that fails is not answered as done, and the truth is read again', async () => {
  const engine = new MemoryCoordination()
  const real = engine.metaLog()
  let failNext = false
  const log: MetaLog = {
    append: async (epoch, head, records) => {
      if (!failNext) return real.append(epoch, head, records)
      failNext = false
      await real.append(epoch, head, records)
      return { kind: 'unknown' }
    },
    read: from => real.read(from),
    watch: changed => real.watch(changed),
    writeSnapshot: snapshot => real.writeSnapshot(snapshot),
    close: () => real.close(),
  }
  const { controller, tail } = await started(engine, log)
  failNext = true
  await assert.rejects(controller.submit(createTopic('orders', id(1))), ControllerUnavailable)
  const [again] = await controller.submit(createTopic('orders', id(2)))
  assert.equal(again?.error, 'TOPIC_ALREADY_EXISTS', 'it had been applied')
  assert.equal(topicByName(tail.image, 'orders')?.id, id(1))
})

test('a metadata log without room says so to the one who asked, and takes the command when there is room', async () => {
  const engine = new MemoryCoordination()
  const real = engine.metaLog()
  let isFull = false
  const log: MetaLog = {
    append: async (epoch, head, records) =>
      isFull ? { kind: 'refused', reason: 'no space left' } : real.append(epoch, head, records),
    read: from => real.read(from),
    watch: changed => real.watch(changed),
    writeSnapshot: snapshot => real.writeSnapshot(snapshot),
    close: () => real.close(),
  }
  const { controller, observe } = await started(engine, log)
  isFull = true
  await assert.rejects(controller.submit(createTopic('orders', id(1))), /no space left/)
  assert.match(String(observe.named('controller.append-failed')[0]?.fields.why), /no space left/)
  isFull = false
  const [created] = await controller.submit(createTopic('orders', id(1)))
  assert.equal(created?.error, 'NONE')
})

test('a deposed controller answers nothing as done', async () => {
  const { controller, engine } = await started()
  const next = engine.membership().campaign(2, 'other')
  await engine.leader?.owner.close()
  assert.ok((await next) !== null)
  await assert.rejects(controller.submit(createTopic('orders', id(1))), ControllerUnavailable)
})

test('after stop nothing is taken', async () => {
  const { controller, tail } = await started()
  await controller.stop()
  await tail.stop()
  await assert.rejects(controller.submit(createTopic('orders', id(1))), ControllerUnavailable)
})

test('a snapshot replaces a long log, and a later start comes to the same image', async () => {
  const first = await started()
  for (let i = 0; i < 300; i++) {
    await first.controller.submit(createTopic(`t${i}`, id(i), 2))
    if (i % 2 === 0) await first.controller.submit({ type: 'deleteTopics', topics: [{ name: `t${i}`, topicId: null }] })
  }
  assert.ok(first.engine.snapshot !== null, 'a snapshot was written')
  assert.ok(first.engine.entries.length < first.engine.head)
  await first.controller.stop()
  await first.tail.stop()
  const second = await started(first.engine)
  const names = (tail: MetadataTail) => [...tail.image.topics.values()].map(topic => topic.name).sort()
  assert.deepEqual(names(second.tail), names(first.tail))
  assert.equal(second.steps[0]?.topics, null, 'the first step covers everything')
})

test('a snapshot that finds no room is written later, and nothing stops meanwhile', async () => {
  const engine = new MemoryCoordination()
  const real = engine.metaLog()
  let isFull = true
  const log: MetaLog = {
    append: (epoch, head, records) => real.append(epoch, head, records),
    read: from => real.read(from),
    watch: changed => real.watch(changed),
    writeSnapshot: async snapshot => {
      if (isFull) throw new DiskFault('ENOSPC', '/data', 'no space left')
      await real.writeSnapshot(snapshot)
    },
    close: () => real.close(),
  }
  const { controller, tail, observe } = await started(engine, log)
  await controller.submit(createTopic('large', id(1), 1200))
  await controller.submit({ type: 'deleteTopics', topics: [{ name: 'large', topicId: null }] })
  assert.equal(engine.snapshot, null)
  assert.ok(observe.named('metadata.snapshot-failed').length > 0)
  isFull = false
  await controller.submit(createTopic('small', id(2)))
  await controller.stop()
  await tail.stop()
  assert.ok(engine.snapshot !== null)
})

test('removals that the log tells of reach the first step of the next start', async () => {
  const first = await started()
  await first.controller.submit(createTopic('gone', id(7)))
  await first.controller.submit({ type: 'deleteTopics', topics: [{ name: 'gone', topicId: null }] })
  await first.controller.stop()
  await first.tail.stop()
  const second = await started(first.engine)
  assert.ok(second.steps[0]?.removed.has(id(7)))
})
