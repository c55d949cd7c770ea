/** Bodies that break the rules of the encoding: docs/reliability.md G5 to G8, G10 and the bytes of G11. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTopicsApi } from '../../wire/gen/create-topics.ts'
import { metadataApi } from '../../wire/gen/metadata.ts'
import { attacked } from '../testing/bystander.ts'
import { errorOf } from '../testing/calls.ts'
import { framed } from '../testing/raw-peer.ts'

const METADATA_KEY = 3

/** A request's header with a body of any bytes. Flexible versions (9 and later) have a tagged field section. */
function metadataFrame(
  version: number,
  body: readonly number[],
  clientId: readonly number[] = [0xff, 0xff],
): Uint8Array {
  const tags = version >= 9 ? [0] : []
  return framed(new Uint8Array([0, METADATA_KEY, 0, version, 0, 0, 0, 1, ...clientId, ...tags, ...body]))
}

const OVERLONG = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff]
const HUGE = [0xff, 0xff, 0xff, 0xff, 0x0f]

const closing: readonly (readonly [string, Uint8Array])[] = [
  ['G5: a varint of more than five bytes', metadataFrame(9, [...OVERLONG, 1, 0, 0, 0])],
  ['G5: a varint of more than 32 bits', metadataFrame(9, [0xff, 0xff, 0xff, 0xff, 0x1f, 0, 0, 0])],
  ['G6: more elements than bytes', metadataFrame(1, [0, 0, 0, 100])],
  ['G6: 2^31-1 elements', metadataFrame(1, [0x7f, 0xff, 0xff, 0xff])],
  ['G6: -2 elements', metadataFrame(1, [0xff, 0xff, 0xff, 0xfe])],
  ['G6: more elements than bytes, compact', metadataFrame(9, [...HUGE])],
  ['G7: 2^32-1 tagged fields', metadataFrame(9, [1, 1, 0, 0, ...HUGE])],
  ['G7: a tag twice', metadataFrame(9, [1, 1, 0, 0, 2, 5, 0, 5, 0])],
  ['G7: tags that go down', metadataFrame(9, [1, 1, 0, 0, 2, 6, 0, 5, 0])],
  ['G7: a tagged field that ends behind the request', metadataFrame(9, [1, 1, 0, 0, 1, 5, 100])],
  ['G10: a name that must not be null is null', metadataFrame(1, [0, 0, 0, 1, 0xff, 0xff])],
  ['G10: a name that must not be null is null, compact', metadataFrame(9, [2, 0, 0, 1, 0, 0, 0])],
  ['G10: a list that must not be null is null', metadataFrame(0, [0xff, 0xff, 0xff, 0xff])],
  ['G11: a name that is no UTF-8', metadataFrame(1, [0, 0, 0, 1, 0, 2, 0xc3, 0x28])],
  ['G11: half of a surrogate pair in UTF-8', metadataFrame(1, [0, 0, 0, 1, 0, 3, 0xed, 0xa0, 0x80])],
  ['G11: a client id that is no UTF-8', metadataFrame(1, [0, 0, 0, 0], [0, 1, 0xff])],
  ['G11: a client id of a negative length', metadataFrame(1, [0, 0, 0, 0], [0xff, 0xfe])],
]

for (const [what, frame] of closing) {
  test(`${what}: the connection is closed without a reply`, () =>
    attacked(async peer => {
      const before = process.memoryUsage().arrayBuffers
      peer.send(frame)
      await peer.untilClosed()
      assert.equal(peer.replies.length, 0)
      assert.ok(process.memoryUsage().arrayBuffers - before < 4 * 1024 * 1024)
    }))
}

test('G5: a varint longer than needed is legal', () =>
  attacked(async peer => {
    peer.send(metadataFrame(9, [0x81, 0x00, 1, 0, 0, 0]))
    await peer.nextReply()
  }))

test('G7: unknown tagged fields are skipped', () =>
  attacked(async peer => {
    peer.send(metadataFrame(9, [1, 1, 0, 0, 2, 5, 1, 99, 100, 2, 1, 2]))
    await peer.nextReply()
  }))

test('G10: compact length 0 is null, 1 is empty', () =>
  attacked(async peer => {
    peer.send(metadataFrame(9, [0, 1, 0, 0, 0]))
    peer.send(metadataFrame(9, [1, 1, 0, 0, 0]))
    const all = await peer.nextReply()
    const none = await peer.nextReply()
    assert.ok(all.length > none.length, 'null asks for all topics, empty for none')
  }))

test('G8: a million topics in one request are answered or refused within a second', () =>
  attacked(async peer => {
    const count = 1_000_000
    const body = new Uint8Array(3 + 2 * count + 4)
    // uvarint of count + 1, then names of no bytes, each with its section of tagged fields
    body.set([((count + 1) & 0x7f) | 0x80, (((count + 1) >> 7) & 0x7f) | 0x80, (count + 1) >> 14])
    for (let i = 0; i < count; i++) body[3 + 2 * i] = 1
    body.set([1, 0, 0, 0], 3 + 2 * count)
    const before = process.memoryUsage().arrayBuffers
    peer.send(framed(new Uint8Array([0, METADATA_KEY, 0, 9, 0, 0, 0, 1, 0xff, 0xff, 0]), body))
    await peer.nextReply()
    const held = process.memoryUsage().arrayBuffers - before
    assert.ok(held < 8 * body.length + 8 * 1024 * 1024, `${held} bytes for a request of ${body.length}`)
  }))

test('G8: lists within lists: more elements in all than a request may have', () =>
  attacked(async peer => {
    // 1,100 topics with an assignment list of 1,000 partitions each: 1,100,000 elements of 5 bytes.
    const name = [2, 97]
    const assignment = [0, 0, 0, 0, 1, 0]
    const topic = [
      ...name,
      0,
      0,
      0,
      1,
      0,
      1,
      0xe9,
      0x07,
      ...Array.from({ length: 1000 }, () => assignment).flat(),
      1,
      0,
    ]
    const header = [0, createTopicsApi.key, 0, 7, 0, 0, 0, 1, 0xff, 0xff, 0]
    const topics = Array.from({ length: 1100 }, () => Uint8Array.from(topic))
    peer.send(framed(new Uint8Array([...header, 0xcd, 0x08]), ...topics, new Uint8Array([0, 0, 0, 0, 0, 0])))
    await peer.untilClosed()
  }))

test('G11: a client id of 32 KB, one with NUL, and none', () =>
  attacked(async (_, broker) => {
    for (const clientId of [
      [0x7f, 0xff, ...new Uint8Array(32_767).fill(97)],
      [0, 3, 97, 0, 98],
      [0xff, 0xff],
      [0, 0],
    ]) {
      const peer = await broker.connect()
      peer.send(metadataFrame(1, [0, 0, 0, 0], clientId))
      await peer.nextReply()
    }
  }))

test('G11: a name of 32 KB and one with NUL are refused with 17, and told back as they came', () =>
  attacked(async peer => {
    for (const name of ['x'.repeat(32_767), 'a\u0000b', 'größe', '토픽', '\u{1f4a9}']) {
      const response = await peer.request(metadataApi, 12, { topics: [{ name }], allowAutoTopicCreation: true })
      const [topic] = response.topics
      assert.ok(topic !== undefined)
      assert.equal(errorOf(topic), 'INVALID_TOPIC_EXCEPTION')
      assert.equal(topic.name, name)
    }
  }))
