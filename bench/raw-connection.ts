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
  /** Called when the broker ends the connection, it breaks, or a reply is refused by a throw: a load has then failed. */
  onLost: (error: Error) => void = error => {
    throw error
  }
  #rest: Buffer = Buffer.alloc(0)
  /** Bytes of the current reply still to be skipped, when `skipping`. */
  #skipBytes = 0
  /** Counts replies without keeping them: for replies that are all records. */
  skipping: ((bytes: number) => void) | null = null
  #skippedFrame = 0
  #closed = false

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('data', chunk => this.#receive(chunk))
    socket.on('error', error => this.#lost(error))
    socket.on('close', () => this.#lost(new Error('the broker ended the connection')))
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
    this.#closed = true
    this.#socket.destroy()
  }

  /** One request and its reply, for what is not measured. Rejects when the connection is lost first. */
  async ask<Q, QI, S, SI>(api: Api<Q, QI, S, SI>, version: number, body: QI): Promise<S> {
    const before = { onReply: this.onReply, onLost: this.onLost }
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>()
    this.onReply = bytes => resolve(bytes.slice())
    this.onLost = reject
    this.send(frameOf(api, version, body))
    const bytes = await promise
    this.onReply = before.onReply
    this.onLost = before.onLost
    return bodyOf(api, version, bytes)
  }

  #receive(chunk: Buffer): void {
    try {
      if (this.skipping === null) this.#collect(chunk)
      else this.#skip(chunk)
    } catch (error) {
      this.#lost(error as Error)
    }
  }

  #lost(error: Error): void {
    if (this.#closed) return
    this.close()
    this.onLost(error)
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

/** Rejects when the first of them is lost, and closes the others. To be raced with whatever a load waits for. */
export function lossOf(connections: readonly RawConnection[]): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>()
  // It may be lost at a moment when nothing waits; the next race then finds it.
  promise.catch(() => {})
  for (const connection of connections) {
    connection.onLost = error => {
      for (const each of connections) each.close()
      reject(error)
    }
  }
  return promise
}

export function frameOf<Q, QI, S, SI>(api: Api<Q, QI, S, SI>, version: number, body: QI): Uint8Array {
  const writer = new Writer().begin()
  encodeRequestHeader(writer, api, { apiKey: api.key, apiVersion: version, correlationId: 1, clientId: 'bench' })
  api.encodeRequest(writer, version, body)
  return Buffer.concat(writer.finish())
}

export function bodyOf<Q, QI, S, SI>(api: Api<Q, QI, S, SI>, version: number, reply: Uint8Array): S {
  const reader = new Reader(reply)
  decodeCorrelationId(reader)
  decodeResponseHeaderRest(reader, api, version)
  return api.decodeResponse(reader, version)
}
