/**
 * A whole broker in memory, and the bytes of one connection. After each input another connection is asked whether it still
 * gets its answers, and the broker must not have lost track of its own state. Input: what one client sends.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DecodeError, EncodeError, Reader } from '../../../packages/ottla/src/base/cursor.ts'
import type { Prng } from '../../../packages/ottla/src/base/random.ts'
import { brokerApis } from '../../../packages/ottla/src/broker/api/broker-apis.ts'
import { createTopic } from '../../../packages/ottla/src/broker/testing/calls.ts'
import { MemoryBroker } from '../../../packages/ottla/src/broker/testing/memory-broker.ts'
import { framed, frameOf, type RawPeer } from '../../../packages/ottla/src/broker/testing/raw-peer.ts'
import { isKnownVersion } from '../../../packages/ottla/src/wire/api-table.ts'
import { apiVersionsApi } from '../../../packages/ottla/src/wire/gen/api-versions.ts'
import {
  decodeRequestHeaderRest,
  decodeRequestPrefix,
  type RequestHeader,
} from '../../../packages/ottla/src/wire/header.ts'
import { join as joinBytes, mutateBytes } from '../mutate-bytes.ts'
import { mutateMessage } from '../mutate-message.ts'
import type { Target } from '../target.ts'
import { requestSeeds } from './request-seeds.ts'

const CAPTURED = join(import.meta.dirname, '../../../fixtures/wire/captured')
/** A broker is given up after so many inputs: they make and delete topics, and fill logs. */
const INPUTS_PER_BROKER = 500
/** Turns that an input may take until it counts as waiting: a fetch that asks for more than there is. */
const TURNS_MAX = 200
const TURN_MS = 5
/** Marks the request behind the input, whose answer says that all before it were worked on. */
const LAST_CORRELATION_ID = 0x7e57_7e57

export async function connectionsTarget(): Promise<Target> {
  let broker: FuzzedBroker | null = null
  let inputs = 0
  const seeds = [...requestSeeds(), ...captured()]
  return {
    name: 'connections',
    seeds,
    mutate: (input, rng) => mutate(input, seeds, rng),
    run: async input => {
      if (broker !== null && inputs++ % INPUTS_PER_BROKER === 0) {
        await broker.close()
        broker = null
      }
      broker ??= await FuzzedBroker.start()
      return broker.run(input)
    },
    // The log keeps what is appended, replies repeat what was asked: some times the input, and a chunk here and there.
    allowedBytes: inputBytes => 16 * inputBytes + 32 * 1024 * 1024,
  }
}

class FuzzedBroker {
  readonly #broker: MemoryBroker
  readonly #bystander: RawPeer

  constructor(broker: MemoryBroker, bystander: RawPeer) {
    this.#broker = broker
    this.#bystander = bystander
  }

  static async start(): Promise<FuzzedBroker> {
    const broker = await MemoryBroker.start({
      'auto.create.topics.enable': 'false',
      'connections.max.idle.ms': '-1',
      'max.connections': '1000',
    })
    const bystander = await broker.connect()
    await createTopic(bystander, 'fuzz', { partitions: 2 })
    await createTopic(bystander, 'fuzz-compacted', { configs: { 'cleanup.policy': 'compact' } })
    await createTopic(bystander, 'fuzz-strict', {
      configs: {
        'produce.validation': 'strict',
        'message.timestamp.type': 'LogAppendTime',
        'compression.type': 'gzip',
      },
    })
    return new FuzzedBroker(broker, bystander)
  }

  close(): Promise<void> {
    return this.#broker.close()
  }

