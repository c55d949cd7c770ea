import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Writer } from '../../base/cursor.ts'
import { encodeConsumerGroupMetadataKey } from '../../wire/gen/records/consumer-groups.ts'
import {
  encodeGroupMetadataKey,
  encodeGroupMetadataValue,
  encodeOffsetCommitKey,
  encodeOffsetCommitValue,
} from '../../wire/gen/records/offsets.ts'
import { replay } from './evolve.ts'
import { isGone, openGroup } from './group.ts'
import { invariants } from './invariants.ts'
import { decodeGroupRecord, encodeGroupRecord, GroupRecordError, type RecordBytes } from './record-bytes.ts'
import type { DurableRecord } from './records.ts'
import { EPOCH, GroupWorld } from './testing/group-world.ts'
import { commit, heartbeat, subscription } from './testing/requests.ts'

function bytes(write: (w: Writer) => void): Uint8Array {
  const writer = new Writer().beginBare()
  write(writer)
  return writer.finishBytes()
}

const topicId = 'AAAAAAAAAAAAAAAAAAAABQ'
const offsetValue = { offset: 42, leaderEpoch: 3, metadata: 'm', commitTimestamp: EPOCH, expireTimestamp: -1, topicId }
const offset: DurableRecord = { type: 'offset', topic: 'orders', partition: 7, value: offsetValue }
const member = {
  memberId: 'm-1',
  groupInstanceId: 'i',
  clientId: 'c',
  clientHost: '/h',
  rebalanceTimeout: 60_000,
  sessionTimeout: 10_000,
  subscription: subscription(['orders']),
  assignment: Uint8Array.of(1),
}
const group = {
  protocolType: 'consumer',
  generation: 5,
  protocol: 'range',
  leader: 'm-1',
  currentStateTimestamp: EPOCH,
  members: [member],
}

test('records come back as they were written, in the versions that Kafka 4.2 writes', () => {
  const expiring: DurableRecord = {
    ...offset,
    value: { ...offsetValue, expireTimestamp: EPOCH + 5, leaderEpoch: -1, topicId: 'AAAAAAAAAAAAAAAAAAAAAA' },
  }
  const records: DurableRecord[] = [
    offset,
    expiring,
    { type: 'offsetRemoval', topic: 'orders', partition: 7 },
    { type: 'group', value: group },
    { type: 'groupRemoval' },
  ]
  const versions = records.map(record => {
    const written = encodeGroupRecord('g', record)
    assert.deepEqual(decodeGroupRecord(written), { groupId: 'g', record })
    const versionOf = (of: Uint8Array | null) =>
      of === null ? null : new DataView(of.buffer, of.byteOffset).getInt16(0)
    return [versionOf(written.key), versionOf(written.value)]
  })
  assert.deepEqual(versions, [
    [1, 4],
    [1, 1],
    [1, null],
    [2, 3],
    [2, null],
  ])
})

test('records of all versions are read, those of other groups are left alone, broken ones are not', () => {
  const groupKey = bytes(w => encodeGroupMetadataKey(w, 2, { group: 'g' }))
  for (let version = 0; version <= 4; version++) {
    const value = bytes(w => encodeGroupMetadataValue(w, version, group))
    const read = decodeGroupRecord({ key: groupKey, value })
    assert.ok(read?.record.type === 'group')
    assert.equal(read.record.value.generation, 5)
    assert.equal(read.record.value.currentStateTimestamp, version >= 2 ? EPOCH : -1)
    const offsetKey = bytes(w => encodeOffsetCommitKey(w, version % 2, { group: 'g', topic: 'orders', partition: 7 }))
    const stored = bytes(w => encodeOffsetCommitValue(w, version, offsetValue))
    const found = decodeGroupRecord({ key: offsetKey, value: stored })
    assert.ok(found?.record.type === 'offset')
    assert.equal(found.record.value.offset, 42)
  }
  const foreign = bytes(w => encodeConsumerGroupMetadataKey(w, 3, { groupId: 'g' }))
  assert.equal(decodeGroupRecord({ key: foreign, value: null }), null)
  const broken: RecordBytes[] = [
    { key: new Uint8Array(0), value: null },
    { key: groupKey.subarray(0, 3), value: null },
    { key: groupKey, value: Uint8Array.of(0, 9) },
    { key: groupKey, value: Uint8Array.of(0, 3, 0, 99) },
  ]
  for (const each of broken) assert.throws(() => decodeGroupRecord(each), GroupRecordError)
})

