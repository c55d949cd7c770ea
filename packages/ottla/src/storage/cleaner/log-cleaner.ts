/**
 * Compacts one log, in as many passes as the offset map needs. A pass notes the newest offset of each key from the first
 * offset that is not compacted yet, until the map is full or the range ends; then it rewrites every segment below that
 * without the records that later ones replace. Segments in which nothing changes stay as they are. What decides which log
 * is next is directory-cleaner.ts. Source: Kafka Cleaner.
 */
import { assert } from '../../base/assert.ts'
import type { Bytes, Millis, Offset } from '../../base/units.ts'
import { endOffset } from '../../wire/batch/header.ts'
import { RecordCursor } from '../../wire/batch/record-cursor.ts'
import type { Log } from '../log.ts'
import type { Segment } from '../segment.ts'
import type { Cleanable } from './cleanable.ts'
import { CleanedSegment } from './cleaned-segment.ts'
import { BatchFilter, type FilterRules, noteKeys } from './filter.ts'
import { groupSegments, type SegmentGroup } from './groups.ts'
import { HASH_SECRET_BYTES } from './key-hash.ts'
import { OffsetMap } from './offset-map.ts'
import type { Pace } from './pace.ts'
import { visitBatches } from './source.ts'
import { swapIn } from './swap.ts'

export interface CleanerOptions {
  /** What the offset map may take. Bytes. */
  readonly mapBytes: Bytes
  /** How full it gets. Above 0, below 1. */
  readonly loadFactor: number
  /** Read and written at a time. Bytes. */
  readonly bufferBytes: Bytes
  /** Read and written in a second, at most. */
  readonly bytesPerSecond: number
}

/** What one log's cleaning did. */
export interface Cleaned {
  passes: number
  keylessCount: number
  unreadableCount: number
}

export class LogCleaner {
  readonly done: Cleaned = { passes: 0, keylessCount: 0, unreadableCount: 0 }
  readonly #log: Log
  readonly #options: CleanerOptions
  readonly #pace: Pace
  readonly #nowMs: Millis
  readonly #cleanedTo: (offset: Offset) => Promise<void>
  /** Cuts of the log so far. */
  readonly #cuts: number
  readonly #cursor = new RecordCursor()

  constructor(
    log: Log,
    parts: {
      readonly options: CleanerOptions
      readonly pace: Pace
      /** By the wall. */
      readonly nowMs: Millis
      /** A pass is over: everything below is compacted. */
      readonly cleanedTo: (offset: Offset) => Promise<void>
    },
  ) {
    this.#log = log
    this.#cuts = log.cuts
    this.#options = parts.options
    this.#pace = parts.pace
    this.#nowMs = parts.nowMs
    this.#cleanedTo = parts.cleanedTo
  }

  /** Throws CleaningStopped, a StorageCorruption or a DiskFault; passes that were over before that count. */
  async clean({ from, upTo }: Cleanable): Promise<void> {
    for (let next = from; next < upTo; ) {
      const map = this.#newMap(upTo - next)
      const end = await this.#mapKeys(map, next, upTo)
      assert(end > next, 'every pass gets on', { next, end })
      await this.#rewriteBelow(end, map)
      await this.#cleanedTo(end)
      this.done.passes++
      next = end
    }
  }

  /** No larger than the keys of the range could need: most logs are small. */
  #newMap(offsets: number): OffsetMap {
    const { mapBytes, loadFactor } = this.#options
    const bytes = Math.min(mapBytes, OffsetMap.bytesFor(offsets, loadFactor))
    const secret = this.#log.host.env.crypto.randomBytes(HASH_SECRET_BYTES)
    return new OffsetMap({ bytes, loadFactor, secret })
  }

  /** Returns the first offset that was not mapped. */
  async #mapKeys(map: OffsetMap, from: Offset, upTo: Offset): Promise<Offset> {
    let fullAt: Offset | null = null
    const segments = [...this.#log.segments]
    for (const [i, segment] of segments.entries()) {
      const next = segments[i + 1]
      if (next === undefined || segment.baseOffset >= upTo) break
      if (next.baseOffset <= from) continue
      const isAll = await this.#visit(segment, async batch => {
        if (endOffset(batch.header) > from) {
          fullAt = await noteKeys(batch, this.#cursor, { map, from, pace: this.#pace })
        }
        return fullAt === null
      })
      if (!isAll) break
    }
    this.#cursor.release()
    return fullAt ?? upTo
  }

  async #rewriteBelow(end: Offset, map: OffsetMap): Promise<void> {
    const log = this.#log
    const rules: FilterRules = {
      map,
      mapEnd: end,
      nowMs: this.#nowMs,
      deleteRetentionMs: log.config.deleteRetentionMs,
      lastOffsets: lastOffsetsOf(log),
      pace: this.#pace,
    }
    const segments = log.segments.filter(segment => segment.baseOffset < end)
    // A segment whose transactions were aborted has an index of them, which belongs to it alone.
    const alone = new Set<Segment>()
    for (const segment of segments) {
      if ((await log.host.env.disk.stat(segment.file('txnindex'))) !== null) alone.add(segment)
    }
    for (const group of groupSegments(segments, log.config, alone)) {
      const [only] = group
      if (group.length > 1 || (only !== undefined && (await this.#changes(only, rules)))) {
        await this.#rewrite(group, rules)
      }
    }
  }

  /** Whether anything of the segment would go, or be written anew. */
  async #changes(segment: Segment, rules: FilterRules): Promise<boolean> {
    const filter = new BatchFilter(rules)
    return !(await this.#visit(segment, async batch => (await filter.judge(batch)) === 'keep'))
  }

  async #rewrite(group: SegmentGroup, rules: FilterRules): Promise<void> {
    const log = this.#log
    const [first, last] = [group[0] as Segment, group[group.length - 1] as Segment]
    const { bufferBytes } = this.#options
    const made = await CleanedSegment.create(log, first.baseOffset, { pace: this.#pace, bufferBytes })
    try {
      const filter = new BatchFilter(rules)
      for (const segment of group) {
        await this.#visit(segment, async batch => {
          const verdict = await filter.judge(batch)
          if (verdict === 'keep') await made.append(batch.bytes, batch.at)
          else if (verdict !== 'drop') await made.append(verdict, 0)
          return true
        })
      }
      const segment = await made.finish({ endOffset: last.endOffset, firstAppendAtMs: first.firstAppendAtMs })
      await log.host.exclusively(() => swapIn(log, group, { cleaned: segment, cuts: this.#cuts }))
      this.done.keylessCount += filter.keylessCount
      this.done.unreadableCount += filter.unreadableCount
    } finally {
      if (!log.segments.includes(made.segment)) await made.discard()
    }
  }

  #visit(segment: Segment, visit: Parameters<typeof visitBatches>[3]): Promise<boolean> {
    return visitBatches(this.#log, segment, { pace: this.#pace, stepBytes: this.#options.bufferBytes }, visit)
  }
}

/** Last offset of each producer's newest batch, as of the end of the log. */
function lastOffsetsOf(log: Log): ReadonlyMap<bigint, Offset> {
  const last = new Map<bigint, Offset>()
  for (const { producerId, batches } of log.hooks?.producers().entries ?? []) {
    const newest = batches.at(-1)
    if (newest !== undefined) last.set(producerId, newest.lastOffset)
  }
  return last
}
