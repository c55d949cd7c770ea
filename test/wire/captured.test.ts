/**
 * Frames that real clients and Apache Kafka exchanged (fixtures/wire/captured): each is decoded to its last byte and
 * encoded again to the same bytes.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Reader, Writer } from '../../packages/ottla/src/base/cursor.ts'
import type { AnyApi } from '../../packages/ottla/src/wire/api.ts'
import { allApis } from '../../packages/ottla/src/wire/gen/all.ts'
import {
  decodeCorrelationId,
  decodeRequestHeaderRest,
  decodeRequestPrefix,
  decodeResponseHeaderRest,
  encodeRequestHeader,
  encodeResponseHeader,
  type RequestHeader,
} from '../../packages/ottla/src/wire/header.ts'

interface CapturedLine {
  readonly client: string
  readonly apiKey: number
  readonly version: number
  readonly kind: 'request' | 'response'
  readonly correlationId: number
  readonly scenario: string
  readonly hex: string
}

const folder = join(import.meta.dirname, '..', '..', 'fixtures', 'wire', 'captured')
const API_VERSIONS_KEY = 18
const apis = new Map(allApis.map(api => [api.key, api]))

/** What a client asks in a version newer than ours is not decodable; but the broker answers ApiVersions even then. */
const isDecodable = ({ apiKey, version, kind }: CapturedLine): boolean => {
  const api = apis.get(apiKey)
  if (api === undefined || version < api.min) return false
  return version <= api.max || (apiKey === API_VERSIONS_KEY && kind === 'response')
}

/** The version of a response's body: an ApiVersions request in a version that is not known is answered in version 0. */
const bodyVersionOf = (api: AnyApi, version: number): number => (version > api.max ? 0 : version)

/**
 * librdkafka 2.16 asks for the metadata of all topics with a null array of one byte, but leaves the other three bytes
 * that it had reserved for the count; so what it means to say shifts, and three bytes stand behind the body. Apache
 * Kafka ignores what follows a body, and so must we.
 */
function strayBytesOf(line: CapturedLine): number {
  return line.client === 'confluent' && line.apiKey === 3 && line.version === 13 && line.scenario === 'list topics'
    ? 3
    : 0
}

function reencodeRequest(api: AnyApi, line: CapturedLine, bytes: Uint8Array): Uint8Array {
  const r = new Reader(bytes)
  const prefix = decodeRequestPrefix(r, { apiKey: -1, apiVersion: -1, correlationId: -1 })
  assert.deepEqual(prefix, { apiKey: line.apiKey, apiVersion: line.version, correlationId: line.correlationId })
  const header = decodeRequestHeaderRest(r, api, { ...prefix, clientId: null } satisfies RequestHeader)
  const body = api.decodeRequest(r, line.version)
  const stray = strayBytesOf(line)
  assert.equal(r.remaining, stray, 'the body ends with the frame')
  const w = new Writer()
  w.begin()
  encodeRequestHeader(w, api, header)
  api.encodeRequest(w, line.version, body)
  return Buffer.concat([w.finishBytes(), bytes.subarray(bytes.length - stray)])
}

function reencodeResponse(api: AnyApi, line: CapturedLine, bytes: Uint8Array): Uint8Array {
  const version = bodyVersionOf(api, line.version)
  const r = new Reader(bytes)
  assert.equal(decodeCorrelationId(r), line.correlationId)
  decodeResponseHeaderRest(r, api, version)
  const body = api.decodeResponse(r, version)
  assert.equal(r.remaining, 0, 'the body ends with the frame')
  const w = new Writer()
  w.begin()
  encodeResponseHeader(w, api, version, line.correlationId)
  api.encodeResponse(w, version, body)
  return w.finishBytes()
}

for (const file of readdirSync(folder).filter(name => name.endsWith('.jsonl'))) {
  const lines = readFileSync(join(folder, file), 'utf8').trimEnd().split('\n')
  const captured = lines.map(line => JSON.parse(line) as CapturedLine)
  const decodable = captured.filter(isDecodable)

  test(`${file}: ${decodable.length} of ${captured.length} frames keep every byte`, () => {
    assert.ok(decodable.length > 0, 'a file without a frame that we know would test nothing')
    for (const line of decodable) {
      const what = `${apis.get(line.apiKey)!.name} v${line.version} ${line.kind}, ${line.scenario}`
      const bytes = Buffer.from(line.hex, 'hex')
      const reencode = line.kind === 'request' ? reencodeRequest : reencodeResponse
      const again = Buffer.from(reencode(apis.get(line.apiKey)!, line, bytes))
      // The writer puts the size in front; the capture leaves it out.
      assert.equal(
        again.readInt32BE(0),
        bytes.length - (line.kind === 'request' ? strayBytesOf(line) : 0),
        `${what}: size`,
      )
      assert.equal(again.subarray(4).toString('hex'), line.hex, what)
    }
  })
}
