/**
 * Reads a segment's file ahead of whoever reads it from batch to batch: while one answer is summed and sent, the bytes of
 * the next are on their way. It begins with the second read that goes on where another ended, so that one look into a log
 * costs one read. What is fetched is neither checked nor served here: cold-read.ts takes it as if it had just been read.
 *
 * Owns the buffers of what was fetched and not asked for: few, the oldest given back first.
 */
import type { Offset } from '../base/units.ts'
import type { DescriptorCache } from './descriptors.ts'
import type { Log } from './log.ts'
import type { ReadBuffers } from './read-buffers.ts'
import type { Segment } from './segment.ts'

/** Readers whose place is remembered. */
const READERS_MAX = 64
/** Of these, as many have their next bytes fetched: each takes up to twice what a fetch asks for of one partition. */
const FETCHED_MAX = 8

/** Bytes of a segment's file, from `position` up to `end`. */
export interface FileRange {
  readonly position: number
  readonly end: number
}

export interface FileBytes {
  /** From `ReadBuffers`, and to be given back to them. */
  readonly buffer: Uint8Array
  /** Bytes that the file had. */
  readonly count: number
}

/** Where a reader is to go on: the batch that begins at `position` is the first that ends after `offset`. */
export interface Awaited {
  readonly segment: Segment
  readonly offset: Offset
  readonly position: number
  /** `log.cuts` when it was noted: after a cut the file may hold other bytes. */
  readonly cuts: number
  /** Resolves with null when nothing was fetched: whoever asks reads himself, and learns why. */
  readonly fetched: Promise<FileBytes | null> | null
}

export class ReadAhead {
  readonly #buffers: ReadBuffers
  readonly #descriptors: DescriptorCache
  /** Oldest first. */
  #awaited: Awaited[] = []
  #closed = false

  constructor(parts: { readonly buffers: ReadBuffers; readonly descriptors: DescriptorCache }) {
    this.#buffers = parts.buffers
    this.#descriptors = parts.descriptors
  }

  /** Bytes of the file, fewer where it ends. Rejects with a DiskFault. The log's files are held still. */
  async read(segment: Segment, { position, end }: FileRange): Promise<FileBytes> {
    const buffer = this.#buffers.take(end - position)
    try {
      const into = buffer.subarray(0, end - position)
      const count = await this.#descriptors.with(segment.file('log'), 'read', file => file.read(position, into))
      return { buffer, count }
    } catch (error) {
      this.#buffers.give(buffer)
      throw error
    }
  }

  /** What is known of a read that begins at the offset, when it goes on where another ended. Whoever takes it has its bytes. */
  take(log: Log, segment: Segment, offset: Offset): Awaited | null {
    const found = this.#awaited.find(each => each.segment === segment && each.offset === offset)
    if (found === undefined) return null
    if (found.cuts !== log.cuts) {
      void this.#drop(found)
      return null
    }
    this.#forget(found)
    return found
  }

  /**
   * A reader is to go on at the offset, where the range begins. `fetch`: what he will ask for is read now. The log's files
   * are held still.
   */
  expect(log: Log, segment: Segment, at: FileRange & { readonly offset: Offset }, fetch: boolean): void {
    const { offset, position, end } = at
    if (this.#closed || position >= end) return
    const other = this.#awaited.find(each => each.segment === segment && each.offset === offset)
    if (other !== undefined) {
      // Two readers at the same place: the first takes it, and the other reads.
      if (!fetch || other.fetched !== null) return
      this.#forget(other)
    }
    const reading = fetch ? log.files.sharedNow(() => this.read(segment, at)) : null
    const fetched = reading?.catch(() => null) ?? null
    this.#awaited.push({ segment, offset, position, cuts: log.cuts, fetched })
    const holders = this.#awaited.filter(each => each.fetched !== null)
    if (holders.length > FETCHED_MAX) void this.#drop(holders[0] as Awaited)
    if (this.#awaited.length > READERS_MAX) void this.#drop(this.#awaited[0] as Awaited)
  }

  /** Resolves when nothing is being read. */
  async close(): Promise<void> {
    this.#closed = true
    await Promise.all(this.#awaited.map(each => this.#drop(each)))
  }

  async #drop(awaited: Awaited): Promise<void> {
    this.#forget(awaited)
    const bytes = await awaited.fetched
    if (bytes !== null) this.#buffers.give(bytes.buffer)
  }

  #forget(awaited: Awaited): void {
    this.#awaited = this.#awaited.filter(each => each !== awaited)
  }
}
