/** Batches that a log must not keep: docs/reliability.md G14 to G16, and G19. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib'
import type { WireErrorName } from '../../spec/errors.ts'
import { BatchBuilder } from '../../wire/batch/build.ts'
import { compress } from '../../wire/batch/compress.ts'
import * as layout from '../../wire/batch/header.ts'
import { listOffsetsApi } from '../../wire/gen/list-offsets.ts'
import { produceApi } from '../../wire/gen/produce.ts'
import { attacked } from '../testing/bystander.ts'
import { batchOf, createTopic, errorOf, fetch, NOW_MS, produce, utf8, valuesIn } from '../testing/calls.ts'
import { frameOf, type RawPeer } from '../testing/raw-peer.ts'

/** A batch with changes at the positions given, its CRC made right again. */
function changed(batch: Uint8Array, change: (view: DataView) => void): Uint8Array {
  const copy = batch.slice()
  change(new DataView(copy.buffer))
  layout.stampCrc(copy, 0)
  return copy
}

/** A batch that claims another length; its CRC is left as it was. */
function withLength(batch: Uint8Array, length: number): Uint8Array {
  const copy = batch.slice()
  new DataView(copy.buffer).setInt32(layout.BATCH_LENGTH_AT, length)
  return copy
}

/** A batch whose records are the bytes given, whatever they are, under a codec. */
function withPayload(payload: Uint8Array, codec: number, count = 1): Uint8Array {
  const batch = new Uint8Array(layout.HEADER_BYTES + payload.length)
  batch.set(batchOf(['x']).subarray(0, layout.HEADER_BYTES))
  batch.set(payload, layout.HEADER_BYTES)
  const view = new DataView(batch.buffer)
  view.setInt32(layout.BATCH_LENGTH_AT, batch.length - layout.LOG_OVERHEAD_BYTES)
  view.setInt16(layout.ATTRIBUTES_AT, codec)
  view.setInt32(layout.LAST_OFFSET_DELTA_AT, count - 1)
  view.setInt32(layout.RECORDS_COUNT_AT, count)
  layout.stampCrc(batch, 0)
  return batch
}

async function endOffsetOf(peer: RawPeer, name: string): Promise<number> {
  const topics = [{ name, partitions: [{ partitionIndex: 0, timestamp: -1 }] }]
  const response = await peer.request(listOffsetsApi, 7, { topics })
  return response.topics[0]?.partitions[0]?.offset ?? Number.NaN
}

const plain = batchOf(['one', 'two', 'three'])
const damaged = plain.slice()
damaged[70] = damaged[70]! ^ 1

const refused: readonly (readonly [string, Uint8Array | null, WireErrorName])[] = [
  ['a CRC that does not fit', damaged, 'CORRUPT_MESSAGE'],
  ['magic 0', changed(plain, view => view.setInt8(layout.MAGIC_AT, 0)), 'INVALID_RECORD'],
  ['magic 1', changed(plain, view => view.setInt8(layout.MAGIC_AT, 1)), 'INVALID_RECORD'],
  ['magic 3', changed(plain, view => view.setInt8(layout.MAGIC_AT, 3)), 'INVALID_RECORD'],
  ['magic -1', changed(plain, view => view.setInt8(layout.MAGIC_AT, -1)), 'INVALID_RECORD'],
  [
    'a count that is not the number of records',
    changed(plain, view => view.setInt32(layout.RECORDS_COUNT_AT, 2)),
    'INVALID_RECORD',
  ],
  [
    'count and last offset delta one too many',
    changed(plain, view => {
      view.setInt32(layout.RECORDS_COUNT_AT, 4)
      view.setInt32(layout.LAST_OFFSET_DELTA_AT, 3)
    }),
    'INVALID_RECORD',
  ],
  [
    'a last offset delta that does not fit the count',
    changed(plain, view => view.setInt32(layout.LAST_OFFSET_DELTA_AT, 7)),
    'INVALID_RECORD',
  ],
  ['a negative count', changed(plain, view => view.setInt32(layout.RECORDS_COUNT_AT, -1)), 'INVALID_RECORD'],
  ['a base offset', changed(plain, view => view.setInt32(layout.BASE_OFFSET_AT + 4, 5)), 'INVALID_RECORD'],
  ['two batches for one partition', Buffer.concat([plain, plain]), 'INVALID_RECORD'],
  ['bytes behind the batch', Buffer.concat([plain, Buffer.from([1])]), 'INVALID_RECORD'],
  ['a control batch', changed(plain, view => view.setInt16(layout.ATTRIBUTES_AT, 1 << 5)), 'INVALID_RECORD'],
  [
    'a producer without a sequence',
    changed(plain, view => view.setBigInt64(layout.PRODUCER_ID_AT, 5n)),
    'INVALID_RECORD',
  ],
  ['no batch at all', null, 'INVALID_RECORD'],
  ['an empty batch', new Uint8Array(0), 'INVALID_RECORD'],
  ['a batch cut within its header', plain.slice(0, 40), 'INVALID_RECORD'],
  ['a length that is larger than what was sent', withLength(batchOf(['x']), 60), 'INVALID_RECORD'],
  ['the unknown codec 5', withPayload(new Uint8Array(10), 5), 'UNSUPPORTED_COMPRESSION_TYPE'],
  ['the unknown codec 7', withPayload(new Uint8Array(10), 7), 'UNSUPPORTED_COMPRESSION_TYPE'],
  [
    'log append time from a producer',
    changed(plain, view => view.setInt16(layout.ATTRIBUTES_AT, 1 << 3)),
    'INVALID_TIMESTAMP',
  ],
  ['a time far in the future', batchOf(['x'], { timestampMs: NOW_MS + 10 * 3_600_000 }), 'INVALID_TIMESTAMP'],
  ['more than max.message.bytes', batchOf(['x'.repeat(1_100_000)]), 'MESSAGE_TOO_LARGE'],
]

