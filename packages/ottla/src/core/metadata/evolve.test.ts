import assert from 'node:assert/strict'
import { test } from 'node:test'
import { uuidFromBytes } from '../../base/uuid.ts'
import { evolve, evolveAll } from './evolve.ts'
import { ConfigResource, emptyImage, overridesOf, partitionOf, topicById, topicByName } from './image.ts'
import { decodeMetadataRecord, encodeMetadataRecord, type MetadataRecord, MetadataRecordError } from './records.ts'
import { imageInvariants, snapshotRecords } from './snapshot.ts'

function idOf(number: number): string {
  const bytes = new Uint8Array(16)
  new DataView(bytes.buffer).setUint32(12, number)
  return uuidFromBytes(bytes)
}

const broker: MetadataRecord = {
  type: 'broker',
  body: {
    brokerId: 1,
    incarnation: idOf(900),
    brokerEpoch: 0,
    endpoints: [{ listener: 'PLAINTEXT', host: 'localhost', port: 9092, securityProtocol: 'PLAINTEXT' }],
    rack: null,
    directories: [idOf(901)],
    fenced: false,
  },
}

function partition(topic: number, index: number): MetadataRecord {
  const placed = { replicas: [1], directories: [idOf(901)], isr: [1], leader: 1 }
  return {
    type: 'partition',
    body: { topicId: idOf(topic), partition: index, ...placed, leaderEpoch: 0, partitionEpoch: 0 },
  }
}

function topic(number: number, name = `topic-${number}`): MetadataRecord[] {
  return [{ type: 'topic', body: { topicId: idOf(number), name } }, partition(number, 0), partition(number, 1)]
}

const start: MetadataRecord[] = [
  { type: 'cluster', body: { clusterId: 'c', nextBrokerEpoch: 0 } },
  broker,
  { type: 'feature', body: { name: 'transaction.version', level: 2 } },
  ...topic(10),
  ...topic(11, 'with.dot'),
  { type: 'config', body: { resourceType: 2, resourceName: 'topic-10', name: 'retention.ms', value: '5' } },
  { type: 'config', body: { resourceType: 4, resourceName: '', name: 'x', value: 'y' } },
  { type: 'producerIds', body: { nextProducerId: 2n ** 60n + 1n } },
  {
    type: 'partitionState',
    body: { topicId: idOf(10), partition: 1, isr: [1], leader: -1, leaderEpoch: 4, partitionEpoch: 7 },
  },
]

test('topics are found by name and by id, partitions by index', () => {
  const image = evolveAll(emptyImage(), start)
  imageInvariants(image)
  assert.equal(topicByName(image, 'with.dot')?.id, idOf(11))
  assert.equal(topicById(image, idOf(10))?.name, 'topic-10')
  assert.deepEqual([partitionOf(image, idOf(10), 1)?.leader, partitionOf(image, idOf(10), 1)?.leaderEpoch], [-1, 4])
  assert.equal(partitionOf(image, idOf(10), 2), null)
  assert.equal(topicByName(image, '__proto__'), null)
  assert.equal(image.partitionCount, 4)
})

test('one at a time and all at once make the same image', () => {
  const atOnce = evolveAll(emptyImage(), start)
  const oneByOne = start.reduce(evolve, emptyImage())
  assert.deepEqual([...snapshotRecords(oneByOne)], [...snapshotRecords(atOnce)])
})

test('a change leaves the image before it as it was, and shares what it does not touch', () => {
  const before = evolveAll(emptyImage(), start)
  const held = JSON.stringify([...snapshotRecords(before)], (_, value) =>
    typeof value === 'bigint' ? String(value) : value,
  )
  const after = evolveAll(before, [...topic(12), { type: 'topicRemoval', body: { topicId: idOf(11) } }])
  imageInvariants(after)
  assert.equal(topicById(after, idOf(10)), topicById(before, idOf(10)))
  assert.equal(after.brokers, before.brokers)
  assert.equal(topicById(after, idOf(11)), null)
  const now = JSON.stringify([...snapshotRecords(before)], (_, value) =>
    typeof value === 'bigint' ? String(value) : value,
  )
  assert.equal(now, held)
})

test('C14 with a topic go its configs; made again it is another topic', () => {
  const removed = evolve(evolveAll(emptyImage(), start), { type: 'topicRemoval', body: { topicId: idOf(10) } })
  const again = evolveAll(removed, topic(50, 'topic-10'))
  imageInvariants(again)
  assert.equal(overridesOf(again, ConfigResource.topic, 'topic-10').size, 0)
  assert.equal(topicByName(again, 'topic-10')?.id, idOf(50))
  assert.equal(topicById(again, idOf(10)), null)
})

