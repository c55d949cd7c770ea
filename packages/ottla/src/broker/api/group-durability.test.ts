/** What groups keep over restarts, kills and power cuts, and what is answered while they are read back. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MemoryDiskOptions } from '../../adapters/memory/disk.ts'
import { type PlantedBug, plantBugs } from '../../base/planted.ts'
import { topicByName } from '../../core/metadata/image.ts'
import { apiVersionsApi } from '../../wire/gen/api-versions.ts'
import { deleteTopicsApi } from '../../wire/gen/delete-topics.ts'
import { listGroupsApi } from '../../wire/gen/list-groups.ts'
import { offsetCommitApi } from '../../wire/gen/offset-commit.ts'
import { createTopic, errorOf } from '../testing/calls.ts'
import { assignment, commitAs, committed, findGroup, GROUP_KEYS, GroupMember } from '../testing/group-member.ts'
import { MemoryBroker, MemoryWorld } from '../testing/memory-broker.ts'
import { frameOf } from '../testing/raw-peer.ts'

/** A disk whose work stands still while `isHeld`; all else is done at once. */
class HeldDisk {
  isHeld = false
  readonly #held: (() => void)[] = []

  options(): MemoryDiskOptions {
    return {
      defer: finish => {
        if (this.isHeld) this.#held.push(finish)
        else queueMicrotask(finish)
      },
    }
  }

  get count(): number {
    return this.#held.length
  }