for (const [what, records, error] of refused) {
  test(`G14: ${what}: ${error}, and nothing is appended`, () =>
    attacked(async peer => {
      await createTopic(peer, 'target')
      const answer = await produce(peer, { topic: 'target', records })
      assert.equal(errorOf(answer), error)
      assert.equal(answer.baseOffset, -1)
      assert.notEqual(answer.errorMessage, null)
      assert.equal(await endOffsetOf(peer, 'target'), 0)
    }))
}

test('G14: a length below the header is corrupt', () =>
  attacked(async peer => {
    await createTopic(peer, 'target')
    const answer = await produce(peer, { topic: 'target', records: withLength(plain, 10) })
    assert.equal(errorOf(answer), 'CORRUPT_MESSAGE')
  }))

test('G14: a compacted topic refuses records without a key, names them, and keeps none of the batch', () =>
  attacked(async peer => {
    await createTopic(peer, 'compacted', { configs: { 'cleanup.policy': 'compact' } })
    for (const codec of Object.values(layout.Codec)) {
      const builder = new BatchBuilder()
      builder.append(utf8('k'), utf8('v'), [], NOW_MS)
      for (const key of [null, utf8('k'), null]) builder.append(key, utf8('v'), [], NOW_MS)
      const answer = await produce(peer, { topic: 'compacted', records: builder.build({ codec }) })
      assert.equal(errorOf(answer), 'INVALID_RECORD')
      assert.deepEqual(
        answer.recordErrors.map(each => each.batchIndex),
        [1, 3],
      )
    }
    assert.equal(await endOffsetOf(peer, 'compacted'), 0)
  }))

