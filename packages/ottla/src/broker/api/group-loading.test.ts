/** Groups that cannot be read back at once, or not at all, and how much memory reading them takes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { coordinatorPartition, GROUP_OFFSETS_TOPIC } from '../../core/group/coordinator-partition.ts'
import { BatchBuilder } from '../../wire/batch/build.ts'
import { deleteTopicsApi } from '../../wire/gen/delete-topics.ts'
import { listGroupsApi } from '../../wire/gen/list-groups.ts'
import { createTopic, errorOf } from '../testing/calls.ts'
import { commitAs, committed, findGroup, GROUP_KEYS, GroupMember } from '../testing/group-member.ts'
import { MemoryBroker, MemoryWorld } from '../testing/memory-broker.ts'

const GROUPS = ['a', 'b', 'c', 'd', 'e', 'f']
const PARTITIONS = Number(GROUP_KEYS['offsets.topic.num.partitions'])
/** As group-coordinator.ts has it. */
const LOAD_RETRY_MS = 10_000

function isOffsetsLog(path: string): boolean {
  return path.includes(`/${GROUP_OFFSETS_TOPIC}-`) && path.endsWith('.log')
}

/** A broker in which each group has committed offset 5. */
async function withOffsets(world: MemoryWorld, keys: Readonly<Record<string, string>> = {}): Promise<MemoryBroker> {
  const broker = await MemoryBroker.start({ ...GROUP_KEYS, ...keys }, world)
  const peer = await broker.connect()
  await createTopic(peer, 'orders')
  await findGroup(peer, 'g')
  for (const group of GROUPS) assert.equal(await commitAs(peer, { group, offset: 5 }), 'NONE')
  return broker
}

/** Fails what reads the offsets of a broker that has found its logs: by then it has registered. */
class UnreadableOffsets {
  isBroken = false
  failures = 0
  readonly world: MemoryWorld = new MemoryWorld({
    intercept: ({ kind, path }) => {
      const isMet = this.isBroken && kind === 'read' && isOffsetsLog(path) && this.world.coordination.present.size > 0
      if (!isMet) return 'go'
      this.failures++
      return 'EMFILE'
    },
  })
}

test('groups that the disk does not give are loaded again later; until then this is no coordinator', async () => {
  const disk = new UnreadableOffsets()
  const { world } = disk
  await (await withOffsets(world)).close()
  disk.isBroken = true
  const broker = await MemoryBroker.start(GROUP_KEYS, world)
  const told = () => broker.observe.events.filter(({ event }) => event === 'groups.not-loaded').length
  await broker.until(() => told() === PARTITIONS)
  const peer = await broker.connect()
  for (const group of GROUPS) assert.equal(await committed(peer, { group }), 'NOT_COORDINATOR')
  assert.equal(await commitAs(peer, { group: 'a', offset: 6 }), 'NOT_COORDINATOR')
  const { failures } = disk
  broker.clock.advance(LOAD_RETRY_MS / 2)
  assert.equal(disk.failures, failures, 'not at once')
  // A second failure is no reason to give up.
  broker.clock.advance(LOAD_RETRY_MS)
  await broker.until(() => told() === 2 * PARTITIONS)
  disk.isBroken = false
  broker.clock.advance(LOAD_RETRY_MS)
  await broker.until(() => broker.observe.events.filter(({ event }) => event === 'groups.loaded').length === PARTITIONS)
  for (const group of GROUPS) assert.equal(await committed(peer, { group }), 5)
  assert.equal(await commitAs(peer, { group: 'a', offset: 6 }), 'NONE')
  await broker.close()
})

test('a retry is only for the partition that failed: not for that of a topic made anew meanwhile', async () => {
  const disk = new UnreadableOffsets()
  await (await withOffsets(disk.world)).close()
  disk.isBroken = true
  const broker = await MemoryBroker.start(GROUP_KEYS, disk.world)
  const count = (name: string) => broker.observe.events.filter(({ event }) => event === name).length
  await broker.until(() => count('groups.not-loaded') === PARTITIONS)
  disk.isBroken = false
  const peer = await broker.connect()
  await peer.request(deleteTopicsApi, 5, { topicNames: [GROUP_OFFSETS_TOPIC], timeoutMs: 1000 })
  assert.equal(await findGroup(peer, 'a'), 'NONE')
  assert.equal(await commitAs(peer, { group: 'a', offset: 1 }), 'NONE')
  await broker.until(() => count('groups.loaded') === PARTITIONS)
  broker.clock.advance(2 * LOAD_RETRY_MS)
  assert.equal(await committed(peer, { group: 'a' }), 1)
  assert.equal(count('groups.loaded'), PARTITIONS, 'none is loaded again')
  await broker.close()
})

