/**
 * Connections inside one process. Bytes arrive in order, later, and cut as the options say; nothing is lost unless a
 * connection is. Names are not resolved: an address is its port.
 */
import { assert } from '../../base/assert.ts'
import {
  type Net,
  type NetAddress,
  type NetConnection,
  NetFault,
  type NetListener,
  type NetReceiver,
} from '../../ports/net.ts'

export interface MemoryNetOptions {
  /** When something that was sent takes effect; in the microtask queue when absent. */
  readonly defer?: (run: () => void) => void
  /** How many of the waiting bytes arrive at once, 1 to `count`; all of them when absent. */
  readonly cut?: (count: number) => number
  /** Bytes held for a reader above which `write` answers false. */
  readonly highWaterBytes?: number
}

type Accept = (connection: NetConnection) => NetReceiver | null

const FIRST_CHOSEN_PORT = 49_152

export class MemoryNet implements Net {
  readonly #defer: (run: () => void) => void
  readonly #cut: (count: number) => number
  readonly #highWaterBytes: number
  readonly #listeners = new Map<number, Accept>()
  #nextPort = FIRST_CHOSEN_PORT

  constructor(options: MemoryNetOptions = {}) {
    this.#defer = options.defer ?? queueMicrotask
    this.#cut = options.cut ?? (count => count)
    this.#highWaterBytes = options.highWaterBytes ?? 65_536
  }

  async listen(address: NetAddress, accept: Accept): Promise<NetListener> {
    const port = address.port === 0 ? this.#nextPort++ : address.port
    if (this.#listeners.has(port)) throw new NetFault('in-use', `port ${port} is in use`, address)
    this.#listeners.set(port, accept)
    return {
      address: { host: address.host, port },
      close: async () => {
        if (this.#listeners.get(port) === accept) this.#listeners.delete(port)
      },
    }
  }

  connect(
    address: NetAddress,
    _options: { readonly timeoutMs: number },
    receive: (connection: NetConnection) => NetReceiver,
  ): Promise<NetConnection> {
    return new Promise((resolve, reject) => {
      this.#defer(() => {
        const accept = this.#listeners.get(address.port)
        if (accept === undefined) {
          reject(new NetFault('refused', `nobody listens on port ${address.port}`, address))
          return
        }
        const local = { host: '127.0.0.1', port: this.#nextPort++ }
        const parts = { defer: this.#defer, cut: this.#cut, highWaterBytes: this.#highWaterBytes }
        const client = new MemoryConnection(parts, local, address)
        const server = new MemoryConnection(parts, address, local)
        client.pairWith(server)
        client.begin(receive(client))
        const accepted = accept(server)
        if (accepted === null) server.destroy()
        else server.begin(accepted)
        resolve(client)
      })
    })
  }
}

interface Parts {
  readonly defer: (run: () => void) => void
  readonly cut: (count: number) => number
  readonly highWaterBytes: number
}

interface Outgoing {
  readonly bytes: Uint8Array
  readonly sent: (() => void) | undefined
}

class MemoryConnection implements NetConnection {
  readonly local: NetAddress
  readonly peer: NetAddress
  readonly #parts: Parts
  #other: MemoryConnection | null = null
  #receiver: NetReceiver | null = null
  /** What this side wrote and the other has not received. */
  #queue: Outgoing[] = []
  #buffered = 0
  #wantsDrain = false
  #paused = false
  #ending = false
  #closed = false
  /** A delivery to this side is on its way. */
  #coming = false

  constructor(parts: Parts, local: NetAddress, peer: NetAddress) {
    this.#parts = parts
    this.local = local
    this.peer = peer
  }

  pairWith(other: MemoryConnection): void {
    this.#other = other
    other.#other = this
  }

  begin(receiver: NetReceiver): void {
    this.#receiver = receiver
    this.#expect()
  }

  get bufferedBytes(): number {
    return this.#buffered
  }

  write(chunks: readonly Uint8Array[], sent?: () => void): boolean {
    if (this.#closed || this.#ending || chunks.length === 0) {
      if (sent !== undefined) this.#parts.defer(sent)
      return true
    }
    chunks.forEach((bytes, i) => {
      this.#queue.push({ bytes, sent: i === chunks.length - 1 ? sent : undefined })
      this.#buffered += bytes.length
    })
    this.#wakeOther()
    this.#wantsDrain ||= this.#buffered > this.#parts.highWaterBytes
    return this.#buffered <= this.#parts.highWaterBytes
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.#expect()
  }

  end(): void {
    if (this.#closed || this.#ending) return
    this.#ending = true
    this.#wakeOther()
  }

  destroy(): void {
    this.#close(null)
    if (this.#other !== null) this.#other.#closeLater()
  }

  #wakeOther(): void {
    if (this.#other !== null) this.#other.#expect()
  }

  /** Something may have come for this side: look, later. */
  #expect(): void {
    if (this.#coming || this.#closed) return
    this.#coming = true
    this.#parts.defer(() => {
      this.#coming = false
      this.#receive()
    })
  }

  #receive(): void {
    const from = this.#other
    if (this.#closed || this.#paused || this.#receiver === null || from === null) return
    const next = from.#queue[0]
    if (next === undefined) {
      if (from.#ending) {
        this.#close(null)
        from.#close(null)
      }
      return
    }
    const count = next.bytes.length === 0 ? 0 : this.#take(next.bytes)
    from.#taken(next, count)
    this.#expect()
  }

  #take(bytes: Uint8Array): number {
    const space = (this.#receiver as NetReceiver).space()
    assert(space.length > 0, 'a receiver always has space')
    const most = Math.min(space.length, bytes.length)
    const count = Math.min(most, Math.max(1, this.#parts.cut(most)))
    space.set(bytes.subarray(0, count))
    this.#receiver?.received(count)
    return count
  }

  #taken(part: Outgoing, count: number): void {
    if (this.#queue[0] !== part) return
    this.#buffered -= count
    if (count < part.bytes.length) this.#queue[0] = { bytes: part.bytes.subarray(count), sent: part.sent }
    else {
      this.#queue.shift()
      part.sent?.()
    }
    if (!this.#wantsDrain || this.#buffered > 0) return
    this.#wantsDrain = false
    this.#receiver?.drained()
  }

  #closeLater(): void {
    this.#parts.defer(() => this.#close(null))
  }

  #close(fault: NetFault | null): void {
    if (this.#closed) return
    this.#closed = true
    const dropped = this.#queue.splice(0)
    this.#buffered = 0
    for (const part of dropped) part.sent?.()
    const receiver = this.#receiver
    this.#parts.defer(() => receiver?.closed(fault))
  }
}
