/**
 * One client connection: frames in, requests to handlers, replies out in the order of the requests. Owns the order, the
 * limits of one connection and its end. What a request means is for broker/api.
 *
 * Walk of a request: `received` > FrameReader splits in place > `take` checks key and version, decodes header and body
 * as views, runs the handler up to its first await (Produce has appended by then) > `#answer` encodes into the
 * request's slot > ReplyQueue sends it when all before it were sent. Unlike Apache Kafka, which works on one request of
 * a connection at a time, those behind it are begun meanwhile.
 *
 * When a limit is hit the connection stops reading until: replies leave (`progressed`), storage has room (`onRoom`), or
 * other connections had their turn (a timer).
 */
import { Bug } from '../../base/assert.ts'
import { DecodeError } from '../../base/cursor.ts'
import type { Millis } from '../../base/units.ts'
import type { NetAddress, NetConnection, NetFault, NetReceiver } from '../../ports/net.ts'
import type { BrokerServices } from '../../runtime/services.ts'
import { type FrameOutcome, FrameReader, type FrameSink } from '../../wire/frame-reader.ts'
import type { Reply, Served } from '../api/handler.ts'
import { CloseSignal } from './close-signal.ts'
import type { ConnectionShared } from './connection-shared.ts'
import * as limits from './limits.ts'
import { ReplyQueue, type ReplyQueueEvents } from './reply-queue.ts'
import { apiKeyAt, decodeRequest, encodeReply, movesRecords, PRODUCE_KEY, REQUEST_BYTES_MIN } from './request-codec.ts'
import type { RequestConnection, RequestContext } from './request-context.ts'

/** Why the broker ended a connection. */
export type EndReason = 'idle' | 'protocol' | 'slow-reader' | 'slow-request' | 'no-room' | 'refused-write' | 'failed'

export class Connection implements NetReceiver, FrameSink, RequestConnection, ReplyQueueEvents {
  readonly id: number
  readonly listener: string
  readonly signal = new CloseSignal()
  readonly #shared: ConnectionShared
  readonly #net: NetConnection
  readonly #frames: FrameReader
  readonly #replies: ReplyQueue
  readonly #onEnd: (connection: Connection) => void
  /** Set: no request is begun any more, and the connection ends when the replies owed have left. */
  #ending = false
  /** Set: the frame reader holds frames that it was not allowed to hand over. */
  #held = false
  #paused = false
  #stopWaitingForRoom: (() => void) | null = null
  /** Since when storage has no room for its next request, or null. */
  #noRoomSince: Millis | null = null
  #cancelTurn: (() => void) | null = null
  #turnFrames = 0
  /** Requests that move no records and are not answered yet. */
  #othersInWork = 0
  #flushIsDue = false
  #reservedBytes = 0
  /** When a request came or a reply left. */
  #lastActiveAt: Millis
  /** When the first bytes of the unfinished frame came; null when there is none, or when it is us who do not read. */
  #frameSince: Millis | null = null