  letGo(): void {
    this.isHeld = false
    for (const finish of this.#held.splice(0)) finish()
  }
}

async function withBug(bug: PlantedBug, run: () => Promise<void>): Promise<void> {
  plantBugs([bug])
  try {
    await run()
  } finally {
    plantBugs([])
  }
}

for (const codec of ['0', '1', '2', '3', '4']) {
  test(`a restart keeps offsets, members and generation, with codec ${codec}`, async () => {
    const world = new MemoryWorld()
    const keys = { ...GROUP_KEYS, 'offsets.topic.compression.codec': codec }
    const before = await MemoryBroker.start(keys, world)
    await createTopic(await before.connect(), 'orders')
    const member = await GroupMember.connect(before, { instanceId: 'i' })
    await member.own([0])
    await member.own([0])
    assert.equal(await member.commit(42), 'NONE')
    await before.close()
    const after = await MemoryBroker.start(keys, world)
    const again = await GroupMember.connect(after, { instanceId: 'i' })
    assert.equal(await committed(again.peer), 42)
    again.memberId = member.memberId
    again.generation = member.generation
    assert.deepEqual([again.generation, await again.heartbeat()], [2, 'NONE'])
    assert.deepEqual(await again.sync(), assignment('orders', [0]))
    assert.equal(await again.commit(43), 'NONE')
    after.clock.advance(10_001)
    assert.equal(await again.heartbeat(), 'UNKNOWN_MEMBER_ID', 'the session of a loaded member ends too')
    await after.close()
  })
}

for (const kind of ['kill', 'power'] as const) {
  test(`what was answered is there after a crash of kind ${kind}, deletions too`, async () => {
    const world = new MemoryWorld()
    const before = await MemoryBroker.start(GROUP_KEYS, world)
    const peer = await before.connect()
    await createTopic(peer, 'orders', { partitions: 30 })
    await findGroup(peer, 'g')
    for (let partition = 0; partition < 30; partition++) {
      assert.equal(await commitAs(peer, { group: `g${partition % 5}`, partition, offset: 100 + partition }), 'NONE')
      assert.equal(await commitAs(peer, { group: `g${partition % 5}`, partition, offset: 200 + partition }), 'NONE')
    }
    const member = await GroupMember.connect(before)
    await member.own()
    await world.crash(kind)
    const after = await MemoryBroker.start(GROUP_KEYS, world)
    const again = await GroupMember.connect(after)
    for (let partition = 0; partition < 30; partition++) {
      assert.equal(await committed(again.peer, { group: `g${partition % 5}`, partition }), 200 + partition)
    }
    again.memberId = member.memberId
    again.generation = member.generation
    assert.equal(await again.heartbeat(), 'NONE')
    await after.close()
  })
}

/** A commit while the disk stands still, then a power cut. Gives whether it was answered, and what is left of it. */
async function commitOnHeldDisk(): Promise<{ isAnswered: boolean; left: number | string }> {
  const disk = new HeldDisk()
  const world = new MemoryWorld(disk.options())
  const before = await MemoryBroker.start(GROUP_KEYS, world)
  const peer = await before.connect()
  await createTopic(peer, 'orders')
  await findGroup(peer, 'g')
  assert.equal(await commitAs(peer, { offset: 1 }), 'NONE')
  const other = await before.connect()
  disk.isHeld = true
  const outcome: string[] = []
  commitAs(peer, { offset: 2 }).then(
    error => outcome.push(error),
    () => {},
  )
  await before.until(() => disk.count > 0)
  await other.request(apiVersionsApi, 0, {})
  await other.request(apiVersionsApi, 0, {})
  const isAnswered = outcome.length > 0
  await world.crash('power', {})
  const after = await MemoryBroker.start(GROUP_KEYS, world)
  const again = await after.connect()
  await findGroup(again, 'g')
  const left = await committed(again)
  await after.close()
  return { isAnswered, left }
}

test('a commit is answered when it is durable, not before', async () => {
  const { isAnswered, left } = await commitOnHeldDisk()
  assert.deepEqual([isAnswered, left], [false, 1])
  await withBug('group-reply-before-durable', async () => {
    assert.deepEqual(await commitOnHeldDisk(), { isAnswered: true, left: 1 }, 'the planted bug loses what it answered')
  })
})

test('reads wait too: nobody is told an offset that a crash could take back', async () => {
  const disk = new HeldDisk()
  const broker = await MemoryBroker.start(GROUP_KEYS, new MemoryWorld(disk.options()))
  const peer = await broker.connect()
  await createTopic(peer, 'orders')
  await findGroup(peer, 'g')
  disk.isHeld = true
  const committing = commitAs(peer, { offset: 2 })
  const reader = await broker.connect()
  await broker.until(() => disk.count > 0)
  let told: unknown = null
  const reading = committed(reader).then(offset => {
    told = offset
  })
  await (await broker.connect()).request(apiVersionsApi, 0, {})
  assert.equal(told, null)
  disk.letGo()
  assert.equal(await committing, 'NONE')
  await reading
  assert.equal(told, 2)
  await broker.close()
})

test('a commit that takes longer than offsets.commit.timeout.ms is answered, and may be there later', async () => {
  const disk = new HeldDisk()
  const keys = { ...GROUP_KEYS, 'offsets.commit.timeout.ms': '50' }
  const broker = await MemoryBroker.start(keys, new MemoryWorld(disk.options()))
  const peer = await broker.connect()
  await createTopic(peer, 'orders')
  await findGroup(peer, 'g')
  disk.isHeld = true
  assert.equal(await commitAs(peer, { offset: 2 }), 'COORDINATOR_NOT_AVAILABLE')
  disk.letGo()
  assert.equal(await committed(peer), 2)
  await broker.close()
})

/** Commits 1 to `offset` of one partition, in one request. */
async function commitMany(member: GroupMember, offset: number): Promise<void> {
  const partitions = Array.from({ length: offset }, (_, i) => {
    return { partitionIndex: 0, committedOffset: i + 1, committedMetadata: null }
  })
  const response = await member.peer.request(offsetCommitApi, 9, {
    groupId: 'g',
    generationIdOrMemberEpoch: member.generation,
    memberId: member.memberId,
    topics: [{ name: 'orders', partitions }],
  })
  assert.ok(response.topics[0]?.partitions.every(each => errorOf(each) === 'NONE'))
}

/**
 * Restarts a broker that has so much to read back that it takes turns. Gives what a member hears that asks at once, and
 * what it hears in the end.
 */
async function askWhileLoading(): Promise<{ atOnce: unknown[]; atLast: unknown[] }> {
  const world = new MemoryWorld()
  const keys = { ...GROUP_KEYS, 'offsets.topic.num.partitions': '1', 'offsets.load.buffer.size': '100000' }
  const before = await MemoryBroker.start(keys, world)
  await createTopic(await before.connect(), 'orders')
  const member = await GroupMember.connect(before)
  await member.own()
  for (let i = 0; i < 5; i++) await commitMany(member, 5000 - i)
  await before.close()
  const after = await MemoryBroker.start(keys, world)
  const again = new GroupMember(await after.connect(), {})
  again.memberId = member.memberId
  again.generation = member.generation
  const atOnce = await Promise.all([
    committed(await after.connect()),
    commitAs(await after.connect(), { offset: 30, generation: member.generation, memberId: member.memberId }),
    again.heartbeat(),
    (await after.connect()).request(listGroupsApi, 5, {}).then(errorOf),
  ])
  const reader = await after.connect()
  for (let i = 0; i < 100 && (await committed(reader)) === 'COORDINATOR_LOAD_IN_PROGRESS'; i++) after.clock.advance(1)
  const atLast = [await committed(reader), await again.heartbeat()]
  await after.close()
  return { atOnce, atLast }
}

test('while groups are read back: 14 to all but heartbeats, then what was committed', async () => {
  const loading = 'COORDINATOR_LOAD_IN_PROGRESS'
  const { atOnce, atLast } = await askWhileLoading()
  assert.deepEqual(atOnce, [loading, loading, 'NONE', loading])
  assert.deepEqual(atLast, [4996, 'NONE'])
  await withBug('offsets-not-reloaded', async () => {
    const { atOnce } = await askWhileLoading()
    assert.equal(atOnce[0], -1, 'the planted bug forgets offsets')
  })
})

test('a broker that stops while it loads does so at once', async () => {
  const world = new MemoryWorld()
  const before = await MemoryBroker.start(GROUP_KEYS, world)
  await createTopic(await before.connect(), 'orders')
  const member = await GroupMember.connect(before)
  await member.own()
  await commitMany(member, 5000)
  await before.close()
  const after = await MemoryBroker.start(GROUP_KEYS, world)
  await after.close()
})

test('offsets of a topic whose deletion was cut short by a crash are dropped when they are read back', async () => {
  const disk = new HeldDisk()
  const world = new MemoryWorld(disk.options())
  const before = await MemoryBroker.start(GROUP_KEYS, world)
  const peer = await before.connect()
  for (const name of ['orders', 'kept']) await createTopic(peer, name)
  await findGroup(peer, 'g')
  await commitAs(peer, { offset: 5 })
  await commitAs(peer, { topic: 'kept', offset: 6 })
  disk.isHeld = true
  peer.send(frameOf(deleteTopicsApi, { version: 5, body: { topicNames: ['orders'], timeoutMs: 1000 } }))
  await before.until(() => topicByName(before.server.services.image(), 'orders') === null)
  await world.crash('power', {})
  const after = await MemoryBroker.start(GROUP_KEYS, world)
  const again = await after.connect()
  for (let i = 0; i < 100 && (await committed(again)) !== -1; i++) after.clock.advance(1)
  assert.deepEqual([await committed(again), await committed(again, { topic: 'kept' })], [-1, 6])
  await after.close()
})
