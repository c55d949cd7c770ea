/** Walks over a log's batches and records: headers from an offset on, the record of a time, the latest record. */
import type { Millis, Offset } from '../base/units.ts'
import { BatchError, CompressionError } from '../wire/batch/errors.ts'
import { type BatchHeader, endOffset, hasDeleteHorizon, isLogAppendTime } from '../wire/batch/header.ts'
import { forEachRecord } from '../wire/batch/iterate.ts'
import { BatchWalk } from '../wire/batch/walk.ts'
import { StorageCorruption, type TimestampedOffset } from './env.ts'
import { completeIndex, remakeIndex } from './index-files.ts'
import type { Log } from './log.ts'
import type { Segment } from './segment.ts'
import type { TimeEntry } from './segment-index.ts'

/** Read at once while walking. Bytes. */
const STEP_BYTES = 1024 * 1024

export async function visitHeaders(
  log: Log,
  from: Offset,
  visit: (header: BatchHeader, bytes: Uint8Array, at: number) => void,
): Promise<void> {
  await walkLog(log, { from, upTo: log.endOffset }, (header, bytes, at) => {
    visit(header, bytes, at)
    return true
  })
}

/** Calls `visit` on each batch of the range until it says false. */
async function walkLog(
  log: Log,
  range: { readonly from: Offset; readonly upTo: Offset },
  visit: (header: BatchHeader, bytes: Uint8Array, at: number) => boolean,
): Promise<void> {
  let from = Math.max(range.from, log.segments[0]?.baseOffset ?? 0)
  while (from < range.upTo) {
    const reading = log.read(from, { upTo: range.upTo, maxBytes: STEP_BYTES, minOneBatch: true })
    const read = reading instanceof Promise ? await reading : reading
    try {
      if (read.bytes === 0) return
      for (const chunk of read.chunks) {
        const walk = new BatchWalk().reset(chunk, 0, chunk.length)
        while (walk.next()) {
          from = endOffset(walk.header)
          if (!visit(walk.header, chunk, walk.position)) return
        }
      }
    } finally {
      read.release()
    }
  }
}

export function findTimestamp(log: Log, timestampMs: Millis, upTo: Offset): Promise<TimestampedOffset | null> {
  return overSameSegments(log, () => timestampIn(log, timestampMs, upTo))
}

/** Segments may be removed or compacted while they are walked over one by one: then what was found counts for nothing. */
async function overSameSegments<T>(log: Log, look: () => Promise<T>): Promise<T> {
  for (;;) {
    const { changes } = log
    const found = await look()
    if (changes === log.changes) return found
  }
}

async function timestampIn(log: Log, timestampMs: Millis, upTo: Offset): Promise<TimestampedOffset | null> {
  let found: TimestampedOffset | null = null
  for (const segment of [...log.segments]) {
    if (segment.baseOffset >= upTo) break
    if (segment.endOffset <= log.startOffset) continue
    await checkTimes(log, segment)
    if (segment.index.maxTimestamp < timestampMs) continue
    // Everything up to there is earlier than what is looked for.
    const before = await entryBefore(log, segment, timestampMs)
    const from = Math.max(log.startOffset, segment.baseOffset, before === null ? 0 : before.offset + 1)
    await walkLog(log, { from, upTo: Math.min(upTo, segment.endOffset) }, (header, bytes, at) => {
      if (header.maxTimestamp < timestampMs) return true
      found = firstRecord(
        log,
        { bytes, at },
        record => record.timestamp >= timestampMs && record.offset >= log.startOffset,
      )
      return found === null
    })
    if (found !== null) return found
  }
  return null
}

/** Makes the index available, and sure that its largest time is one that a batch has. */
export async function checkTimes(log: Log, segment: Segment): Promise<void> {
  await withFiles(log, segment, () => completeIndex(log, segment))
  const { index } = segment
  if (!index.timesUnchecked) return
  const entry = { timestamp: index.maxTimestamp, offset: index.maxTimestampOffset }
  if (!(await entryFits(log, entry))) await withFiles(log, segment, () => remakeIndex(log, segment))
  index.timesUnchecked = false
}

/** Does nothing for a segment that is not part of the log any more: its names may stand for others. */
function withFiles(log: Log, segment: Segment, work: () => Promise<void>): Promise<void> {
  return log.files.shared(async () => {
    if (log.segments.includes(segment)) await work()
  })
}

/** An entry that says too early a time would hide records: the batch that it names is looked at. */
async function entryBefore(log: Log, segment: Segment, timestampMs: Millis): Promise<TimeEntry | null> {
  const entry = segment.index.timeBefore(timestampMs)
  if (entry === null || (await entryFits(log, entry))) return entry
  await withFiles(log, segment, () => remakeIndex(log, segment))
  return segment.index.timeBefore(timestampMs)
}

