/**
 * A socket that sends exactly the bytes given and shows exactly the frames that come back: for what a decent client
 * never does, and for bytes that a decent client hides.
 */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { Reader, responseLimits, Writer } from '../../packages/ottla/src/base/cursor.ts'
import type { UnknownTag } from '../../packages/ottla/src/base/cursor-reader.ts'
import type { AnyApi, Api } from '../../packages/ottla/src/wire/api.ts'
import {
  decodeCorrelationId,
  decodeResponseHeaderRest,
  encodeRequestHeader,
} from '../../packages/ottla/src/wire/header.ts'
import type { Address } from '../interop/raw/judge.ts'

const PATIENCE_MS = 10_000

export interface FrameOptions {
  readonly version: number
  readonly correlationId?: number
  readonly clientId?: string | null
  readonly headerTags?: readonly UnknownTag[]
  /** API key and version to claim instead of the true ones. */
  readonly claim?: { readonly key?: number; readonly version?: number }
}

/** A whole request with its size in front. */
export function frameOf<Q, QI, R, RI>(api: Api<Q, QI, R, RI>, body: QI, options: FrameOptions): Buffer {
  const writer = new Writer().begin()
  const { version, correlationId = 1, clientId = 'forty', headerTags, claim } = options
  encodeRequestHeader(writer, api, {
    apiKey: api.key,
    apiVersion: version,
    correlationId,
    clientId,
    unknownTags: headerTags,
  })
  api.encodeRequest(writer, version, body)
  const frame = Buffer.concat(writer.finish())
  if (claim?.key !== undefined) frame.writeInt16BE(claim.key, 4)
  if (claim?.version !== undefined) frame.writeInt16BE(claim.version, 6)
  return frame
}

/** Puts the size in front of a hand-made request. */
export function framed(body: Uint8Array): Buffer {
  const size = Buffer.alloc(4)
  size.writeInt32BE(body.length)
  return Buffer.concat([size, body])
}

/** Reads a reply; throws when bytes are left over. */
export function readReply<R>(
  api: AnyApi & { decodeResponse(r: Reader, version: number): R },
  version: number,
  frame: Uint8Array,
): { correlationId: number; body: R } {
  const reader = new Reader(frame, responseLimits)
  const correlationId = decodeCorrelationId(reader)
  decodeResponseHeaderRest(reader, api, version)
  const body = api.decodeResponse(reader, version)
  if (reader.remaining > 0) throw new Error(`${reader.remaining} bytes too many in a reply to ${api.name}`)
  return { correlationId, body }
}

export class RawSocket {
  readonly #socket: Socket
  #received: Buffer = Buffer.alloc(0)
  #ended = false
  #changed = Promise.withResolvers<void>()

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', chunk => {
      this.#received = Buffer.concat([this.#received, chunk])
      this.#change()
    })
    socket.on('close', () => {
      this.#ended = true
      this.#change()
    })
    // A reset is an end like any other here; 'close' follows.
    socket.on('error', () => {})
  }

  static async connect(address: Address): Promise<RawSocket> {
    const socket = connect({ ...address, noDelay: true })
    await once(socket, 'connect', { signal: AbortSignal.timeout(PATIENCE_MS) })
    return new RawSocket(socket)
  }

  send(...frames: readonly Uint8Array[]): void {
    this.#socket.write(Buffer.concat(frames))
  }

  /** The next frame, without its size. Throws when the connection ends first or time is over. */
  async frame(): Promise<Buffer> {
    const size = () => (this.#received.length < 4 ? Number.POSITIVE_INFINITY : this.#received.readInt32BE(0) + 4)
    await this.#until(() => this.#received.length >= size() || this.#ended, 'no reply came')
    if (this.#received.length < size()) throw new Error('the broker closed the connection instead of replying')
    const frame = this.#received.subarray(4, size())
    this.#received = this.#received.subarray(size())
    return frame
  }

  /** Sends a request and reads its reply. */
  async ask<Q, QI, R, RI>(api: Api<Q, QI, R, RI>, body: QI, options: FrameOptions) {
    this.send(frameOf(api, body, options))
    return readReply(api, options.version, await this.frame())
  }

  /** Resolves when the broker has ended the connection without sending anything more. */
  async closedSilently(): Promise<void> {
    await this.#until(() => this.#ended || this.#received.length > 0, 'the broker left the connection open')
    if (this.#received.length > 0) throw new Error(`the broker replied: ${this.#received.toString('hex', 0, 64)}`)
  }

  close(): void {
    this.#socket.destroy()
  }

  #change(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
  }

  async #until(holds: () => boolean, complaint: string): Promise<void> {
    const late = Promise.withResolvers<never>()
    const timer = setTimeout(() => late.reject(new Error(`${complaint} within ${PATIENCE_MS} ms`)), PATIENCE_MS)
    try {
      while (!holds()) await Promise.race([this.#changed.promise, late.promise])
    } finally {
      clearTimeout(timer)
    }
  }
}
