/** Every declared message, both directions: what is decoded is encoded again. Input: key, version, direction, body. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { DecodeError, EncodeError, Reader, responseLimits, Writer } from '../../../packages/ottla/src/base/cursor.ts'
import type { AnyApi } from '../../../packages/ottla/src/wire/api.ts'
import { allApis } from '../../../packages/ottla/src/wire/gen/all.ts'
import { join as joinBytes, mutateBytes } from '../mutate-bytes.ts'
import type { Target } from '../target.ts'

const CORPUS = join(import.meta.dirname, '../../../fixtures/wire/corpus.jsonl.gz')
const HEAD_BYTES = 5
const REQUEST = 0
const RESPONSE = 1

const apis = new Map<number, AnyApi>(allApis.map(api => [api.key, api]))

export function codecsTarget(): Target {
  const writer = new Writer()
  return {
    name: 'codecs',
    seeds: seeds(),
    mutate: (input, rng) => joinBytes(input.subarray(0, HEAD_BYTES), mutateBytes(input.subarray(HEAD_BYTES), rng)),
    run: input => run(input, writer),
    // Bounded memory (docs/reliability.md G): eight times the input; the writer's chunks and the runtime's own on top.
    allowedBytes: inputBytes => 8 * inputBytes + 1024 * 1024,
  }
}

function run(input: Uint8Array, writer: Writer): string {
  if (input.length < HEAD_BYTES) return 'short'
  const head = new DataView(input.buffer, input.byteOffset, HEAD_BYTES)
  const api = apis.get(head.getInt16(0))
  const version = head.getInt16(2)
  if (api === undefined || version < api.min || version > api.max) return 'unknown'
  const isRequest = head.getInt8(4) === REQUEST
  const reader = new Reader(undefined, responseLimits).reset(input, HEAD_BYTES)
  const what = `${api.name} ${isRequest ? 'request' : 'response'}`
  try {
    const message = isRequest ? api.decodeRequest(reader, version) : api.decodeResponse(reader, version)
    writer.beginBare()
    if (isRequest) api.encodeRequest(writer, version, message)
    else api.encodeResponse(writer, version, message)
    writer.finish()
    return `${what} whole`
  } catch (error) {
    if (error instanceof DecodeError) return `${what} ${kindOf(error.message)}`
    if (error instanceof EncodeError) return `${what} not to be encoded`
    throw error
  }
}

/** The message without its numbers and names. */
function kindOf(message: string): string {
  return message
    .replace(/^[^:]*: /, '')
    .replace(/\(.*\)$/, '')
    .replace(/-?\d+/g, 'N')
    .trim()
}

function seeds(): Uint8Array[] {
  const lines = gunzipSync(readFileSync(CORPUS))
    .toString('utf8')
    .split('\n')
    .filter(line => line !== '')
  return lines.flatMap(line => {
    const { key, version, kind, hex } = JSON.parse(line) as { key: number; version: number; kind: string; hex: string }
    const api = apis.get(key)
    if (api === undefined || version < api.min || version > api.max || kind === 'record') return []
    return [seedOf(key, version, kind === 'request' ? REQUEST : RESPONSE, Buffer.from(hex, 'hex'))]
  })
}

function seedOf(key: number, version: number, direction: number, body: Uint8Array): Uint8Array {
  const head = new Uint8Array(HEAD_BYTES)
  const view = new DataView(head.buffer)
  view.setInt16(0, key)
  view.setInt16(2, version)
  view.setInt8(4, direction)
  return joinBytes(head, body)
}
