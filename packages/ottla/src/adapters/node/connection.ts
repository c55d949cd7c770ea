/** One TCP connection as the Net port has it. Owns the socket once `open` was called. */
import type { Socket } from 'node:net'
import { assert } from '../../base/assert.ts'
import type { NetAddress, NetConnection, NetFault, NetReceiver } from '../../ports/net.ts'
import { netFaultOf } from './net-faults.ts'

/**
 * Where a socket's first read goes: Node asks for that memory before there is a receiver. One for all, since what is read
 * is copied out before another socket's turn.
 */
const firstRead = new Uint8Array(65_536)

/** How long a peer may take to close its side after we closed ours, while what it still sends is thrown away. */
const LINGER_MS = 1_000

export class NodeConnection implements NetConnection {
  #socket: Socket | null = null
  #receiver: NetReceiver | null = null
  #local: NetAddress = { host: '', port: 0 }
  #peer: NetAddress = { host: '', port: 0 }
  #paused = false
  #fault: NetFault | null = null
  #closed = false
  #ending = false
  #lingering: NodeJS.Timeout | undefined

  /** For the socket's constructor. The memory asked for is the receiver's, anew before each read. */
  readonly onread = {
    buffer: (): Uint8Array => {
      this.#reading = this.#closed || this.#ending ? firstRead : (this.#receiver?.space() ?? firstRead)
      return this.#reading
    },
    callback: (count: number): boolean => {
      if (this.#reading === firstRead) this.#copyIn(firstRead.subarray(0, count))
      else if (!this.#ending) this.#receiver?.received(count)
      return true
    },
  }
  #reading: Uint8Array = firstRead

  /**
   * Asks for the receiver and begins to read; false when the connection is refused. `readsItself`: the socket was made
   * with `onread`.
   */
  open(socket: Socket, readsItself: boolean, receive: (connection: NetConnection) => NetReceiver | null): boolean {
    this.#socket = socket
    this.#local = { host: socket.localAddress ?? '', port: socket.localPort ?? 0 }
    this.#peer = { host: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 }
    const receiver = receive(this)
    if (receiver === null) return false
    this.#receiver = receiver
    socket.on('error', error => {
      this.#fault = netFaultOf(error, this.peer)
    })
    socket.on('drain', () => this.#receiver?.drained())
    socket.on('close', () => this.#ended())
    if (!readsItself) socket.on('data', chunk => this.#copyIn(chunk))
    if (!this.#paused) socket.resume()
    return true
  }

  get local(): NetAddress {
    return this.#local
  }

  get peer(): NetAddress {
    return this.#peer
  }

  get bufferedBytes(): number {
    return this.#socket?.writableLength ?? 0
  }

  write(chunks: readonly Uint8Array[], sent?: () => void): boolean {
    const socket = this.#socket
    if (socket === null || this.#closed || this.#ending || socket.destroyed || chunks.length === 0) {
      if (sent !== undefined) queueMicrotask(sent)
      return true
    }
    if (chunks.length === 1) return socket.write(chunks[0] as Uint8Array, sent && (() => sent()))
    socket.cork()
    let all = true
    const last = chunks.length - 1
    chunks.forEach((chunk, i) => {
      all = i === last && sent !== undefined ? socket.write(chunk, () => sent()) : socket.write(chunk)
    })
    socket.uncork()
    return all
  }

  pause(): void {
    this.#paused = true
    if (!this.#ending) this.#socket?.pause()
  }

  resume(): void {
    this.#paused = false
    this.#socket?.resume()
  }

  /**
   * Closing a socket with unread input makes the system send a reset, and a reset takes back what the peer has not read
   * yet: so the rest of the input is read and thrown away until the peer closes too.
   */
  end(): void {
    const socket = this.#socket
    if (socket === null || this.#ending) return
    this.#ending = true
    socket.end(() => {
      this.#lingering = setTimeout(() => socket.destroy(), LINGER_MS)
      if (this.#closed) clearTimeout(this.#lingering)
    })
    socket.resume()
  }

  destroy(): void {
    this.#socket?.destroy()
  }

  #ended(): void {
    if (this.#closed) return
    this.#closed = true
    clearTimeout(this.#lingering)
    this.#receiver?.closed(this.#fault)
  }

  #copyIn(chunk: Uint8Array): void {
    let at = 0
    while (at < chunk.length && this.#receiver !== null && !this.#closed && !this.#ending) {
      const space = this.#receiver.space()
      assert(space.length > 0, 'a receiver always has space')
      const part = chunk.subarray(at, at + space.length)
      space.set(part)
      at += part.length
      this.#receiver.received(part.length)
    }
  }
}