  constructor(
    shared: ConnectionShared,
    net: NetConnection,
    options: { readonly id: number; readonly listener: string; readonly onEnd: (connection: Connection) => void },
  ) {
    this.id = options.id
    this.listener = options.listener
    this.#onEnd = options.onEnd
    this.#shared = shared
    this.#net = net
    this.#frames = new FrameReader(this, {
      memory: shared.memory,
      minFrameBytes: REQUEST_BYTES_MIN,
      maxFrameBytes: shared.limits.requestBytesMax,
    })
    this.#replies = new ReplyQueue(net, this)
    this.#lastActiveAt = this.now()
  }

  get services(): BrokerServices {
    return this.#shared.services
  }

  get peer(): NetAddress {
    return this.#net.peer
  }

  now(): Millis {
    return this.#shared.services.clock.monoMs()
  }

  reserve(bytes: number): number {
    const left = limits.UNSENT_BYTES_MAX - this.#reservedBytes - this.#replies.unsentBytes
    const granted = Math.max(0, Math.min(bytes, left, this.#shared.meter.unsentBytesLeft))
    this.#reservedBytes += granted
    this.#shared.meter.addUnsent(granted)
    return granted
  }

  unreserve(bytes: number): void {
    this.#reservedBytes -= bytes
    this.#shared.meter.addUnsent(-bytes)
  }

  // What the socket says.

  space(): Uint8Array {
    return this.#frames.space()
  }

  received(count: number): void {
    if (this.signal.closed) return
    this.#shared.meter.received(count)
    this.#turnFrames = 0
    this.#guard(() => this.#settle(this.#frames.received(count)))
  }

  drained(): void {
    // Nothing: ReplyQueue is paced by what each write reports as sent.
  }

  closed(_fault: NetFault | null): void {
    if (this.signal.closed) return
    this.#cancelTurn?.()
    this.#stopWaitingForRoom?.()
    this.#frames.discard()
    this.#guard(() => {
      this.signal.fire()
      this.#replies.close()
    })
    this.#onEnd(this)
  }

  // What FrameReader asks and gives.

  mayTake(bytes: Uint8Array, start: number, _end: number): boolean {
    if (this.#ending || this.signal.closed) return false
    if (this.#replies.slots >= limits.IN_WORK_MAX || this.#replies.unsentBytes >= limits.UNSENT_BYTES_MAX) return false
    const apiKey = apiKeyAt(bytes, start)
    if (this.#othersInWork >= limits.OTHERS_IN_WORK_MAX && !movesRecords(apiKey)) return false
    if (apiKey === PRODUCE_KEY && !this.services.partitions.hasRoom()) {
      this.#waitForRoom()
      return false
    }
    if (this.#turnFrames >= limits.FRAMES_PER_TURN) {
      this.#cancelTurn ??= this.services.clock.after(0, () => {
        this.#cancelTurn = null
        this.#advance()
      })
      return false
    }
    return true
  }

  take(bytes: Uint8Array, start: number, end: number): void {
    this.#turnFrames++
    this.#frameSince = null
    this.#noRoomSince = null
    this.#lastActiveAt = this.now()
    const slot = this.#replies.open()
    let decoded: ReturnType<typeof decodeRequest>
    try {
      decoded = decodeRequest(this.#shared, this, { bytes, start, end, slot })
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      this.#drop('protocol', error.message)
      return
    }
    if (decoded.kind === 'refused') this.#drop('protocol', decoded.why)
    else if (decoded.kind === 'answered') this.#replies.fill(slot, decoded.chunks)
    else this.#run(decoded.served, decoded.context, decoded.request)
  }

  // What ReplyQueue tells.

  progressed(): void {
    this.#lastActiveAt = this.now()
    if (this.#ending) this.#endWhenAnswered()
    else if (this.#held && this.#cancelTurn === null) this.#advance()
  }

  unsent(delta: number): void {
    this.#shared.meter.addUnsent(delta)
  }

  // What the listener asks.

  /** Begins no further request; ends when those begun are answered. */
  finish(): void {
    if (this.#ending || this.signal.closed) return
    this.#ending = true
    this.#pause()
    this.#guard(() => {
      this.signal.hurry()
      this.#endWhenAnswered()
    })
  }

  /** Ends now, whatever is owed. */
  destroy(): void {
    this.#ending = true
    this.#frames.discard()
    this.#replies.close()
    this.#net.destroy()
  }

  /** Ends the connection when it has been idle, or has held up a request or a reply, for too long. */
  sweep(now: Millis): void {
    const stalledSince = this.#replies.stalledSince
    if (stalledSince !== null && now - stalledSince >= limits.SLOW_READER_MS) {
      this.#drop('slow-reader', `took none of ${this.#replies.unsentBytes} bytes for ${limits.SLOW_READER_MS} ms`)
    } else if (this.#frameSince !== null && this.#isSlowFrame(now - this.#frameSince)) {
      this.#drop(
        'slow-request',
        `${this.#frames.heldBytes} bytes of a request in ${Math.round(now - this.#frameSince)} ms`,
      )
    } else if (this.#noRoomSince !== null && now - this.#noRoomSince >= limits.NO_ROOM_MS) {
      this.#drop('no-room', `storage had no room for its next request for ${limits.NO_ROOM_MS} ms`)
    } else if (this.#isOwedNothing() && now - this.#lastActiveAt >= this.#shared.limits.idleMs) {
      this.#drop('idle', `nothing asked or answered for ${this.#shared.limits.idleMs} ms`)
    }
  }

  #isOwedNothing(): boolean {
    return this.#replies.slots === 0 && this.#replies.unsentBytes === 0
  }

  #isSlowFrame(ageMs: Millis): boolean {
    return ageMs >= limits.FRAME_GRACE_MS && this.#frames.heldBytes * 1000 < ageMs * limits.FRAME_BYTES_PER_SECOND_MIN
  }

  #run(served: Served, context: RequestContext, request: unknown): void {
    let reply: ReturnType<Served['handle']>
    try {
      reply = served.handle(context, request)
    } catch (error) {
      this.#failed(context, error)
      return
    }
    if (!(reply instanceof Promise)) {
      this.#answer(context, reply)
      return
    }
    const isOther = movesRecords(context.api.key) ? 0 : 1
    this.#othersInWork += isOther
    reply.then(
      ready => {
        this.#othersInWork -= isOther
        this.#guard(() => this.#answer(context, ready))
        this.#flushSoon()
      },
      error => this.#failed(context, error),
    )
  }

  #answer(context: RequestContext, reply: Reply<unknown>): void {
    if (this.#replies.isClosed) {
      context.returnReplyBytes()
      reply.release?.()
      return
    }
    let chunks: Uint8Array[]
    try {
      chunks = encodeReply(this.#shared, context, reply)
    } catch (error) {
      reply.release?.()
      this.#failed(context, error)
      return
    }
    context.returnReplyBytes()
    this.#shared.meter.answered(this.#replies.fill(context.slot, chunks, reply.release))
    if (reply.close === undefined) return
    this.#log('refused-write', reply.close)
    this.finish()
  }

  /** A handler threw, or its reply cannot be written: a Bug stops the process; a peer's bad bytes, or a case nobody thought of, end the connection. */
  #failed(context: RequestContext, error: unknown): void {
    context.returnReplyBytes()
    if (error instanceof Bug) this.services.fatal(error)
    const why = error instanceof Error ? error.message : String(error)
    this.#drop(
      error instanceof DecodeError ? 'protocol' : 'failed',
      `${context.api.name} v${context.apiVersion}: ${why}`,
    )
  }

  /** Runs what the socket or a promise called; nothing there catches what it throws. */
  #guard(run: () => void): void {
    try {
      run()
    } catch (error) {
      this.services.fatal(error)
      this.#net.destroy()
    }
  }

  /** Replies that become ready in the same round of promises leave in one write. */
  #flushSoon(): void {
    if (this.#flushIsDue) return
    this.#flushIsDue = true
    Promise.resolve().then(() => {
      this.#flushIsDue = false
      this.#guard(() => {
        this.#replies.flush()
        this.progressed()
      })
    })
  }

  /** Takes held frames up again. */
  #advance(): void {
    if (this.#ending || this.signal.closed || !this.#held) return
    this.#turnFrames = 0
    this.#guard(() => this.#settle(this.#frames.resume()))
  }

  #settle(outcome: FrameOutcome): void {
    this.#held = outcome === 'held'
    if (this.signal.closed) return
    this.#replies.flush()
    if (outcome === 'fault') {
      this.#drop('protocol', this.#frames.fault ?? 'broken stream')
    } else if (this.#ending) {
      this.#endWhenAnswered()
    } else if (this.#held) {
      this.#frameSince = null
      this.#pause()
    } else {
      if (this.#frames.heldBytes > 0) this.#frameSince ??= this.now()
      this.#resume()
    }
  }

  #pause(): void {
    if (this.#paused) return
    this.#paused = true
    this.#net.pause()
  }

  #resume(): void {
    if (!this.#paused) return
    this.#paused = false
    this.#net.resume()
  }

  #waitForRoom(): void {
    this.#noRoomSince ??= this.now()
    this.#stopWaitingForRoom ??= this.services.partitions.onRoom(() => {
      this.#stopWaitingForRoom?.()
      this.#stopWaitingForRoom = null
      this.#noRoomSince = null
      this.#advance()
    })
  }

  #endWhenAnswered(): void {
    this.#replies.flush()
    // What the socket was given it sends before it closes.
    if (this.#replies.slots === 0) this.#net.end()
  }

  #drop(reason: EndReason, why: string): void {
    if (this.signal.closed) return
    this.#log(reason, why)
    this.destroy()
  }

  #log(reason: EndReason, why: string): void {
    this.#shared.meter.dropped()
    this.services.observe.log(
      reason === 'failed' ? 'error' : reason === 'idle' ? 'debug' : 'warn',
      'connection.ended',
      {
        reason,
        why,
        connection: this.id,
        listener: this.listener,
        peer: `${this.peer.host}:${this.peer.port}`,
      },
    )
  }
}
