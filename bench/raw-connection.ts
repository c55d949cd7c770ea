/**
 * The load generator's side of a socket: frames out as they are, replies counted off by their size prefix. Less than the
 * client on purpose, so that what is measured is the broker.
 */
import { connect, type Socket } from 'node:net'
import { Reader, Writer } from '../packages/ottla/src/base/cursor.ts'
import type { Api } from '../packages/ottla/src/wire/api.ts'
import {
  decodeCorrelationId,
  decodeResponseHeaderRest,
  encodeRequestHeader,
} from '../packages/ottla/src/wire/header.ts'

export class RawConnection {
  readonly #socket: Socket
  /** Called with each reply, without its size; the bytes are valid only during the call. */
  onReply: (reply: Uint8Array) => void = () => {}
  #rest: Buffer = Buffer.alloc(0)
  /** Bytes of the current reply still to be skipped, when `skipping`. */
  #skipBytes = 0
  /** Counts replies without keeping them: for replies that are all records. */
  skipping: ((bytes: number) => void) | null = null
  #skippedFrame = 0

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('data', chunk => (this.skipping === null ? this.#collect(chunk) : this.#skip(chunk)))
    socket.on('error', error => {
      throw error
    })
  }

  static open(port: number): Promise<RawConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.off('error', reject)
        resolve(new RawConnection(socket))
      })
      socket.once('error', reject)
    })
  }

  send(frame: Uint8Array): void {
    this.#socket.write(frame)
  }

  close(): void {
    this.#socket.destroy()
  }

  /** One request and its reply, for what is not measured. */
  async ask<Q, S>(api: Api<unknown, Q, S, unknown>, version: number, body: Q): Promise<S> {
    const before = this.onReply
    const reply = new Promise<Uint8Array>(resolve => {
      this.onReply = bytes => resolve(bytes.slice())
    })
    this.send(frameOf(api, version, body))
    const bytes = await reply
    this.onReply = before
    return bodyOf(api, version, bytes)
  }

  #collect(chunk: Buffer): void {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    while (bytes.length >= 4) {
      const size = bytes.readInt32BE(0) + 4
      if (bytes.length < size) break
      this.onReply(bytes.subarray(4, size))
      bytes = bytes.subarray(size)
    }
    this.#rest = bytes
  }

  /** Sizes are assumed not to be split over chunks by less than four bytes often; when they are, they are put together. */
  #skip(chunk: Buffer): void {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    this.#rest = Buffer.alloc(0)
    for (;;) {
      const skipped = Math.min(this.#skipBytes, bytes.length)
      this.#skipBytes -= skipped
      bytes = bytes.subarray(skipped)
      if (this.#skipBytes > 0) return
      if (this.#skippedFrame > 0) {
        const frame = this.#skippedFrame
        this.#skippedFrame = 0
        this.skipping?.(frame)
      }
      if (bytes.length < 4) {
        this.#rest = bytes
        return
      }
      this.#skippedFrame = bytes.readInt32BE(0)
      this.#skipBytes = this.#skippedFrame
      bytes = bytes.subarray(4)
    }
  }
}

export function frameOf<Q>(api: Api<unknown, Q, unknown, unknown>, version: number, body: Q): Uint8Array {
  const writer = new Writer().begin()
  encodeRequestHeader(writer, api, { apiKey: api.key, apiVersion: version, correlationId: 1, clientId: 'bench' })
  api.encodeRequest(writer, version, body)
  return Buffer.concat(writer.finish())
}

export function bodyOf<S>(api: Api<unknown, never, S, unknown>, version: number, reply: Uint8Array): S {
  const reader = new Reader(reply)
  decodeCorrelationId(reader)
  decodeResponseHeaderRest(reader, api as never, version)
  return api.decodeResponse(reader, version)
}