  async run(input: Uint8Array): Promise<string> {
    const peer = await this.#broker.connect()
    peer.send(input, frameOf(apiVersionsApi, { version: 0, correlationId: LAST_CORRELATION_ID, body: {} }))
    let turns = 0
    const isDone = () => peer.isClosed || turns++ > TURNS_MAX || isLast(peer.replies.at(-1))
    await this.#broker.until(() => {
      if (isDone()) return true
      this.#broker.clock.advance(TURN_MS)
      return false
    })
    const outcome = this.#outcome(peer, input)
    peer.close()
    const answer = await this.#bystander.request(apiVersionsApi, 0, {})
    if (answer.errorCode !== 0) throw new Error(`another connection got error ${answer.errorCode}`)
    if (this.#broker.fatals.length > 0) throw this.#broker.fatals[0]
    const failed = this.#broker.observe.events.splice(0).find(event => event.level === 'error')
    if (failed !== undefined) throw new Error(`${failed.event}: ${JSON.stringify(failed.fields)}`)
    return outcome
  }

  #outcome(peer: RawPeer, input: Uint8Array): string {
    const ended = this.#broker.observe.named('connection.ended').at(-1)
    const why = peer.isClosed ? `${ended?.fields.reason}: ${String(ended?.fields.why).replace(/-?\d+/g, 'N')}` : 'open'
    const keys = framesIn(input).frames.map(frame => new DataView(frame.buffer, frame.byteOffset).getInt16(0))
    const sizes = peer.replies.map(reply => Math.ceil(Math.log2(reply.length)))
    return `${[...new Set(keys)].join(',')} > ${[...new Set(sizes)].join(',')} ${why}`
  }
}

function isLast(reply: Uint8Array | undefined): boolean {
  return reply !== undefined && new Reader(reply).int32() === LAST_CORRELATION_ID
}

const apis = brokerApis()

function mutate(input: Uint8Array, seeds: readonly Uint8Array[], rng: Prng): Uint8Array {
  if (rng.chance(0.05)) return mutateBytes(input, rng)
  const { frames, rest } = framesIn(input)
  if (frames.length === 0)
    return joinBytes(rng.pick(seeds), mutateBytes(rest.length > 0 ? rest : new Uint8Array(8), rng))
  const index = rng.int(0, frames.length - 1)
  const frame = frames[index] as Uint8Array
  const changed = rng.chance(0.6) ? changedMessage(frame, rng) : framed(mutateBytes(frame, rng))
  const all = frames.map((each, i) => (i === index ? changed : framed(each)))
  if (all.length < 4 && rng.chance(0.3)) all.splice(rng.int(0, all.length), 0, rng.pick(seeds))
  return joinBytes(...all)
}

/** The frame's message with other values; damaged bytes where it cannot be read or written. */
function changedMessage(frame: Uint8Array, rng: Prng): Uint8Array {
  const reader = new Reader(frame)
  const header: RequestHeader = { apiKey: 0, apiVersion: 0, correlationId: 0, clientId: null }
  try {
    decodeRequestPrefix(reader, header)
    const api = apis.find(header.apiKey)?.api
    if (api === undefined || !isKnownVersion(api, header.apiVersion)) return framed(mutateBytes(frame, rng))
    decodeRequestHeaderRest(reader, api, header)
    const body = mutateMessage(api.decodeRequest(reader, header.apiVersion), rng)
    return frameOf(api, { version: header.apiVersion, correlationId: header.correlationId, body })
  } catch (error) {
    // A value may be one that cannot be written: a null, a list where a number belongs.
    if (error instanceof DecodeError || error instanceof EncodeError || error instanceof TypeError) {
      return framed(mutateBytes(frame, rng))
    }
    throw error
  }
}

/** Whole frames of a stream without their sizes, and what is left behind them. */
function framesIn(stream: Uint8Array): { frames: Uint8Array[]; rest: Uint8Array } {
  const frames: Uint8Array[] = []
  let at = 0
  while (stream.length - at >= 4) {
    const size = new DataView(stream.buffer, stream.byteOffset + at).getInt32(0)
    if (size < 8 || size > stream.length - at - 4) break
    frames.push(stream.slice(at + 4, at + 4 + size))
    at += 4 + size
  }
  return { frames, rest: stream.slice(at) }
}

/** The smallest request of each API and version that each real client was seen to send. */
function captured(): Uint8Array[] {
  const smallest = new Map<string, Uint8Array>()
  for (const file of readdirSync(CAPTURED).filter(name => name.endsWith('.jsonl'))) {
    for (const line of readFileSync(join(CAPTURED, file), 'utf8').split('\n')) {
      if (line === '') continue
      const { client, apiKey, version, kind, hex } = JSON.parse(line) as Record<string, string>
      if (kind !== 'request' || apis.find(Number(apiKey)) === undefined) continue
      const key = `${client}/${apiKey}/${version}`
      const frame = framed(Buffer.from(hex ?? '', 'hex'))
      const held = smallest.get(key)
      if (held === undefined || frame.length < held.length) smallest.set(key, frame)
    }
  }
  return [...smallest.values()]
}
