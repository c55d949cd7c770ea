/**
 * A connection between its accept and its turn: it is not read from, and it is served when the pace of new connections
 * allows it and the broker is up. From then on everything goes to the real receiver.
 */
import type { Millis } from '../../base/units.ts'
import type { Clock } from '../../ports/clock.ts'
import type { NetConnection, NetFault, NetReceiver } from '../../ports/net.ts'

/** Room for what may still come after reading was paused. Bytes. */
const EARLY_BYTES = 4096

export interface WaitingEvents {
  /** Makes the real receiver. */
  start(): NetReceiver
  isReady(): boolean
  /** Closed before it was started. */
  gone(): void
}

export class WaitingConnection implements NetReceiver {
  readonly #net: NetConnection
  readonly #events: WaitingEvents
  #connection: NetReceiver | null = null
  #early: Uint8Array[] = []
  #space: Uint8Array | null = null
  /** The last space given was ours. */
  #spaceIsOurs = false
  #cancelTurn: (() => void) | null = null
  #turnCame = false
  #closed = false

  constructor(net: NetConnection, events: WaitingEvents) {
    this.#net = net
    this.#events = events
  }

  waitFor(delayMs: Millis, clock: Clock): void {
    if (delayMs > 0) {
      this.#cancelTurn = clock.after(delayMs, () => this.#takeTurn())
    } else {
      this.#takeTurn()
    }
  }

  tryStart(): void {
    if (!this.#turnCame || this.#closed || this.#connection !== null || !this.#events.isReady()) return
    this.#connection = this.#events.start()
    const early = this.#early
    this.#early = []
    for (const bytes of early) replay(this.#connection, bytes)
  }

  destroy(): void {
    this.#net.destroy()
  }

  space(): Uint8Array {
    this.#spaceIsOurs = this.#connection === null
    if (this.#connection !== null) return this.#connection.space()
    this.#space ??= new Uint8Array(EARLY_BYTES)
    return this.#space
  }

  /** What was on its way when reading was paused, or still comes in the space given before, is kept and handed on. */
  received(count: number): void {
    if (this.#connection === null) {
      if (this.#space !== null) this.#early.push(this.#space.slice(0, count))
    } else if (this.#spaceIsOurs && this.#space !== null) {
      replay(this.#connection, this.#space.subarray(0, count))
    } else {
      this.#connection.received(count)
    }
  }

  drained(): void {
    this.#connection?.drained()
  }

  closed(fault: NetFault | null): void {
    this.#closed = true
    this.#cancelTurn?.()
    if (this.#connection !== null) this.#connection.closed(fault)
    else this.#events.gone()
  }

  #takeTurn(): void {
    this.#cancelTurn = null
    this.#turnCame = true
    this.tryStart()
  }
}

function replay(connection: NetReceiver, bytes: Uint8Array): void {
  let at = 0
  while (at < bytes.length) {
    const space = connection.space()
    const count = Math.min(space.length, bytes.length - at)
    space.set(bytes.subarray(at, at + count))
    connection.received(count)
    at += count
  }
}