test('G5, G14: record framing of an uncompressed batch: lengths that lie', () =>
  attacked(async peer => {
    await createTopic(peer, 'target')
    const varints: readonly (readonly number[])[] = [
      [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
      [0xfe, 0xff, 0xff, 0xff, 0x0f],
      [0xff, 0xff, 0xff, 0xff, 0x0f],
      [0x01],
      [0x80],
      [],
    ]
    for (const varint of varints) {
      const answer = await produce(peer, { topic: 'target', records: withPayload(new Uint8Array(varint), 0) })
      assert.equal(errorOf(answer), 'INVALID_RECORD', JSON.stringify(varint))
    }
    assert.equal(await endOffsetOf(peer, 'target'), 0)
  }))

/** Compressed payloads of some kilobytes that would inflate to hundreds of megabytes. */
function bombs(): readonly (readonly [string, number, Uint8Array])[] {
  const zeros = new Uint8Array(200 * 1024 * 1024)
  const chunk = new Uint8Array(16 * 1024 * 1024)
  return [
    ['gzip', layout.Codec.gzip, gzipSync(zeros)],
    ['zstd', layout.Codec.zstd, zstdCompressSync(zeros)],
    ['lz4', layout.Codec.lz4, compress(layout.Codec.lz4, zeros.subarray(0, 100 * 1024 * 1024))],
    ['snappy', layout.Codec.snappy, compress(layout.Codec.snappy, chunk)],
    // A snappy block that only claims to be large: 2^32 - 1 bytes, then nothing.
    ['snappy that claims 4 GB', layout.Codec.snappy, new Uint8Array([0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0])],
  ]
}

test('G15: bombs are refused by topics that look inside, within a second and within their limit', () =>
  attacked(async peer => {
    await createTopic(peer, 'strict', { configs: { 'produce.validation': 'strict', 'max.message.bytes': '2000000' } })
    for (const [what, codec, payload] of bombs()) {
      const before = process.memoryUsage().arrayBuffers
      const begun = performance.now()
      const records = withPayload(payload, codec)
      if (records.length > 1_900_000) throw new Error(`${what} is no bomb: ${records.length} bytes`)
      const answer = await produce(peer, { topic: 'strict', records })
      assert.ok(
        ['CORRUPT_MESSAGE', 'INVALID_RECORD', 'MESSAGE_TOO_LARGE'].includes(errorOf(answer)),
        `${what}: ${errorOf(answer)}`,
      )
      assert.ok(performance.now() - begun < 1000, `${what} took ${performance.now() - begun} ms`)
      const held = process.memoryUsage().arrayBuffers - before
      assert.ok(held < 64 * 1024 * 1024, `${what}: ${held} bytes`)
    }
    assert.equal(await endOffsetOf(peer, 'strict'), 0)
  }))

test('G15: a record inside a compressed batch that claims 2 GB or less than nothing', () =>
  attacked(async peer => {
    await createTopic(peer, 'strict', { configs: { 'produce.validation': 'strict' } })
    for (const varint of [[0xfe, 0xff, 0xff, 0xff, 0x0f], [0x03], [0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]]) {
      for (const codec of [layout.Codec.gzip, layout.Codec.snappy, layout.Codec.lz4, layout.Codec.zstd]) {
        const records = withPayload(compress(codec, new Uint8Array([...varint, 0, 0, 0, 0, 0])), codec)
        assert.equal(errorOf(await produce(peer, { topic: 'strict', records })), 'INVALID_RECORD')
      }
    }
    assert.equal(await endOffsetOf(peer, 'strict'), 0)
  }))

test('G16: compressed bytes that are none, or stop early, are refused where they are looked into', () =>
  attacked(async peer => {
    await createTopic(peer, 'strict', { configs: { 'produce.validation': 'strict' } })
    const whole = batchOf(['x'.repeat(5000)]).subarray(layout.HEADER_BYTES)
    for (const codec of [layout.Codec.gzip, layout.Codec.snappy, layout.Codec.lz4, layout.Codec.zstd]) {
      const good = compress(codec, whole)
      for (const payload of [
        good.subarray(0, good.length - 3),
        good.subarray(0, 4),
        brotliCompressSync(whole),
        new Uint8Array(0),
      ]) {
        const answer = await produce(peer, { topic: 'strict', records: withPayload(payload, codec) })
        assert.ok(['CORRUPT_MESSAGE', 'INVALID_RECORD'].includes(errorOf(answer)), `codec ${codec}: ${errorOf(answer)}`)
      }
      assert.equal(errorOf(await produce(peer, { topic: 'strict', records: withPayload(good, codec) })), 'NONE')
    }
  }))

test("G15: what the topic's codec makes of a batch is no larger than max.message.bytes either", () =>
  attacked(async peer => {
    const configs = { 'compression.type': 'uncompressed', 'max.message.bytes': '10000' }
    await createTopic(peer, 'plain', { configs })
    const send = async (records: Uint8Array) => errorOf(await produce(peer, { topic: 'plain', records }))
    const { gzip } = layout.Codec
    assert.equal(await send(batchOf(['x'.repeat(9000)], { codec: gzip })), 'NONE')
    assert.equal(await send(batchOf(['x'.repeat(20_000)], { codec: gzip })), 'MESSAGE_TOO_LARGE')
    assert.equal(await send(batchOf(['x'.repeat(1_000_000)], { codec: gzip })), 'MESSAGE_TOO_LARGE')
    assert.equal(await send(withPayload(utf8('no gzip'), gzip)), 'INVALID_RECORD', 'sending it again cannot help')
    assert.equal(await endOffsetOf(peer, 'plain'), 1)
  }))

test('G19: a message too large fails alone: its neighbours in the request and the connection go on', () =>
  attacked(async peer => {
    await createTopic(peer, 'target', { partitions: 3 })
    const response = await peer.request(produceApi, 12, {
      acks: -1,
      timeoutMs: 1000,
      topicData: [
        {
          name: 'target',
          partitionData: [
            { index: 0, records: batchOf(['first']) },
            { index: 1, records: batchOf(['x'.repeat(1_100_000)]) },
            { index: 2, records: damaged },
            { index: 3, records: plain },
          ],
        },
      ],
    })
    const errors = response.responses[0]?.partitionResponses.map(errorOf)
    assert.deepEqual(errors, ['NONE', 'MESSAGE_TOO_LARGE', 'CORRUPT_MESSAGE', 'UNKNOWN_TOPIC_OR_PARTITION'])
    assert.deepEqual(valuesIn((await fetch(peer, { topic: 'target' })).records), ['first'])
  }))

test('acks that nobody knows are refused for every partition; acks=0 gets no reply, and a refusal closes', () =>
  attacked(async (peer, broker) => {
    await createTopic(peer, 'target')
    assert.equal(errorOf(await produce(peer, { topic: 'target', records: plain, acks: 2 })), 'INVALID_REQUIRED_ACKS')
    const unanswered = (records: Uint8Array) =>
      frameOf(produceApi, {
        version: 12,
        body: { acks: 0, timeoutMs: 0, topicData: [{ name: 'target', partitionData: [{ index: 0, records }] }] },
      })
    const silent = await broker.connect()
    silent.send(unanswered(plain), unanswered(plain))
    // Nobody says when an unanswered batch is durable, and none is seen before it is.
    let tries = 0
    while ((await endOffsetOf(silent, 'target')) !== 6) assert.ok(tries++ < 100, 'both batches become visible')
    assert.equal(silent.replies.length, 0)
    silent.send(unanswered(damaged))
    await silent.untilClosed()
    assert.equal(await endOffsetOf(peer, 'target'), 6)
  }))
