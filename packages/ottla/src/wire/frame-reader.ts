/**
 * Splits a byte stream into Kafka frames (`int32 size`, then that many bytes) in place. Owns the memory of one
 * connection's unfinished frame. Knows nothing of what is in a frame.
 *
 * Memory: whole frames are handed over where they were received, in the shared buffer. Only what is left of a read, a
 * partial frame or frames that the sink would not take yet, moves to a buffer of its own, which grows with the bytes
 * received: a peer that declares 100 MB and sends one byte costs 1 KB. The rest of a partial frame is read into the
 * shared buffer as well, with what follows it, and copied: one long read costs less than two. A long rest is read
 * straight into its own buffer, and not beyond the frame's end.
 */
import { assert } from '../base/assert.ts'
import { type FrameMemory, uncleared } from './frame-memory.ts'

/** Length of the size that precedes each frame. Bytes. */
export const FRAME_SIZE_BYTES = 4
/** An own buffer is at most this many times the bytes received when it is made, or `FIRST_BYTES`. */
const GROWTH = 4
const FIRST_BYTES = 1024
/** The rest of a frame is long from this share of the shared buffer on: copying it would cost more than a read of its own. */
const LONG_REST_SHARE = 1 / 8

export interface FrameSink {
  /** False: leave this frame, and all after it, until `resume`. Asked once or more for every frame. */
  mayTake(bytes: Uint8Array, start: number, end: number): boolean
  /**
   * A whole frame, its size not included. Its bytes die when the call returns, unless the reader was made to `retain`.
   * May call `discard`.
   */
  take(bytes: Uint8Array, start: number, end: number): void
}

export interface FrameReaderOptions {
  readonly memory: FrameMemory
  /** A frame outside these sizes is a fault. Bytes. */
  readonly minFrameBytes: number
  readonly maxFrameBytes: number
  /** Hand every frame over in memory of its own that stays valid for as long as anyone holds it. */
  readonly retain?: boolean
}

/**
 * - `more`: everything received was used, or waits for the rest of its frame.
 * - `held`: the sink would not take a frame; call `resume` when it would, and stop reading meanwhile.
 * - `fault`: the stream is broken (a frame size out of bounds); nothing more may be read. See `fault`.
 */
export type FrameOutcome = 'more' | 'held' | 'fault'

export class FrameReader {
  readonly #memory: FrameMemory
  readonly #sink: FrameSink
  readonly #minFrameBytes: number
  readonly #maxFrameBytes: number
  readonly #retain: boolean
  /** Bytes `#start` to `#end` of `#own` are received and not taken; null when there are none. */
  #own: Uint8Array | null = null
  #start = 0
  #end = 0
  /** What `space` returned last, until it is filled. */
  #given: Uint8Array | null = null
  /** Memory that is free but for a part of it that is still given. */
  #orphan: Uint8Array | null = null
  #fault: string | null = null
  #discarded = false
  #splitting = false

  constructor(sink: FrameSink, options: FrameReaderOptions) {
    assert(options.maxFrameBytes >= options.minFrameBytes, 'frame bounds are in order')
    this.#sink = sink
    this.#memory = options.memory
    this.#minFrameBytes = options.minFrameBytes
    this.#maxFrameBytes = options.maxFrameBytes
    this.#retain = options.retain ?? false
  }

  /** Bytes received and not yet taken. */
  get heldBytes(): number {
    return this.#end - this.#start
  }

  /** Memory that those bytes occupy. */
  get ownBytes(): number {
    return this.#own?.byteLength ?? 0
  }

  /** Why the outcome was `fault`. */
  get fault(): string | null {
    return this.#fault
  }

