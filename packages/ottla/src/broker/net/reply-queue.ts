/**
 * The replies of one connection: whatever order they become ready in, they leave in the order of their requests.
 * Hands the socket a bounded window of bytes at a time, so that progress, or the lack of it, is seen even within one
 * large reply. Replies that become ready together leave in one write. Does not close anything.
 */
import { assert } from '../../base/assert.ts'
import type { Millis } from '../../base/units.ts'
import type { NetConnection } from '../../ports/net.ts'

/** Bytes per write, and bytes given to the socket that may be unsent. */
const PIECE_BYTES = 1024 * 1024
const WINDOW_BYTES = 2 * PIECE_BYTES

/** A place in the order. */
export interface ReplySlot {
  /** Null until the reply is ready. */
  chunks: readonly Uint8Array[] | null
  bytes: number
  release: (() => void) | undefined
  next: ReplySlot | null
}

export interface ReplyQueueEvents {
  now(): Millis
  /** Bytes left, or a reply without bytes had its turn: there may be room for more requests. */
  progressed(): void
  /** The bytes that wait to be sent grew, or shrank where `delta` is negative. */
  unsent(delta: number): void
}

export class ReplyQueue {
  readonly #connection: NetConnection
  readonly #events: ReplyQueueEvents
  #head: ReplySlot | null = null
  #tail: ReplySlot | null = null
  /** First byte of the head's chunks that was not written yet. */
  #chunkIndex = 0
  #chunkAt = 0
  #slots = 0
  #unsentBytes = 0
  #windowBytes = 0
  #flushing = false
  #closed = false
  #progressAt: Millis = 0

  constructor(connection: NetConnection, events: ReplyQueueEvents) {
    this.#connection = connection
    this.#events = events
  }

  /** Requests without a reply handed to the socket. */
  get slots(): number {
    return this.#slots
  }

  /** Bytes of ready replies that have not left the process. */
  get unsentBytes(): number {
    return this.#unsentBytes
  }

  /** Since when the socket has taken nothing of what it was given, or null when nothing waits. */
  get stalledSince(): Millis | null {
    return this.#windowBytes === 0 ? null : this.#progressAt
  }

  /** Closed: replies are dropped before they are encoded. */
  get isClosed(): boolean {
    return this.#closed
  }

  open(): ReplySlot {
    const slot: ReplySlot = { chunks: null, bytes: 0, release: undefined, next: null }
    if (this.#tail === null) this.#head = slot
    else this.#tail.next = slot
    this.#tail = slot
    this.#slots++
    return slot
  }

  /**
   * The reply of `slot` is ready. It leaves with the next `flush` that finds all before it ready too. Gives its bytes.
   */
  fill(slot: ReplySlot, chunks: readonly Uint8Array[], release?: () => void): number {
    assert(slot.chunks === null, 'a request is answered once')
    assert(!this.#closed, 'nobody is answered who is gone')
    let bytes = 0
    for (const chunk of chunks) bytes += chunk.length
    slot.chunks = chunks
    slot.bytes = bytes
    slot.release = release
    this.#addUnsent(bytes)
    return bytes
  }

  /** Gives the socket what is ready, as far as the window goes. */
  flush(): void {
    if (this.#flushing || this.#closed) return
    this.#flushing = true
    try {
      while (!this.#closed && this.#windowBytes < WINDOW_BYTES && this.#head !== null && this.#head.chunks !== null) {
        this.#writePiece()
      }
    } finally {
      this.#flushing = false
    }
  }

  /** Drops what was not given to the socket. What was is released by the socket's own `sent`. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    for (let slot = this.#head; slot !== null; slot = slot.next) slot.release?.()
    this.#addUnsent(this.#windowBytes - this.#unsentBytes)
    this.#head = null
    this.#tail = null
    this.#slots = 0
  }

  #addUnsent(delta: number): void {
    this.#unsentBytes += delta
    this.#events.unsent(delta)
  }

  #writePiece(): void {
    const piece: Uint8Array[] = []
    const releases: (() => void)[] = []
    let bytes = 0
    while (bytes < PIECE_BYTES && this.#head !== null && this.#head.chunks !== null) {
      bytes += this.#takeChunk(this.#head, this.#head.chunks, PIECE_BYTES - bytes, piece)
      if (this.#chunkIndex === this.#head.chunks.length) this.#retire(this.#head, releases)
    }
    if (piece.length === 0) {
      for (const release of releases) release()
      return
    }
    if (this.#windowBytes === 0) this.#progressAt = this.#events.now()
    this.#windowBytes += bytes
    this.#connection.write(piece, () => this.#sent(bytes, releases))
  }

  #sent(bytes: number, releases: readonly (() => void)[]): void {
    this.#windowBytes -= bytes
    this.#addUnsent(-bytes)
    for (const release of releases) release()
    if (this.#closed) return
    this.#progressAt = this.#events.now()
    this.flush()
    this.#events.progressed()
  }

  /** Moves up to `bytesMax` bytes of the head's next chunk into `piece`. */
  #takeChunk(head: ReplySlot, chunks: readonly Uint8Array[], bytesMax: number, piece: Uint8Array[]): number {
    if (head.bytes === 0) {
      this.#chunkIndex = chunks.length
      return 0
    }
    const chunk = chunks[this.#chunkIndex] as Uint8Array
    const bytes = Math.min(chunk.length - this.#chunkAt, bytesMax)
    piece.push(bytes === chunk.length ? chunk : chunk.subarray(this.#chunkAt, this.#chunkAt + bytes))
    this.#chunkAt += bytes
    if (this.#chunkAt === chunk.length) {
      this.#chunkIndex++
      this.#chunkAt = 0
    }
    return bytes
  }

  #retire(head: ReplySlot, releases: (() => void)[]): void {
    if (head.release !== undefined) releases.push(head.release)
    this.#head = head.next
    if (this.#head === null) this.#tail = null
    this.#slots--
    this.#chunkIndex = 0
    this.#chunkAt = 0
  }
}
