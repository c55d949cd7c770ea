/**
 * A recording TCP proxy: passes bytes on between clients and a broker, unchanged, and on the side cuts them into
 * Kafka frames. A response belongs to the request with its correlation id on the same connection.
 */
import { connect, createServer, type Server, type Socket } from 'node:net'
import type { Address } from './raw/judge.ts'

export interface Exchange {
  /** The client id in the request header. */
  readonly clientId: string
  readonly apiKey: number
  readonly version: number
  readonly correlationId: number
  /** When the request passed, by the clock of performance.now(). Milliseconds. */
  readonly sentAtMs: number
  /** Frame without its size. */
  readonly request: Buffer
  /** Frame without its size; null when none came, as for acks=0. */
  readonly response: Buffer | null
}

export class CaptureProxy {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #onExchange: (exchange: Exchange) => void
  #upstream: Address | null = null

  private constructor(onExchange: (exchange: Exchange) => void) {
    this.#onExchange = onExchange
    this.#server = createServer(client => this.#accept(client))
  }

  /** Listens on a port that the system chooses. Connections are served once {@link forwardTo} was called. */
  static async listen(onExchange: (exchange: Exchange) => void): Promise<CaptureProxy> {
    const proxy = new CaptureProxy(onExchange)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    proxy.#server.once('error', reject).listen(0, '127.0.0.1', resolve)
    await promise
    return proxy
  }

  get address(): Address {
    return { host: '127.0.0.1', port: (this.#server.address() as { port: number }).port }
  }

  forwardTo(upstream: Address): void {
    this.#upstream = upstream
  }

  close(): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  #accept(client: Socket): void {
    if (this.#upstream === null) {
      client.destroy()
      return
    }
    const broker = connect({ ...this.#upstream, noDelay: true })
    client.setNoDelay(true)
    const connection = new RecordedConnection(this.#onExchange)
    pass(client, broker, new FrameCutter(frame => connection.request(frame)))
    pass(broker, client, new FrameCutter(frame => connection.response(frame)))
    for (const socket of [client, broker]) {
      this.#sockets.add(socket)
      socket.once('close', () => {
        this.#sockets.delete(socket)
        connection.end()
      })
    }
  }
}

function pass(from: Socket, to: Socket, cutter: FrameCutter): void {
  from.on('data', chunk => {
    to.write(chunk)
    cutter.take(chunk)
  })
  // Each side's end is the other's end; how it came about is the clients' business.
  from.on('error', () => to.destroy())
  from.on('close', () => to.destroy())
  from.on('end', () => to.end())
}

class FrameCutter {
  readonly #onFrame: (frame: Buffer) => void
  #pending: Buffer[] = []
  #pendingBytes = 0

  constructor(onFrame: (frame: Buffer) => void) {
    this.#onFrame = onFrame
  }

  take(chunk: Buffer): void {
    this.#pending.push(chunk)
    this.#pendingBytes += chunk.length
    while (this.#pendingBytes >= 4) {
      const bytes = Buffer.concat(this.#pending)
      this.#pending = [bytes]
      const end = 4 + bytes.readInt32BE(0)
      if (bytes.length < end) return
      this.#onFrame(Buffer.from(bytes.subarray(4, end)))
      this.#pending = [bytes.subarray(end)]
      this.#pendingBytes -= end
    }
  }
}

type Request = Omit<Exchange, 'response'>

class RecordedConnection {
  readonly #onExchange: (exchange: Exchange) => void
  readonly #unanswered = new Map<number, Request>()

  constructor(onExchange: (exchange: Exchange) => void) {
    this.#onExchange = onExchange
  }

  /** The header's first four fields have the same form in header versions 1 and 2. */
  request(frame: Buffer): void {
    const correlationId = frame.readInt32BE(4)
    const idLength = frame.readInt16BE(8)
    const clientId = idLength < 0 ? '' : frame.toString('utf8', 10, 10 + idLength)
    const header = { apiKey: frame.readInt16BE(0), version: frame.readInt16BE(2), correlationId, clientId }
    this.#unanswered.set(correlationId, { ...header, sentAtMs: performance.now(), request: frame })
  }

  response(frame: Buffer): void {
    const request = this.#unanswered.get(frame.readInt32BE(0))
    if (request === undefined) return
    this.#unanswered.delete(request.correlationId)
    this.#onExchange({ ...request, response: frame })
  }

  end(): void {
    for (const request of this.#unanswered.values()) this.#onExchange({ ...request, response: null })
    this.#unanswered.clear()
  }
}
