/** For tests: a broker that says what the test tells it to. Frames are read and written with our own codecs. */
import assert from 'node:assert/strict'
import { Reader, Writer } from '../../base/cursor.ts'
import type { NetAddress, NetConnection, NetReceiver } from '../../ports/net.ts'
import type { AnyApi, Api } from '../../wire/api.ts'
import { FrameMemory } from '../../wire/frame-memory.ts'
import { FrameReader } from '../../wire/frame-reader.ts'
import { apiVersionsApi } from '../../wire/gen/api-versions.ts'
import { decodeRequestHeaderRest, decodeRequestPrefix, encodeResponseHeader } from '../../wire/header.ts'
import type { TestWorld } from './world.ts'

const memory = new FrameMemory()

/** A request as the scripted broker got it. */
export interface Asked<Body = unknown> {
  readonly version: number
  readonly correlationId: number
  readonly clientId: string | null
  readonly body: Body
  readonly connection: NetConnection
}

/** `close`: end the connection instead of an answer. `silence`: answer nothing. */
export type Script<Q, RI> = (asked: Asked<Q>) => RI | 'close' | 'silence' | Promise<RI | 'close' | 'silence'>

export class ScriptedBroker {
  readonly world: TestWorld
  readonly address: NetAddress
  /** Open connections, oldest first. */
  readonly connections = new Set<NetConnection>()
  /** Connections accepted so far. */
  accepted = 0
  readonly #scripts = new Map<number, { readonly api: AnyApi; readonly run: Script<unknown, unknown> }>()
  readonly #asked: { readonly key: number; readonly asked: Asked }[] = []
  #isDown = false

  private constructor(world: TestWorld, address: NetAddress) {
    this.world = world
    this.address = address
  }

  /** Answers ApiVersions with what it has scripts for, until told otherwise. */
  static async start(world: TestWorld, port = 0): Promise<ScriptedBroker> {
    const holder: { broker: ScriptedBroker | null } = { broker: null }
    const listener = await world.net.listen({ host: '127.0.0.1', port }, connection =>
      holder.broker === null ? null : holder.broker.#accept(connection),
    )
    const broker = new ScriptedBroker(world, listener.address)
    holder.broker = broker
    broker.on(apiVersionsApi, () => ({ apiKeys: broker.offered() }))
    return broker
  }

  /** From now on requests of this API are answered so. */
  on<Q, QI, R, RI>(api: Api<Q, QI, R, RI>, run: Script<Q, RI>): this {
    this.#scripts.set(api.key, { api, run: run as Script<unknown, unknown> })
    return this
  }

  offered(): { apiKey: number; minVersion: number; maxVersion: number }[] {
    return [...this.#scripts.values()].map(({ api }) => ({
      apiKey: api.key,
      minVersion: api.advertisedMin,
      maxVersion: api.max,
    }))
  }

  /** Requests of this API so far, in order. */
  asked<Q, QI, R, RI>(api: Api<Q, QI, R, RI>): Asked<Q>[] {
    return this.#asked.filter(each => each.key === api.key).map(each => each.asked as Asked<Q>)
  }

  /** Ends all connections, and refuses new ones while it is down. */
  goDown(): void {
    this.#isDown = true
    this.dropAll()
  }

  comeUp(): void {
    this.#isDown = false
  }

  dropAll(): void {
    for (const connection of [...this.connections]) connection.destroy()
  }

  #accept(connection: NetConnection): NetReceiver | null {
    if (this.#isDown) return null
    this.accepted++
    this.connections.add(connection)
    let last: Promise<unknown> = Promise.resolve()
    const take = (bytes: Uint8Array, start: number, end: number) => {
      const { api, asked } = this.#decode(bytes, start, end, connection)
      // Replies in the order of requests, whatever a script waits for.
      const before = last
      last = this.#answer(api, asked, before)
    }
    const frames = new FrameReader(
      { mayTake: () => true, take },
      { memory, minFrameBytes: 8, maxFrameBytes: 2 ** 30, retain: true },
    )
    return {
      space: () => frames.space(),
      received: count => assert.notEqual(frames.received(count), 'fault'),
      drained: () => {},
      closed: () => this.connections.delete(connection),
    }
  }

  #decode(bytes: Uint8Array, start: number, end: number, connection: NetConnection): { api: AnyApi; asked: Asked } {
    const reader = new Reader().reset(bytes, start, end)
    const header = { apiKey: 0, apiVersion: 0, correlationId: 0, clientId: null }
    decodeRequestPrefix(reader, header)
    const script = this.#scripts.get(header.apiKey)
    assert.ok(script !== undefined, `the test has a script for API ${header.apiKey}`)
    const { api } = script
    decodeRequestHeaderRest(reader, api, header)
    const { apiVersion: version, correlationId, clientId } = header
    const body = api.decodeRequest(reader, version)
    assert.equal(reader.remaining, 0, 'a request ends where its frame does')
    const asked = { version, correlationId, clientId, body, connection }
    this.#asked.push({ key: api.key, asked })
    return { api, asked }
  }

  async #answer(api: AnyApi, asked: Asked, before: Promise<unknown>): Promise<void> {
    const reply = await this.#scripts.get(api.key)?.run(asked)
    await before
    if (reply === 'silence') return
    if (reply === 'close') asked.connection.destroy()
    else asked.connection.write([replyFrame(api, asked, reply)])
  }
}

/** A reply as it stands on the wire, its size first. */
export function replyFrame(api: AnyApi, asked: Pick<Asked, 'version' | 'correlationId'>, body: unknown): Uint8Array {
  const writer = new Writer().begin()
  encodeResponseHeader(writer, api, asked.version, asked.correlationId)
  api.encodeResponse(writer, asked.version, body)
  return writer.finishBytes()
}
