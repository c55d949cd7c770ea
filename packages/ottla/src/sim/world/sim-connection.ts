/**
 * One end of a simulated connection. Written bytes wait in the process until the system takes them (`sent`), travel, and
 * wait at the other end until its process reads them.
 */
import { assert } from '../../base/assert.ts'
import { type NetAddress, type NetConnection, NetFault, type NetReceiver } from '../../ports/net.ts'
import type { SimNetwork } from './net.ts'
import type { ProcessLife } from './process-life.ts'
import type { Micros } from './scheduler.ts'

/** What a link brings at once at most. */
const PIECE_BYTES_MAX = 65_536

interface Written {
  readonly bytes: Uint8Array
  readonly sent: (() => void) | undefined
}

export class SimConnection implements NetConnection {
  readonly local: NetAddress
  readonly peer: NetAddress
  readonly life: ProcessLife
  readonly #network: SimNetwork
  #other: SimConnection | null = null
  #receiver: NetReceiver | null = null
  /** Written here, not yet taken by the system. */
  #written: Written[] = []
  #bufferedBytes = 0
  /** Taken by the system here, not yet read by the other end. Bytes. */
  #travellingBytes = 0
  #lastArrival: Micros = 0
  /** Arrived here, not yet read. */
  #arrived: Uint8Array[] = []
  #reading = false
  #taking = false
  #wantsDrain = false
  #paused = false
  #ending = false
  /** The other end has ended, and everything it sent has arrived. */
  #peerEnded = false
  #closed = false

  constructor(network: SimNetwork, life: ProcessLife, { local, peer }: { local: NetAddress; peer: NetAddress }) {
    this.#network = network
    this.life = life
    this.local = local
    this.peer = peer
  }

  pairWith(other: SimConnection): void {
    this.#other = other
    other.#other = this
    this.#network.opened(this)
    this.#network.opened(other)
  }

  begin(receiver: NetReceiver): void {
    this.#receiver = receiver
    this.#read()
  }

  get bufferedBytes(): number {
    return this.#bufferedBytes
  }

  write(chunks: readonly Uint8Array[], sent?: () => void): boolean {
    if (this.#closed || this.#ending || chunks.length === 0 || !this.life.alive) {
      if (sent !== undefined) this.#soon('net.sent', sent)
      return true
    }
    chunks.forEach((bytes, i) => {
      this.#written.push({ bytes, sent: i === chunks.length - 1 ? sent : undefined })
      this.#bufferedBytes += bytes.length
    })
    this.#takeSoon()
    const full = this.#bufferedBytes > this.#network.weather.windowBytes
    this.#wantsDrain ||= full
    return !full
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.#read()
  }

  end(): void {
    if (this.#closed || this.#ending) return
    this.#ending = true
    this.#takeSoon()
  }

  destroy(): void {
    if (this.#closed) return
    if (this.#other !== null) this.#other.#resetLater()
    this.#close(null)
  }

  /** Both ends are told, and what was under way is lost. */
  reset(): void {
    this.#resetLater()
    if (this.#other !== null) this.#other.#resetLater()
  }

  #resetLater(): void {
    const fault = new NetFault('reset', 'the connection was reset', this.peer)
    this.#network.scheduler.at(this.#network.arrival(), 'net.reset', () => this.#close(fault))
  }

  #soon(label: string, run: () => void): void {
    this.#network.scheduler.after(this.#network.rng.int(1, 30), label, this.life.guard(run))
  }

  #takeSoon(): void {
    if (this.#taking || this.#closed) return
    this.#taking = true
    this.#soon('net.take', () => {
      this.#taking = false
      this.#take()
    })
  }

  /** The system takes what its window has room for, and sends it in pieces. */
  #take(): void {
    const { weather, rng } = this.#network
    while (!this.#closed && this.#written.length > 0 && this.#travellingBytes < weather.windowBytes) {
      const { bytes, sent } = this.#written[0] as Written
      const room = weather.windowBytes - this.#travellingBytes
      const count = Math.min(bytes.length, room, rng.int(1, rng.chance(0.2) ? weather.pieceBytesMax : PIECE_BYTES_MAX))
      this.#send(Uint8Array.from(bytes.subarray(0, count)))
      this.#bufferedBytes -= count
      if (count < bytes.length) this.#written[0] = { bytes: bytes.subarray(count), sent }
      else {
        this.#written.shift()
        sent?.()
      }
    }
    if (this.#closed || this.#written.length > 0) return
    if (this.#wantsDrain) {
      this.#wantsDrain = false
      this.#receiver?.drained()
    }
    if (this.#ending && !this.#closed) this.#sendEnd()
  }

  #send(piece: Uint8Array): void {
    this.#travellingBytes += piece.length
    this.#network.scheduler.at(this.#arrivalInOrder(), 'net.piece', () => {
      if (this.#other !== null) this.#other.#arrive(piece)
    })
  }

  #sendEnd(): void {
    this.#network.scheduler.at(this.#arrivalInOrder(), 'net.end', () => {
      const other = this.#other
      if (other === null) return
      other.#peerEnded = true
      other.#read()
    })
  }

  #arrivalInOrder(): Micros {
    this.#lastArrival = Math.max(this.#network.arrival(), this.#lastArrival + 1)
    return this.#lastArrival
  }

  #arrive(piece: Uint8Array): void {
    if (this.#closed) return
    this.#arrived.push(piece)
    this.#read()
  }

  #read(): void {
    if (this.#reading || this.#closed) return
    this.#reading = true
    this.#soon('net.read', () => {
      this.#reading = false
      this.#readNow()
    })
  }

  #readNow(): void {
    const receiver = this.#receiver
    while (receiver !== null && !this.#closed && !this.#paused) {
      const piece = this.#arrived[0]
      if (piece === undefined) break
      const space = receiver.space()
      assert(space.length > 0, 'a receiver always has space', {})
      const count = Math.min(space.length, piece.length)
      space.set(piece.subarray(0, count))
      if (count < piece.length) this.#arrived[0] = piece.subarray(count)
      else this.#arrived.shift()
      this.#network.scheduler.trace.add('net.received', count, this.local.port, this.peer.port)
      receiver.received(count)
      if (this.#other !== null) this.#other.#wasRead(count)
    }
    if (receiver === null || !this.#peerEnded || this.#arrived.length > 0 || this.#paused) return
    if (this.#other !== null) this.#other.#close(null)
    this.#close(null)
  }

  #wasRead(count: number): void {
    this.#travellingBytes -= count
    if (this.#written.length > 0) this.#takeSoon()
  }

  #close(fault: NetFault | null): void {
    if (this.#closed) return
    this.#closed = true
    this.#network.ended(this)
    const dropped = this.#written.splice(0)
    this.#bufferedBytes = 0
    this.#arrived = []
    this.#soon('net.closed', () => {
      for (const { sent } of dropped) sent?.()
      this.#receiver?.closed(fault)
    })
  }
}
