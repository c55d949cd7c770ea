/**
 * One segment of a log: a range of offsets, its files and what is known of them. Whether its newest bytes are in the file
 * yet is piece.ts and write-back.ts; rules for rolling are here. Source: Kafka LogSegment.
 */
import type { Millis, Offset } from '../base/units.ts'
import type { Disk } from '../ports/disk.ts'
import type { TopicConfig } from '../spec/config/topic.ts'
import { type BatchHeader, endOffset, lastOffset } from '../wire/batch/header.ts'
import { SegmentIndex } from './segment-index.ts'

/** Positions in a segment, and offsets relative to its base, are 32-bit signed numbers in the index files. */
const INT32_MAX = 0x7fff_ffff

/**
 * active: takes appends. sealed: takes none, its bytes are on their way to the disk. closed (J6): trimmed to its last
 * byte, indexed, and all of that synced.
 */
export type SegmentState = 'active' | 'sealed' | 'closed'

/** Extensions of the files a segment can have; the snapshot is the producer state at its base offset. */
export const SEGMENT_FILES = ['log', 'index', 'timeindex', 'txnindex', 'snapshot'] as const
export type SegmentFile = (typeof SEGMENT_FILES)[number]

export class Segment {
  readonly baseOffset: Offset
  /** Path of its files without the extension. */
  stem: string
  readonly index: SegmentIndex
  state: SegmentState = 'active'
  /** Where the next batch goes. Bytes. */
  sizeBytes = 0
  /** First offset after its last batch; the base when it has none. */
  endOffset: Offset
  /** Bytes from the start that are in the file, synced or not. */
  writtenBytes = 0
  /** Written to since the last sync. */
  unsynced = false
  /** The file's name is durable in its folder. */
  named = false
  /** When the first batch was appended, by the broker's clock, for topics whose batches carry no time. */
  firstAppendAtMs: Millis = -1
  /**
   * Set while its batches lie under the name of a swap: the offset at which the segments end that it replaces. See
   * cleaner/swap.ts.
   */
  swapEnd: Offset | null = null
  /** Random delay subtracted from `segment.ms`. */
  readonly jitterMs: Millis

  constructor(folder: string, baseOffset: Offset, jitterMs: Millis = 0) {
    this.baseOffset = baseOffset
    this.endOffset = baseOffset
    this.stem = `${folder}/${segmentName(baseOffset)}`
    this.index = new SegmentIndex(baseOffset)
    this.jitterMs = jitterMs
  }

  file(kind: SegmentFile): string {
    return kind === 'log' && this.swapEnd !== null ? swapFile(this.stem, this.swapEnd) : `${this.stem}.${kind}`
  }

  /** Its files lie in another folder from now on. */
  moveTo(folder: string): void {
    this.stem = `${folder}/${segmentName(this.baseOffset)}`
  }

  /** A batch goes to the segment's end. Returns its position. */
  note(header: BatchHeader, intervalBytes: number): number {
    const position = this.sizeBytes
    this.index.note(header, position, intervalBytes)
    this.sizeBytes += header.sizeBytes
    this.endOffset = endOffset(header)
    return position
  }

  /** Whether the batch must go to a new segment. */
  mustRoll(header: BatchHeader, config: TopicConfig, nowMs: Millis): boolean {
    if (lastOffset(header) - this.baseOffset > INT32_MAX) return true
    if (this.sizeBytes === 0) return false
    if (this.sizeBytes > config.segmentBytes - header.sizeBytes) return true
    if (this.sizeBytes + header.sizeBytes > INT32_MAX) return true
    return this.isDue(config, header.maxTimestamp, nowMs) || this.index.isFull(config.segmentIndexBytes)
  }

  /** Whether it is old enough to be rolled: by the times of its batches, or by the clock when they have none. */
  isDue(config: TopicConfig, timestamp: Millis, nowMs: Millis): boolean {
    if (this.sizeBytes === 0) return false
    const first = this.index.firstTimestamp
    const ageMs = first >= 0 ? timestamp - first : nowMs - this.firstAppendAtMs
    // What waits in the active segment is not compacted: it ends in time for `max.compaction.lag.ms` (KIP-354).
    const lagMs = config.cleanupPolicy.has('compact') ? config.maxCompactionLagMs : Number.POSITIVE_INFINITY
    return ageMs > Math.min(config.segmentMs, lagMs) - this.jitterMs
  }
}

/** A segment before the active one: complete, indexed, synced. */
export function closeFound(segment: Segment, all: readonly Segment[]): void {
  const next = all[all.indexOf(segment) + 1]
  segment.state = 'closed'
  segment.endOffset = next?.baseOffset ?? segment.baseOffset
  segment.index.noteFrom = segment.sizeBytes
  segment.index.coveredBytes = segment.sizeBytes
  segment.index.stored = { entries: 'all', timeEntries: 'all', coveredBytes: segment.sizeBytes }
}

/** Twenty digits: file names sort by offset. */
export function segmentName(baseOffset: Offset): string {
  return String(baseOffset).padStart(20, '0')
}

/** Name of a cleaned segment's batches until the segments up to `end` that it replaces are gone. */
export function swapFile(stem: string, end: Offset): string {
  return `${stem}.${segmentName(end)}.log.swap`
}

/** Base offset and kind of a segment's file, or null for any other name. */
export function parseSegmentFile(name: string): { readonly baseOffset: Offset; readonly kind: SegmentFile } | null {
  const found = /^(\d{20})\.(log|index|timeindex|txnindex|snapshot)$/.exec(name)
  if (found === null) return null
  const baseOffset = Number(found[1])
  return Number.isSafeInteger(baseOffset) ? { baseOffset, kind: found[2] as SegmentFile } : null
}

/** Removes all files of the segment, those there are. The folder is not synced. */
export async function removeSegmentFiles(disk: Disk, segment: Segment): Promise<void> {
  for (const kind of SEGMENT_FILES) await disk.remove(segment.file(kind))
}
