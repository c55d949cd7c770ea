/**
 * Walks batches laid end to end in a buffer: a fetched set, a piece of a segment, a round of the journal. Looks at
 * headers, at whole batches for their CRC if asked, never at records, and never past the end it was given. What to do
 * about a bad batch is the caller's decision: recovery, a follower and a consumer each differ (docs/reliability.md
 * A5-A9).
 */
import {
  type BatchHeader,
  batchCrcMatches,
  emptyBatchHeader,
  endOffset,
  HEADER_BYTES,
  MAGIC,
  readBatchHeader,
} from './header.ts'

/**
 * `end`: everything was walked. `partial`: a trailing batch is not whole, which is normal in a fetch and at a torn end.
 * `size`: a length that no batch can have. `magic`: not magic 2. `crc`: the sum does not fit. `range`: the last offset
 * lies before the first, or beyond 2^53. `order`: the batch starts before the end of the one it follows.
 */
export type WalkStop = 'end' | 'partial' | 'size' | 'magic' | 'crc' | 'range' | 'order'

export interface WalkOptions {
  /** Sum each batch too. Default false. */
  verifyCrc?: boolean
  /** The first batch may not start before this offset. Default: any. Gaps are legal, compaction leaves them. */
  minBaseOffset?: number
  /** Batches longer than this stop the walk with `size`. Bytes. Default: no bound but the buffer's. */
  maxBatchBytes?: number
}

/** A reusable walk: `reset`, then `next` until it says false, then look at `stop` and `position`. */
export class BatchWalk {
  /** Of the current batch; overwritten by `next`. */
  readonly header: BatchHeader = emptyBatchHeader()
  /** Start of the current batch; after the walk, of what was not walked (the end, or the bad batch). */
  position = 0
  /** Why the walk ended; `null` while it goes on. */
  stop: WalkStop | null = 'end'
  /** Batches walked since `reset`. */
  count = 0

  #bytes: Uint8Array = new Uint8Array(0)
  #following = 0
  #end = 0
  #minOffset = Number.NEGATIVE_INFINITY
  #maxBatchBytes = Number.POSITIVE_INFINITY
  #verifyCrc = false

  reset(bytes: Uint8Array, start: number, end: number, options: WalkOptions = {}): this {
    this.#bytes = bytes
    this.#following = start
    this.#end = Math.min(end, bytes.length)
    this.#minOffset = options.minBaseOffset ?? Number.NEGATIVE_INFINITY
    this.#maxBatchBytes = options.maxBatchBytes ?? Number.POSITIVE_INFINITY
    this.#verifyCrc = options.verifyCrc ?? false
    this.position = start
    this.stop = null
    this.count = 0
    return this
  }

  /** Moves to the next batch: true when it is whole and passed the checks, with `header` and `position` set. */
  next(): boolean {
    if (this.stop !== null) return false
    this.position = this.#following
    this.stop = this.#read()
    if (this.stop !== null) return false
    this.#following = this.position + this.header.sizeBytes
    this.#minOffset = endOffset(this.header)
    this.count++
    return true
  }

  #read(): WalkStop | null {
    const left = this.#end - this.position
    if (left === 0) return 'end'
    if (left < HEADER_BYTES) return 'partial'
    const header = readBatchHeader(this.#bytes, this.position, this.header)
    if (header.magic !== MAGIC) return 'magic'
    if (header.sizeBytes < HEADER_BYTES || header.sizeBytes > this.#maxBatchBytes) return 'size'
    if (header.sizeBytes > left) return 'partial'
    if (this.#verifyCrc && !batchCrcMatches(this.#bytes, this.position, header)) return 'crc'
    if (header.lastOffsetDelta < 0 || header.baseOffset < 0 || !Number.isSafeInteger(endOffset(header))) return 'range'
    return header.baseOffset < this.#minOffset ? 'order' : null
  }
}

/**
 * Calls `visit` for each whole batch with a header that is only valid during the call. Stops early, with stop `null`,
 * when it returns false. Returns where and why the walk ended.
 */
export function walkBatches(
  bytes: Uint8Array,
  range: { start: number; end: number } & WalkOptions,
  visit: (header: BatchHeader, position: number) => boolean | undefined | undefined,
): { stop: WalkStop | null; position: number; count: number } {
  const walk = new BatchWalk().reset(bytes, range.start, range.end, range)
  while (walk.next()) {
    if (visit(walk.header, walk.position) === false) break
  }
  return { stop: walk.stop, position: walk.position, count: walk.count }
}