test('a few partitions are loaded at a time, however many there are', async () => {
  const paths = new Set<string>()
  const held: (() => void)[] = []
  let isHeld = false
  const world: MemoryWorld = new MemoryWorld({
    defer: (finish, { kind, path }) => {
      if (!isHeld || kind !== 'read' || !isOffsetsLog(path) || world.coordination.present.size === 0) {
        queueMicrotask(finish)
        return
      }
      paths.add(path)
      held.push(finish)
    },
  })
  const keys = { 'offsets.topic.num.partitions': '12' }
  const before = await withOffsets(world, keys)
  const peer = await before.connect()
  for (let i = 0; i < 60; i++) await commitAs(peer, { group: `g${i}`, offset: i })
  await before.close()
  isHeld = true
  const broker = await MemoryBroker.start({ ...GROUP_KEYS, ...keys }, world)
  await broker.until(() => paths.size > 0)
  // The broker answers meanwhile.
  assert.equal(await committed(await broker.connect(), { group: 'g0' }), 'COORDINATOR_LOAD_IN_PROGRESS')
  assert.equal(paths.size, 4)
  isHeld = false
  for (const finish of held) finish()
  await broker.until(() => broker.observe.events.filter(({ event }) => event === 'groups.loaded').length === 12)
  await broker.close()
})

test('a stop while groups wait to be loaded again leaves no timer', async () => {
  const disk = new UnreadableOffsets()
  const { world } = disk
  await (await withOffsets(world)).close()
  disk.isBroken = true
  const broker = await MemoryBroker.start(GROUP_KEYS, world)
  await broker.until(() => broker.observe.events.some(({ event }) => event === 'groups.not-loaded'))
  await broker.close()
  assert.equal(broker.clock.nextInMs(), null)
})

test('a partition whose records nobody understands serves no group; the others do, also after it was met', async () => {
  const world = new MemoryWorld()
  const before = await withOffsets(world)
  const broken = coordinatorPartition('a', PARTITIONS)
  // A key of an offset, cut off.
  const builder = new BatchBuilder()
  builder.append(Uint8Array.of(0, 1, 0), Uint8Array.of(1), [], 0)
  const { services } = before.server
  const appended = await before.settled(
    Promise.resolve(
      services.partitions.append({ topic: GROUP_OFFSETS_TOPIC, topicId: null, partition: broken }, builder.build(), {
        acks: -1,
        timeoutMs: 1000,
        apiVersion: 12,
        transactionalId: null,
        mayWriteInternal: true,
      }),
    ),
  )
  assert.equal(appended.error, 'NONE')
  await before.close()
  const broker = await MemoryBroker.start(GROUP_KEYS, world)
  const member = await GroupMember.connect(broker, { group: 'a' })
  const told = () => broker.observe.events.filter(({ event }) => event === 'groups.not-loaded')
  await broker.until(() => told().length === 1)
  assert.equal(told()[0]?.fields.partition, broken)
  assert.equal(errorOf(await member.joinOnce()), 'NOT_COORDINATOR')
  broker.clock.advance(10 * LOAD_RETRY_MS)
  const lost = GROUPS.filter(group => coordinatorPartition(group, PARTITIONS) === broken)
  assert.ok(lost.length < GROUPS.length)
  for (const group of GROUPS) {
    assert.equal(await committed(member.peer, { group }), lost.includes(group) ? 'NOT_COORDINATOR' : 5, group)
  }
  const { groups } = await member.peer.request(listGroupsApi, 5, {})
  assert.deepEqual(
    groups.map(({ groupId }) => groupId).sort(),
    GROUPS.filter(group => !lost.includes(group)),
  )
  assert.equal(told().length, 1, 'trying again would not help')
  await broker.close()
})

test('groups are read in steps of offsets.load.buffer.size, or of one batch, however large their partition is', async () => {
  let largest = 0
  let isWatched = false
  const world = new MemoryWorld({
    intercept: ({ kind, path, bytes }) => {
      if (isWatched && kind === 'read' && isOffsetsLog(path)) largest = Math.max(largest, bytes)
      return 'go'
    },
  })
  const keys = { 'offsets.topic.num.partitions': '1', 'offsets.load.buffer.size': '1000' }
  const before = await withOffsets(world, keys)
  const peer = await before.connect()
  const [batchBytes, batches] = [4200, 20]
  const metadata = 'm'.repeat(4000)
  for (let offset = 1; offset <= batches; offset++) await commitAs(peer, { group: 'a', offset, metadata })
  await before.close()
  isWatched = true
  const broker = await MemoryBroker.start({ ...GROUP_KEYS, ...keys }, world)
  assert.equal(await committed(await broker.connect(), { group: 'a' }), batches)
  // What storage reads beyond what it is asked for is less than a quarter of all this.
  assert.ok(largest > batchBytes && largest < (batchBytes * batches) / 4, String(largest))
  await broker.close()
})
