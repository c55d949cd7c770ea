/** For tests: the far end of a connection, which may send any bytes at all. */
import assert from 'node:assert/strict'
import { Reader, responseLimits, Writer } from '../../base/cursor.ts'
import type { NetConnection, NetReceiver } from '../../ports/net.ts'
import type { AnyApi, Api } from '../../wire/api.ts'
import { FrameMemory } from '../../wire/frame-memory.ts'
import { FrameReader } from '../../wire/frame-reader.ts'
import { decodeResponseHeaderRest, encodeRequestHeader } from '../../wire/header.ts'

const REPLY_BYTES_MAX = 256 * 1024 * 1024
const memory = new FrameMemory()

export class RawPeer implements NetReceiver {
  /** Frames received and not asked for yet, without their sizes. */
  readonly replies: Uint8Array[] = []
  isClosed = false
  readonly #until: (condition: () => boolean) => Promise<void>
  readonly #frames: FrameReader
  #net: NetConnection | null = null
  #lastCorrelationId = 0

  constructor(until: (condition: () => boolean) => Promise<void>) {
    this.#until = until
    const sink = {
      mayTake: () => true,
      take: (bytes: Uint8Array, start: number, end: number) => this.replies.push(bytes.subarray(start, end)),
    }
    this.#frames = new FrameReader(sink, { memory, minFrameBytes: 4, maxFrameBytes: REPLY_BYTES_MAX, retain: true })
  }

  attach(net: NetConnection): NetReceiver {
    this.#net = net
    return this
  }

  send(...pieces: readonly Uint8Array[]): void {
    this.#net?.write(pieces.map(piece => piece.slice()))
  }

  /** Sends a request and gives its reply, which must be the next that comes. */
  async request<Q, QI, R, RI>(api: Api<Q, QI, R, RI>, version: number, body: QI): Promise<R> {
    const correlationId = ++this.#lastCorrelationId
    this.send(frameOf(api, { version, correlationId, body }))
    const reader = new Reader(await this.nextReply(), responseLimits)
    assert.equal(reader.int32(), correlationId)
    decodeResponseHeaderRest(reader, api, version)
    const response = api.decodeResponse(reader, version)
    assert.equal(reader.remaining, 0, 'a reply has nothing behind its body')
    return response
  }

  /** The next frame, without its size. Fails when the connection closes instead. */
  async nextReply(): Promise<Uint8Array> {
    await this.#until(() => this.replies.length > 0 || this.isClosed)
    const reply = this.replies.shift()
    if (reply === undefined) throw new Error('the broker closed the connection')
    return reply
  }

  /** Waits until the broker has closed the connection. */
  untilClosed(): Promise<void> {
    return this.#until(() => this.isClosed)
  }

  pause(): void {
    this.#net?.pause()
  }

  close(): void {
    this.#net?.destroy()
  }

  space(): Uint8Array {
    return this.#frames.space()
  }

  received(count: number): void {
    assert.notEqual(this.#frames.received(count), 'fault')
  }

  drained(): void {
    // Tests send little.
  }

  closed(): void {
    this.isClosed = true
  }
}

export interface RawRequest<Body> {
  readonly version: number
  readonly correlationId?: number
  readonly clientId?: string | null
  readonly body: Body
}

/** A request as it stands on the wire, its size first. */
export function frameOf<Q, QI, R, RI>(api: Api<Q, QI, R, RI>, request: RawRequest<QI>): Uint8Array {
  const { version, correlationId = 1, clientId = 'test', body } = request
  const writer = new Writer().begin()
  encodeRequestHeader(writer, api as AnyApi, { apiKey: api.key, apiVersion: version, correlationId, clientId })
  api.encodeRequest(writer, version, body)
  return writer.finishBytes()
}

/** A frame around bytes of any kind. */
export function framed(...pieces: readonly Uint8Array[]): Uint8Array {
  const body = Buffer.concat(pieces)
  const frame = new Uint8Array(4 + body.length)
  new DataView(frame.buffer).setInt32(0, body.length)
  frame.set(body, 4)
  return frame
}