function readBack(...records: DurableRecord[]) {
  const read = openGroup('g')
  for (const record of records) {
    replay(read, record)
    invariants(read)
  }
  return read
}

test('what is read shares no memory with the log', () => {
  const written = encodeGroupRecord('g', { type: 'group', value: group })
  const read = decodeGroupRecord(written)
  written.value!.fill(0xff)
  assert.deepEqual(read, { groupId: 'g', record: { type: 'group', value: group } })
})

test('a group is what its last record says, whatever older ones said', () => {
  const other = { ...member, memberId: 'm-2', groupInstanceId: null }
  const read = readBack(
    { type: 'group', value: { ...group, members: [member, other] } },
    { type: 'group', value: group },
  )
  const { membership } = read
  assert.deepEqual([...membership.members.keys()], ['m-1'])
  assert.equal(membership.staticMembers.get('i'), 'm-1')
  assert.deepEqual(membership.subscribedTopics, new Set(['orders']))
  assert.equal(membership.state, 'Stable')
  const emptied = readBack(
    { type: 'group', value: group },
    { type: 'group', value: { ...group, protocol: null, leader: null, members: [] } },
  )
  assert.equal(emptied.membership.state, 'Empty')
  assert.equal(emptied.membership.generation, 5)
  assert.ok(isGone(readBack({ type: 'group', value: group }, { type: 'groupRemoval' })))
})

test('a leader that is no member, a missing protocol and timeouts of old versions are made good', () => {
  const old = { ...group, leader: 'ghost', members: [{ ...member, rebalanceTimeout: -1 }] }
  const { membership } = readBack({ type: 'group', value: old })
  assert.equal(membership.leader, 'm-1')
  assert.equal(membership.members.get('m-1')!.rebalanceTimeoutMs, 10_000)
})

test('tombstones in any order: offsets without a group are a simple group, and nothing at all is none', () => {
  const gone: DurableRecord = { type: 'offsetRemoval', topic: 'orders', partition: 7 }
  assert.equal(readBack(offset).membership.state, 'Empty')
  assert.ok(isGone(readBack(offset, gone)))
  assert.ok(isGone(readBack(gone, { type: 'groupRemoval' }, gone)))
  assert.equal(readBack(offset, { type: 'groupRemoval' }).membership.state, 'Empty')
  const kept = readBack(offset, { type: 'group', value: { ...group, protocol: null, leader: null, members: [] } }, gone)
  assert.equal(kept.membership.state, 'Empty')
  const another = readBack(offset, { ...gone, partition: 8 }, { ...gone, topic: 'more' })
  assert.equal(another.offsets.size, 1)
})

test('a group that was recorded without a type has none', () => {
  const none = { ...group, protocolType: '', protocol: null, leader: null, members: [] }
  assert.equal(readBack({ type: 'group', value: none }).membership.protocolType, null)
})

test('a stable group of another protocol type, or of clients with bytes of their own, subscribes to what nobody knows', () => {
  assert.equal(
    readBack({ type: 'group', value: { ...group, protocolType: 'connect' } }).membership.subscribedTopics,
    null,
  )
  const strange = { ...member, subscription: Uint8Array.of(0) }
  const { membership } = readBack({ type: 'group', value: { ...group, members: [strange] } })
  assert.equal(membership.subscribedTopics, null)
})

test('a loaded member has its session from the load on, however old its record is', () => {
  const world = new GroupWorld()
  world.nowMs = 1_000_000
  world.group = readBack({ type: 'group', value: group })
  world.send({ type: 'loaded' })
  world.advanceTo(1_009_999)
  assert.equal(world.group.membership.members.size, 1)
  world.send(heartbeat({ memberId: 'm-1', generationId: 5 }))
  world.advanceTo(1_019_998)
  assert.equal(world.group.membership.state, 'Stable')
  world.advanceTo(1_019_999)
  assert.equal(world.group.membership.state, 'Empty')
  assert.equal(world.group.membership.generation, 6)
})

test('an empty group whose record is too old to say since when expires by its commits', () => {
  const world = new GroupWorld()
  const since = { ...group, protocol: null, leader: null, members: [], currentStateTimestamp: -1 }
  world.group = readBack({ type: 'group', value: since })
  world.rules = { ...world.rules, offsetsRetentionMs: 1_000 }
  world.send(commit([{ topic: 'orders', partition: 0, offset: 1 }]))
  world.nowMs = 999
  world.send({ type: 'expireOffsets' })
  assert.equal(world.group.offsets.size, 1)
  world.nowMs = 1_000
  world.send({ type: 'expireOffsets' })
  assert.ok(isGone(world.group))
})