async function entryFits(log: Log, entry: TimeEntry): Promise<boolean> {
  let fits = false
  await walkLog(log, { from: entry.offset, upTo: entry.offset + 1 }, header => {
    fits = header.maxTimestamp === entry.timestamp && endOffset(header) === entry.offset + 1
    return false
  })
  return fits
}

export function findMaxTimestamp(log: Log, upTo: Offset): Promise<TimestampedOffset | null> {
  return overSameSegments(
    log,
    async () => (await maxTimestampIn(log, upTo)) ?? (await maxTimestampOfRecords(log, upTo)),
  )
}

/** Null also when the batch with the largest time has no record any more. */
async function maxTimestampIn(log: Log, upTo: Offset): Promise<TimestampedOffset | null> {
  let best: { timestamp: Millis; offset: Offset } = { timestamp: -1, offset: -1 }
  for (const segment of [...log.segments]) {
    if (segment.baseOffset >= upTo) break
    if (segment.endOffset <= log.startOffset) continue
    await checkTimes(log, segment)
    const candidate = await segmentMaximum(log, segment, upTo)
    if (candidate.timestamp > best.timestamp) best = candidate
  }
  if (best.offset === -1) return null
  let found: TimestampedOffset | null = null
  await walkLog(log, { from: best.offset, upTo }, (_, bytes, at) => {
    found = firstRecord(
      log,
      { bytes, at },
      record => record.timestamp === best.timestamp && record.offset >= log.startOffset,
    )
    return false
  })
  return found
}

/** By looking at every batch: compaction empties the last batch of a producer, and leaves it its time. */
async function maxTimestampOfRecords(log: Log, upTo: Offset): Promise<TimestampedOffset | null> {
  let found: TimestampedOffset | null = null
  await walkLog(log, { from: log.startOffset, upTo }, (header, bytes, at) => {
    if (header.recordsCount === 0 || header.maxTimestamp <= (found?.timestamp ?? -1)) return true
    const matches = (record: Seen) => record.timestamp === header.maxTimestamp && record.offset >= log.startOffset
    found = firstRecord(log, { bytes, at }, matches) ?? found
    return true
  })
  return found
}

/** The largest time in the segment of what can be read, and an offset of a batch that has it. */
async function segmentMaximum(
  log: Log,
  segment: Segment,
  upTo: Offset,
): Promise<{ timestamp: Millis; offset: Offset }> {
  const { index } = segment
  if (index.maxTimestampOffset >= log.startOffset && segment.endOffset <= upTo) {
    return { timestamp: index.maxTimestamp, offset: index.maxTimestampOffset }
  }
  const below = index.maxTimestampBelow(upTo)
  const known = below !== null && below.offset >= log.startOffset ? below : null
  let best = known ?? { timestamp: -1, offset: -1 }
  const from = known === null ? Math.max(log.startOffset, segment.baseOffset) : known.offset
  await walkLog(log, { from, upTo: Math.min(upTo, segment.endOffset) }, header => {
    if (header.maxTimestamp > best.timestamp) best = { timestamp: header.maxTimestamp, offset: endOffset(header) - 1 }
    return true
  })
  return best
}

interface Seen {
  readonly offset: Offset
  readonly timestamp: Millis
}

function firstRecord(
  log: Log,
  batch: { readonly bytes: Uint8Array; readonly at: number },
  matches: (record: Seen) => boolean,
): TimestampedOffset | null {
  let found: TimestampedOffset | null = null
  try {
    const header = forEachRecord(
      batch.bytes,
      batch.at,
      record => {
        if (!matches(record)) return true
        found = { offset: record.offset, timestamp: record.timestamp, leaderEpoch: -1 }
        return false
      },
      { verifyCrc: false },
    )
    return found === null ? null : { ...(found as TimestampedOffset), leaderEpoch: header.partitionLeaderEpoch }
  } catch (error) {
    if (!(error instanceof BatchError || error instanceof CompressionError)) throw error
    // A producer's batch whose records cannot be read was stored as it came: its header is all there is to go by.
    return headerAsRecord(log, batch, matches)
  }
}

function headerAsRecord(
  log: Log,
  batch: { readonly bytes: Uint8Array; readonly at: number },
  matches: (record: Seen) => boolean,
): TimestampedOffset | null {
  const walk = new BatchWalk().reset(batch.bytes, batch.at, batch.bytes.length)
  if (!walk.next()) throw new StorageCorruption(log.path, log.startOffset, 'a batch that was read is no batch')
  const { header } = walk
  const isBaseTime = !isLogAppendTime(header) && !hasDeleteHorizon(header)
  const timestamp = isBaseTime ? header.baseTimestamp : header.maxTimestamp
  const record = { offset: header.baseOffset, timestamp }
  return matches(record) ? { ...record, leaderEpoch: header.partitionLeaderEpoch } : null
}
