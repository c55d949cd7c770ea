/** For tests of this folder: a socket in the test's hands, and services that hold no data. */

import { ManualClock } from '../../adapters/memory/clock.ts'
import { CollectingObserve } from '../../adapters/memory/observe.ts'
import { Reader, Writer } from '../../base/cursor.ts'
import type { NetAddress, NetConnection, NetReceiver } from '../../ports/net.ts'
import type { BrokerServices } from '../../runtime/services.ts'
import { FrameMemory } from '../../wire/frame-memory.ts'
import { ApiTable } from '../api/api-table.ts'
import type { Served } from '../api/handler.ts'
import { Connection } from './connection.ts'
import type { NetLimits } from './limits.ts'
import { NetMeter } from './net-meter.ts'

/** The broker's end of a connection. Written bytes leave when the test says so. */
export class HandSocket implements NetConnection {
  readonly local: NetAddress = { host: '127.0.0.1', port: 9092 }
  readonly peer: NetAddress = { host: '127.0.0.1', port: 50_000 }
  receiver: NetReceiver | null = null
  isPaused = false
  isEnded = false
  isDestroyed = false
  /** One entry for each write. */
  readonly writes: Uint8Array[] = []
  /** Writes leave at once; else with `send`. */
  sendsAtOnce = true
  readonly #unsent: (() => void)[] = []

  get bufferedBytes(): number {
    return this.#unsent.length === 0 ? 0 : 1
  }

  /** Everything written, in order. */
  get written(): Uint8Array {
    return Uint8Array.from(Buffer.concat(this.writes))
  }

  write(chunks: readonly Uint8Array[], sent?: () => void): boolean {
    this.writes.push(Uint8Array.from(Buffer.concat(chunks)))
    if (this.sendsAtOnce || this.receiver === null) Promise.resolve().then(() => sent?.())
    else this.#unsent.push(() => sent?.())
    return this.sendsAtOnce
  }

  /** The oldest write leaves. */
  send(): void {
    this.#unsent.shift()?.()
  }

  pause(): void {
    this.isPaused = true
  }

  resume(): void {
    this.isPaused = false
  }

  end(): void {
    this.isEnded = true
    this.#close()
  }

  destroy(): void {
    this.isDestroyed = true
    this.#close()
  }

  /** Gives the receiver bytes, at most `atMost` at a time, for as long as it reads. Returns what it did not take. */
  deliver(bytes: Uint8Array, atMost = Number.POSITIVE_INFINITY): Uint8Array {
    let rest = bytes
    while (rest.length > 0 && !this.isPaused && this.receiver !== null) {
      const space = this.receiver.space()
      const count = Math.min(space.length, rest.length, atMost)
      space.set(rest.subarray(0, count))
      this.receiver.received(count)
      rest = rest.subarray(count)
    }
    return rest
  }

  #close(): void {
    const { receiver } = this
    this.receiver = null
    for (const sent of this.#unsent.splice(0)) sent()
    receiver?.closed(null)
  }
}

/** Lets promises that can settle do so. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve()
}

/** The replies in a byte stream, without their sizes. */
export function replyFrames(bytes: Uint8Array): Uint8Array[] {
  const frames: Uint8Array[] = []
  const reader = new Reader(bytes)
  while (reader.remaining > 0) frames.push(reader.view(reader.int32()))
  return frames
}

export function correlationIdsIn(bytes: Uint8Array): number[] {
  return replyFrames(bytes).map(frame => new Reader(frame).int32())
}

/** A connection over a socket in the test's hands, with the handlers given. */
export class Bench {
  readonly clock = new ManualClock()
  readonly observe = new CollectingObserve()
  readonly socket = new HandSocket()
  readonly fatals: unknown[] = []
  readonly connection: Connection
  readonly meter: NetMeter
  ended = 0
  hasRoom = true
  readonly #roomListeners = new Set<() => void>()

  constructor(served: readonly Served[], limits: Partial<NetLimits> = {}) {
    this.meter = new NetMeter(this.observe)
    const shared = {
      services: this.#services(),
      apis: new ApiTable(served),
      limits: {
        requestBytesMax: 1_000_000,
        idleMs: 600_000,
        connectionsMax: 100,
        connectionsPerAddressMax: 100,
        connectionsPerSecond: 100,
        ...limits,
      },
      memory: new FrameMemory(),
      meter: this.meter,
      reader: new Reader(),
      writer: new Writer(),
    }
    const onEnd = () => {
      this.ended++
    }
    this.connection = new Connection(shared, this.socket, { id: 1, listener: 'PLAINTEXT', onEnd })
    this.socket.receiver = this.connection
  }

  /** Whether the connection is gone once so much time has passed and it was looked at. */
  isDroppedAfter(ms: number): boolean {
    this.clock.advance(ms)
    this.connection.sweep(this.clock.monoMs())
    return this.socket.isDestroyed
  }

  /** Storage can take more again. */
  makeRoom(): void {
    this.hasRoom = true
    for (const listener of [...this.#roomListeners]) listener()
  }

  #services(): BrokerServices {
    const partitions = {
      hasRoom: () => this.hasRoom,
      onRoom: (listener: () => void) => {
        this.#roomListeners.add(listener)
        return () => this.#roomListeners.delete(listener)
      },
    }
    const services = {
      clock: this.clock,
      observe: this.observe,
      partitions,
      fatal: (why: unknown) => this.fatals.push(why),
    }
    return services as unknown as BrokerServices
  }
}