  /** Where the next bytes go; at least one byte long. A socket may hold on to it for long before it fills it. */
  space(): Uint8Array {
    if (this.#orphan !== null) this.#memory.give(this.#orphan)
    this.#orphan = null
    this.#given = this.#readsToOwn() ? this.#spaceInOwn() : this.#memory.shared
    return this.#given
  }

  /** `count` bytes now stand at the start of the last `space()`. */
  received(count: number): FrameOutcome {
    const given = this.#given
    assert(given !== null && count <= given.byteLength, 'bytes arrive in the space that was given', { count })
    this.#given = null
    if (this.#discarded || this.#fault !== null) return this.#outcomeOfEnded()
    if (this.#own === null) return this.#splitReceived(given, 0, count)
    if (given.buffer === this.#own.buffer && given.byteOffset === this.#own.byteOffset + this.#end) {
      this.#end += count
      return this.#splitOwn()
    }
    return this.#splitAcross(given, count)
  }

  /** Goes on after `held`. */
  resume(): FrameOutcome {
    if (this.#own === null || this.#discarded || this.#fault !== null) return this.#outcomeOfEnded()
    return this.#splitOwn()
  }

  /** Drops what is held, and everything that comes after. */
  discard(): void {
    this.#discarded = true
    // While a frame of `#own` is being taken its memory is still read; `#splitOwn` gives it back afterwards.
    if (!this.#splitting) this.#dropOwn()
  }

  #readsToOwn(): boolean {
    if (this.#own === null) return false
    if (this.#isWhole()) return true
    const held = this.#end - this.#start
    return Math.min(this.#wantedEnd() - this.#end, held * (GROWTH - 1)) >= this.#memory.shared.length * LONG_REST_SHARE
  }

  #spaceInOwn(): Uint8Array {
    const own = this.#own as Uint8Array
    const wantedEnd = this.#wantedEnd()
    if (this.#end < own.byteLength && this.#start === 0) {
      return own.subarray(this.#end, Math.min(own.byteLength, wantedEnd))
    }
    const roomy = this.#makeRoom(wantedEnd)
    return roomy.subarray(this.#end, Math.min(roomy.byteLength, this.#wantedEnd()))
  }

  /** Nothing was held: frames are split where they were received, and what is left moves to an own buffer. */
  #splitReceived(bytes: Uint8Array, from: number, count: number): FrameOutcome {
    const used = this.#split(bytes, from, count)
    if (used === count || this.#discarded || this.#fault !== null) return this.#outcomeOfEnded()
    this.#own = this.#memory.take(this.#capacityFor(bytes, used, count))
    this.#own.set(bytes.subarray(used, count))
    this.#start = 0
    this.#end = count - used
    return this.#isWhole() ? 'held' : 'more'
  }

  /** What is held ends in `bytes`: that frame is put together, and those after it are split where they were received. */
  #splitAcross(bytes: Uint8Array, count: number): FrameOutcome {
    let from = 0
    while (this.#own !== null) {
      const to = this.#isWhole() ? count : Math.min(count, from + this.#wantedEnd() - this.#end)
      this.#append(bytes.subarray(from, to))
      const outcome = this.#splitOwn()
      from = to
      if (from === count || outcome === 'fault' || this.#discarded) return outcome
    }
    return this.#splitReceived(bytes, from, count)
  }

  #append(bytes: Uint8Array): void {
    const roomy = this.#makeRoom(this.#end + bytes.byteLength)
    if (roomy.byteLength - this.#end < bytes.byteLength) {
      this.#own = this.#memory.take(this.#end + bytes.byteLength)
      this.#own.set(roomy.subarray(0, this.#end))
      this.#memory.give(roomy)
    }
    ;(this.#own as Uint8Array).set(bytes, this.#end)
    this.#end += bytes.byteLength
  }

  #outcomeOfEnded(): FrameOutcome {
    return this.#fault === null ? 'more' : 'fault'
  }

  #splitOwn(): FrameOutcome {
    const own = this.#own
    assert(own !== null, 'bytes of our own are there to split')
    const used = this.#split(own, this.#start, this.#end)
    this.#start = used
    if (used === this.#end || this.#discarded || this.#fault !== null) {
      this.#dropOwn()
      return this.#outcomeOfEnded()
    }
    return this.#isWhole() ? 'held' : 'more'
  }

  /** Hands over whole frames from `from` on; returns where the first one that was not taken begins. */
  #split(bytes: Uint8Array, from: number, to: number): number {
    let at = from
    this.#splitting = true
    try {
      while (to - at >= FRAME_SIZE_BYTES) {
        const frameBytes = sizeAt(bytes, at)
        if (frameBytes < this.#minFrameBytes || frameBytes > this.#maxFrameBytes) {
          this.#fault = `frame of ${frameBytes} bytes; ${this.#minFrameBytes} to ${this.#maxFrameBytes} are allowed`
          break
        }
        const start = at + FRAME_SIZE_BYTES
        const end = start + frameBytes
        if (end > to || !this.#sink.mayTake(bytes, start, end)) break
        at = end
        this.#handOver(bytes, start, end)
        if (this.#discarded) break
      }
    } finally {
      this.#splitting = false
    }
    return at
  }

  #handOver(bytes: Uint8Array, start: number, end: number): void {
    if (!this.#retain) {
      this.#sink.take(bytes, start, end)
    } else if (bytes !== this.#own || end < this.#end) {
      const copy = uncleared(end - start)
      copy.set(bytes.subarray(start, end))
      this.#sink.take(copy, 0, copy.byteLength)
    } else {
      // The last frame of an own buffer: the sink keeps the buffer, and it is never given back.
      this.#own = null
      this.#sink.take(bytes, start, end)
    }
  }

  #dropOwn(): void {
    if (this.#own !== null) this.#giveBack(this.#own)
    this.#own = null
    this.#start = 0
    this.#end = 0
  }

  /** Memory that a socket may still fill must not get a new owner. */
  #giveBack(memory: Uint8Array): void {
    if (this.#given !== null && this.#given.buffer === memory.buffer) this.#orphan = memory
    else this.#memory.give(memory)
  }

  #isWhole(): boolean {
    return this.#end - this.#start >= FRAME_SIZE_BYTES && this.#end >= this.#frameEnd()
  }

  /** Where the first frame of `#own` ends; its size must have been received. */
  #frameEnd(): number {
    return this.#start + FRAME_SIZE_BYTES + sizeAt(this.#own as Uint8Array, this.#start)
  }

  /** Up to where the next read may go: the end of the partial frame, or a little further when whole frames are held. */
  #wantedEnd(): number {
    if (this.#end - this.#start < FRAME_SIZE_BYTES) return this.#start + FRAME_SIZE_BYTES
    return this.#isWhole() ? this.#end + FIRST_BYTES : this.#frameEnd()
  }

  #capacityFor(bytes: Uint8Array, start: number, end: number): number {
    const held = end - start
    const wanted = held < FRAME_SIZE_BYTES ? FRAME_SIZE_BYTES : sizeAt(bytes, start) + FRAME_SIZE_BYTES
    return Math.max(held + 1, Math.min(wanted, Math.max(FIRST_BYTES, held * GROWTH)))
  }

  /** Moves what is held to the start of memory that has room for more, up to `wantedEnd`. */
  #makeRoom(wantedEnd: number): Uint8Array {
    const own = this.#own as Uint8Array
    const held = this.#end - this.#start
    const wanted = wantedEnd - this.#start
    if (wanted <= own.byteLength) {
      if (this.#start > 0) own.copyWithin(0, this.#start, this.#end)
    } else {
      const larger = this.#memory.take(Math.max(held + 1, Math.min(wanted, Math.max(FIRST_BYTES, held * GROWTH))))
      larger.set(own.subarray(this.#start, this.#end))
      this.#memory.give(own)
      this.#own = larger
    }
    this.#start = 0
    this.#end = held
    return this.#own as Uint8Array
  }
}

function sizeAt(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
}
