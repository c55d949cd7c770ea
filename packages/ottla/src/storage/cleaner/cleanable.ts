/**
 * Which part of a log is to be compacted now, and how urgent that is. Only closed segments (J6) below the high watermark,
 * never above the producers that a checkpoint has (their batches are replayed at a start), and only what has waited for
 * `min.compaction.lag.ms`. Source: Kafka LogCleanerManager.cleanableOffsets, grabFilthiestCompactedLog; KIP-58, KIP-354.
 */
import type { Millis, Offset } from '../../base/units.ts'
import { emptyBatchHeader, HEADER_BYTES, readBatchHeader } from '../../wire/batch/header.ts'
import type { Log } from '../log.ts'
import { checkTimes } from '../log-scan.ts'
import type { Segment } from '../segment.ts'

export interface Cleanable {
  readonly log: Log
  /** First offset that was not compacted yet. */
  readonly from: Offset
  /** Where the segments that may be compacted end. Above `from`. */
  readonly upTo: Offset
  /** Share of the bytes below `upTo` that was not compacted yet. 0 to 1. */
  readonly dirtyRatio: number
}

/** Null when there is nothing to do, or not yet. */
export async function cleanableOf(log: Log, nowWallMs: Millis): Promise<Cleanable | null> {
  const { config } = log
  if (!config.cleanupPolicy.has('compact') || log.durability === 'memory') return null
  if (log.removed || log.followed || log.fault !== null || log.hooks === null) return null
  const from = firstDirty(log)
  const closed = closedBelow(log, Math.min(log.hooks.highWatermark(), log.producersOffset))
  const firstDirtyIndex = closed.findIndex((_, i) => endOf(log, i) > from)
  if (firstDirtyIndex === -1) return null
  const clean = closed.slice(0, firstDirtyIndex)
  const dirty = await settled(log, closed.slice(firstDirtyIndex), nowWallMs)
  const dirtyBytes = bytesOf(dirty)
  if (dirtyBytes === 0) return null
  const upTo = endOf(log, clean.length + dirty.length - 1)
  const dirtyRatio = dirtyBytes / (dirtyBytes + bytesOf(clean))
  const isDue = dirtyRatio > config.minCleanableDirtyRatio || (await waitsTooLong(log, dirty, nowWallMs))
  return isDue ? { log, from, upTo, dirtyRatio } : null
}

/** What the last pass knew counts as long as the log still is that log. */
function firstDirty(log: Log): Offset {
  const { cleanedTo, startOffset } = log
  return cleanedTo === null || cleanedTo > log.activeBase ? startOffset : Math.max(startOffset, cleanedTo)
}

function closedBelow(log: Log, bound: Offset): readonly Segment[] {
  const end = log.segments.findIndex((segment, i) => segment.state !== 'closed' || endOf(log, i) > bound)
  return log.segments.slice(0, end)
}

/** Base of the segment that follows; the last one is active, and never asked for. */
function endOf(log: Log, index: number): Offset {
  return log.segments[index + 1]?.baseOffset ?? Number.POSITIVE_INFINITY
}

/** Those before the first with a record that is too young. */
async function settled(log: Log, segments: readonly Segment[], nowWallMs: Millis): Promise<readonly Segment[]> {
  const lagMs = log.config.minCompactionLagMs
  if (lagMs === 0) return segments
  for (const [i, segment] of segments.entries()) {
    await checkTimes(log, segment)
    if (segment.index.maxTimestamp > nowWallMs - lagMs) return segments.slice(0, i)
  }
  return segments
}

async function waitsTooLong(log: Log, dirty: readonly Segment[], nowWallMs: Millis): Promise<boolean> {
  const lagMs = log.config.maxCompactionLagMs
  if (lagMs === Number.MAX_SAFE_INTEGER) return false
  for (const segment of dirty) {
    const firstMs = await firstTimestamp(log, segment)
    if (firstMs > 0 && firstMs < nowWallMs - lagMs) return true
  }
  return false
}

/** Of a segment that was there at start nobody has looked at the first batch. */
async function firstTimestamp(log: Log, segment: Segment): Promise<Millis> {
  const { index } = segment
  if (index.firstTimestamp !== -1 || segment.sizeBytes < HEADER_BYTES) return index.firstTimestamp
  const bytes = new Uint8Array(HEADER_BYTES)
  await log.files.shared(async () => {
    if (!log.segments.includes(segment)) return
    await log.host.descriptors.with(segment.file('log'), 'read', file => file.read(0, bytes))
    index.firstTimestamp = readBatchHeader(bytes, 0, emptyBatchHeader()).maxTimestamp
  })
  return index.firstTimestamp
}

function bytesOf(segments: readonly Segment[]): number {
  return segments.reduce((sum, segment) => sum + segment.sizeBytes, 0)
}
