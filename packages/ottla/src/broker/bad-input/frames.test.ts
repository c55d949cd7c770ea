/** Bad frames: docs/reliability.md G1 to G4 and G9. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Reader } from '../../base/cursor.ts'
import { apiVersionsApi, decodeApiVersionsResponse } from '../../wire/gen/api-versions.ts'
import { metadataApi } from '../../wire/gen/metadata.ts'
import { produceApi } from '../../wire/gen/produce.ts'
import { saslAuthenticateApi } from '../../wire/gen/sasl-authenticate.ts'
import { saslHandshakeApi } from '../../wire/gen/sasl-handshake.ts'
import { FRAME_GRACE_MS } from '../net/limits.ts'
import { attacked } from '../testing/bystander.ts'
import { batchOf } from '../testing/calls.ts'
import { framed, frameOf } from '../testing/raw-peer.ts'

const REQUEST_BYTES_MAX = 104_857_600

function sizeOnly(size: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setInt32(0, size)
  return bytes
}

for (const size of [0, 7, -1, -(2 ** 31), 2 ** 31 - 1, REQUEST_BYTES_MAX + 1]) {
  test(`G1: a frame of ${size} bytes closes the connection, and nothing is allocated for it`, () =>
    attacked(async peer => {
      const before = process.memoryUsage().arrayBuffers
      peer.send(sizeOnly(size))
      await peer.untilClosed()
      assert.ok(process.memoryUsage().arrayBuffers - before < 4 * 1024 * 1024)
      assert.equal(peer.replies.length, 0)
    }))
}

test('G2: 1,000 connections that declare 100 MiB and trickle cost kilobytes, and are closed when their time is up', () =>
  attacked(async (_, broker) => {
    const peers = await Promise.all(Array.from({ length: 1000 }, () => broker.connect()))
    const before = process.memoryUsage().arrayBuffers
    for (const peer of peers) peer.send(sizeOnly(REQUEST_BYTES_MAX), new Uint8Array([0, 0, 0]))
    for (let waitedMs = 0; waitedMs < FRAME_GRACE_MS; waitedMs += 5000) {
      await broker.settled(Promise.resolve())
      for (const peer of peers) peer.send(new Uint8Array(5))
      await broker.settled(Promise.resolve())
      const held = process.memoryUsage().arrayBuffers - before
      assert.ok(held < 16 * 1024 * 1024, `${held} bytes for 1,000 unfinished requests`)
      assert.equal(peers.filter(peer => peer.isClosed).length, 0)
      broker.clock.advance(5000)
    }
    await broker.until(() => peers.every(peer => peer.isClosed), 'the end of every trickling connection')
  }))

test('G3: an unknown API key closes the connection', () =>
  attacked(async peer => {
    peer.send(framed(new Uint8Array([0x7f, 0xff, 0, 0, 0, 0, 0, 1, 0xff, 0xff])))
    await peer.untilClosed()
  }))

test('G3: an unknown version closes the connection; Produce v0 to v2 are advertised and refused', () =>
  attacked(async (_, broker) => {
    for (const [key, version] of [
      [3, 14],
      [3, -1],
      [0, 0],
      [0, 1],
      [0, 2],
      [0, 14],
      [1, 3],
    ] as const) {
      const peer = await broker.connect()
      const frame = frameOf(metadataApi, { version: 1, body: { topics: [] } })
      new DataView(frame.buffer, frame.byteOffset).setInt16(4, key)
      new DataView(frame.buffer, frame.byteOffset).setInt16(6, version)
      peer.send(frame)
      await peer.untilClosed()
      assert.equal(peer.replies.length, 0)
    }
  }))

test('G3: ApiVersions from the future gets a v0 reply with error 35 and our range, and may ask again', () =>
  attacked(async peer => {
    const frame = frameOf(apiVersionsApi, {
      version: 3,
      correlationId: 77,
      body: { clientSoftwareName: 'x', clientSoftwareVersion: '1' },
    })
    new DataView(frame.buffer, frame.byteOffset).setInt16(6, 32_767)
    peer.send(frame)
    const reader = new Reader(await peer.nextReply())
    assert.equal(reader.int32(), 77)
    const refusal = decodeApiVersionsResponse(reader, 0)
    assert.equal(refusal.errorCode, 35)
    assert.deepEqual(refusal.apiKeys, [{ apiKey: 18, minVersion: 0, maxVersion: 4 }])
    const answer = await peer.request(apiVersionsApi, 4, { clientSoftwareName: 'x', clientSoftwareVersion: '1' })
    assert.equal(answer.errorCode, 0)
  }))

test('G4: requests of a login that is not offered close the connection', () =>
  attacked(async (_, broker) => {
    for (const frame of [
      frameOf(saslHandshakeApi, { version: 1, body: { mechanism: 'PLAIN' } }),
      frameOf(saslAuthenticateApi, { version: 2, body: { authBytes: new Uint8Array([0, 97, 0, 98]) } }),
    ]) {
      const peer = await broker.connect()
      peer.send(frame)
      await peer.untilClosed()
    }
  }))

const valid = frameOf(produceApi, {
  version: 9,
  body: {
    acks: 1,
    timeoutMs: 100,
    topicData: [{ name: 'none', partitionData: [{ index: 0, records: batchOf(['x']) }] }],
  },
})

test('G9: a request cut at any byte, its frame shortened to fit, closes the connection or is refused', () =>
  attacked(async (_, broker) => {
    for (let length = 8; length < valid.length - 4; length++) {
      const peer = await broker.connect()
      peer.send(framed(valid.subarray(4, 4 + length)))
      await peer.untilClosed()
      assert.equal(peer.replies.length, 0, `cut to ${length} bytes`)
    }
  }))

test('G9: bytes behind a body are not taken for anything', () =>
  attacked(async peer => {
    peer.send(framed(valid.subarray(4), frameOf(metadataApi, { version: 1, body: { topics: [] } })))
    await peer.nextReply()
    const { brokers } = await peer.request(metadataApi, 1, { topics: [] })
    assert.equal(brokers.length, 1)
    assert.equal(peer.replies.length, 0)
  }))

test('G9: two requests in one packet, and one byte per packet', () =>
  attacked(async peer => {
    peer.send(Buffer.concat([valid, valid]))
    for (const byte of valid) peer.send(new Uint8Array([byte]))
    for (let i = 0; i < 3; i++) assert.equal(new Reader(await peer.nextReply()).int32(), 1)
  }))

test('bytes that are no Kafka at all: a browser, TLS', () =>
  attacked(async (_, broker) => {
    for (const bytes of [
      Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'),
      Buffer.from('16030100c8010000c40303', 'hex'),
    ]) {
      const peer = await broker.connect()
      peer.send(bytes)
      await peer.untilClosed()
    }
  }))
