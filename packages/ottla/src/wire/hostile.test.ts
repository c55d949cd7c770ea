/** Requests that nobody honest sends, through the generated codecs: refused early, before memory is spent on them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DecodeError, EncodeError, Reader, Writer } from '../base/cursor.ts'
import { ZERO_UUID } from '../base/uuid.ts'
import { decodeApiVersionsRequest } from './gen/api-versions.ts'
import { decodeFetchRequest } from './gen/fetch.ts'
import { decodeMetadataRequest, encodeMetadataRequest } from './gen/metadata.ts'
import { decodeOffsetFetchRequest, encodeOffsetFetchRequest } from './gen/offset-fetch.ts'
import { decodeProduceRequest, encodeProduceRequest, encodeProduceResponse } from './gen/produce.ts'

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'))

function refuses(decode: () => unknown, message: RegExp): void {
  assert.throws(decode, (error: unknown) => error instanceof DecodeError && message.test(error.message))
}

test('G6: a count of 2^31 - 1 topics in twenty bytes is refused at once', () => {
  refuses(
    () => decodeMetadataRequest(new Reader(bytesOf('7fffffff')), 8),
    /MetadataRequest.topics: 2147483647 elements are too many/,
  )
  refuses(() => decodeMetadataRequest(new Reader(bytesOf('00030000 00')), 8), /196608 elements do not fit/)
})

test('G8: a million topics of two bytes each pass, one more does not; the arrays of one message count together', () => {
  const request = new Uint8Array(4 + 2 * 1_000_001 + 4)
  const view = new DataView(request.buffer)
  view.setInt32(0, 1_000_001)
  refuses(() => decodeMetadataRequest(new Reader(request), 3), /1000001 elements are too many/)
  view.setInt32(0, 1_000_000)
  assert.equal(decodeMetadataRequest(new Reader(request), 3).topics?.length, 1_000_000)

  const partitionIndexes = new Array<number>(600_000).fill(0)
  const topics = ['a', 'b'].map(name => ({ name, partitionIndexes }))
  const w = new Writer().beginBare()
  encodeOffsetFetchRequest(w, 7, { groupId: 'g', topics })
  refuses(
    () => decodeOffsetFetchRequest(new Reader(w.finishBytes()), 7),
    /partitionIndexes: 600000 elements are too many/,
  )
})

test('G7: tagged fields that lie about their number, order or size', () => {
  const head = '01 01' // empty names of ApiVersions v3
  refuses(() => decodeApiVersionsRequest(new Reader(bytesOf(`${head} ffffffff0f`)), 3), /tagged fields are too many/)
  refuses(() => decodeApiVersionsRequest(new Reader(bytesOf(`${head} 02 0000 0000`)), 3), /tag 0 after tag 0/)
  refuses(
    () => decodeApiVersionsRequest(new Reader(bytesOf(`${head} 01 00 ff7f 00`)), 3),
    /a tagged field of 16383 bytes, 1 left/,
  )
})

test('G7: a known tagged field that does not fill its size, or passes it', () => {
  const fetch = (tags: string) => bytesOf(`ffffffff 00000000 00000000 00000000 00 00000000 ffffffff 01 01 01 ${tags}`)
  assert.equal(decodeFetchRequest(new Reader(fetch('01 00 02 0261')), 12).clusterId, 'a')
  refuses(() => decodeFetchRequest(new Reader(fetch('01 00 03 0261 00')), 12), /1 bytes too many in a tagged field/)
  refuses(
    () => decodeFetchRequest(new Reader(fetch('01 00 01 0261')), 12),
    /clusterId: a string of 1 bytes wanted, 0 left/,
  )
})

test('G9: what follows a message is left for the caller to see', () => {
  const r = new Reader(bytesOf('ffffffff 01 dead'))
  assert.equal(decodeMetadataRequest(r, 4).topics, null)
  assert.equal(r.remaining, 2)
})

test('G10: a null where the version has none', () => {
  refuses(() => decodeMetadataRequest(new Reader(bytesOf('ffffffff')), 0), /MetadataRequest.topics: must not be null/)
  refuses(
    () => decodeMetadataRequest(new Reader(bytesOf('00000001 ffff')), 1),
    /MetadataRequest.name: must not be null/,
  )
  refuses(
    () => decodeProduceRequest(new Reader(bytesOf('ffff 0001 00000000 ffffffff')), 3),
    /topicData: must not be null/,
  )
})

test('G13: names that mean something to JavaScript are ordinary names', () => {
  const topics = ['__proto__', 'constructor', 'toString'].map(name => ({ name }))
  const w = new Writer().beginBare()
  encodeMetadataRequest(w, 9, { topics })
  const decoded = decodeMetadataRequest(new Reader(w.finishBytes()), 9)
  assert.deepEqual(
    decoded.topics?.map(topic => topic.name),
    ['__proto__', 'constructor', 'toString'],
  )
})

test('records are views of the frame, in every version', () => {
  for (const version of [3, 9, 13]) {
    const records = Uint8Array.from({ length: 1000 }, (_, i) => i)
    const w = new Writer().beginBare()
    encodeProduceRequest(w, version, {
      acks: 1,
      timeoutMs: 5,
      topicData: [{ name: 'a', partitionData: [{ index: 0, records }] }],
    })
    const frame = w.finishBytes()
    const view = decodeProduceRequest(new Reader(frame), version).topicData[0]?.partitionData[0]?.records
    assert.deepEqual(view, records)
    assert.equal(view?.buffer, frame.buffer)
  }
})

test('a version that lacks a field ignores what was given for it, and decodes its default', () => {
  const w = new Writer().beginBare()
  const topicData = [{ name: 'a', topicId: 'AAAAAAAAAAAAAAAAAAAABg', partitionData: [] }]
  encodeProduceRequest(w, 12, { acks: -1, timeoutMs: 5, topicData })
  const [topic] = decodeProduceRequest(new Reader(w.finishBytes()), 12).topicData
  assert.deepEqual([topic?.name, topic?.topicId], ['a', ZERO_UUID])
})

test('our own null where the version has none is an EncodeError, not a broken message', () => {
  assert.throws(() => encodeMetadataRequest(new Writer().beginBare(), 0, { topics: null }), EncodeError)
  const responses = [{ name: 'a', partitionResponses: [{ index: 2 ** 31, baseOffset: 0 }] }]
  assert.throws(() => encodeProduceResponse(new Writer().beginBare(), 3, { responses }), EncodeError)
})