test('a topic may go and come back within one append', () => {
  const image = evolveAll(emptyImage(), [
    ...start,
    { type: 'topicRemoval', body: { topicId: idOf(11) } },
    ...topic(12, 'with_dot'),
  ])
  imageInvariants(image)
  assert.equal(image.ambiguousNames.get('with_dot'), 'with_dot')
})

test('an override set to null is gone, and the last one takes the resource with it', () => {
  const image = evolveAll(emptyImage(), start)
  const cleared = evolve(image, {
    type: 'config',
    body: { resourceType: 2, resourceName: 'topic-10', name: 'retention.ms', value: null },
  })
  assert.equal(cleared.configs.size, image.configs.size - 1)
})

test('I-02 I-12 records that contradict the image are bugs', () => {
  const image = evolveAll(emptyImage(), start)
  const bad: [MetadataRecord, RegExp][] = [
    [{ type: 'topic', body: { topicId: idOf(60), name: 'topic-10' } }, /names of topics are unique/],
    [{ type: 'topic', body: { topicId: idOf(10), name: 'other' } }, /ids of topics are unique/],
    [partition(10, 3), /without gaps/],
    [partition(10, 1), /states of a partition are numbered/],
    [partition(61, 0), /a topic that changes is there/],
    [{ type: 'cluster', body: { clusterId: 'd', nextBrokerEpoch: 0 } }, /keeps its id/],
    [{ type: 'brokerState', body: { brokerId: 1, brokerEpoch: 1, fenced: true } }, /the one in force/],
    [{ type: 'producerIds', body: { nextProducerId: 5n } }, /given once/],
    [{ ...broker, body: { ...broker.body, incarnation: idOf(902) } } as MetadataRecord, /registrations are numbered/],
  ]
  for (const [record, message] of bad) assert.throws(() => evolve(image, record), message)
})

test('I-14 a snapshot makes the same image again, through bytes', () => {
  const image = evolveAll(emptyImage(), start)
  const records = [...snapshotRecords(image)]
  const again = evolveAll(
    emptyImage(),
    records.map(record => decodeMetadataRecord(encodeMetadataRecord(record))),
  )
  imageInvariants(again)
  assert.deepEqual([...snapshotRecords(again)], records)
})

test('every type of record comes back from its bytes', () => {
  const more: MetadataRecord[] = [
    { type: 'brokerState', body: { brokerId: 1, brokerEpoch: 2 ** 40, fenced: true } },
    { type: 'brokerRemoval', body: { brokerId: 1, brokerEpoch: 0 } },
    { type: 'topicRemoval', body: { topicId: idOf(1) } },
  ]
  for (const record of [...start, ...more]) assert.deepEqual(decodeMetadataRecord(encodeMetadataRecord(record)), record)
})

test('a type or version of a newer release, and bytes cut anywhere, are errors and not guesses', () => {
  const bytes = encodeMetadataRecord(broker)
  assert.throws(() => decodeMetadataRecord(Uint8Array.of(0, 99, 0, 0)), /unknown type 99/)
  assert.throws(() => decodeMetadataRecord(Uint8Array.of(0, 2, 0, 99)), MetadataRecordError)
  assert.throws(() => decodeMetadataRecord(Uint8Array.of(...bytes, 0)), /1 bytes behind a broker record/)
  for (let length = 0; length < bytes.length; length++) {
    assert.throws(() => decodeMetadataRecord(bytes.subarray(0, length)), MetadataRecordError)
  }
})

test('10,000 topics of 10 partitions: one record costs far less than a copy', () => {
  const records: MetadataRecord[] = []
  for (let number = 0; number < 10_000; number++) {
    records.push({ type: 'topic', body: { topicId: idOf(1000 + number), name: `topic-${number}` } })
    for (let index = 0; index < 10; index++) records.push(partition(1000 + number, index))
  }
  const image = evolveAll(emptyImage(), [broker, ...records])
  assert.equal(image.partitionCount, 100_000)
  const next = evolve(image, {
    type: 'partitionState',
    body: { topicId: idOf(1500), partition: 3, isr: [1], leader: -1, leaderEpoch: 1, partitionEpoch: 1 },
  })
  // Not by a clock: every topic but one is the same object.
  let changed = 0
  for (const [id, topic] of next.topics) if (image.topics.get(id) !== topic) changed += 1
  assert.equal(changed, 1)
})
