/**
 * Removal of old segments (J6): only closed ones, the oldest first, never past the high watermark. Source of the rules:
 * Kafka UnifiedLog.deleteOldSegments.
 */
import type { Millis, Offset } from '../base/units.ts'
import type { Log } from './log.ts'
import { checkTimes } from './log-scan.ts'
import { SEGMENT_FILES, type Segment } from './segment.ts'

export const DELETED_FILE_SUFFIX = '.deleted'

/** Each in turn, until the directory fails. Runs alone in it. True when some are to be looked at again after a checkpoint. */
export async function retainLogs(logs: readonly Log[], nowWallMs: Millis): Promise<boolean> {
  let again = false
  for (const log of logs) {
    if (log.host.fault !== null) throw log.host.fault
    if (await retainLog(log, nowWallMs)) again = true
  }
  return again
}

/** Runs alone in the directory. True when the log should be looked at again after a checkpoint. */
export async function retainLog(log: Log, nowWallMs: Millis): Promise<boolean> {
  if (log.removed || log.fault !== null || log.startHeld) return false
  const highWatermark = log.hooks?.highWatermark() ?? log.startOffset
  const { doomed, newStart } = await chooseDoomed(log, nowWallMs, highWatermark)
  if (doomed.length > 0) await removeOldest(log, doomed, newStart)
  return rollWhenDue(log, nowWallMs, highWatermark)
}

/** A segment that only waits for its end to be deleted, or rolled, because nobody writes any more. */
async function rollWhenDue(log: Log, nowWallMs: Millis, highWatermark: Offset): Promise<boolean> {
  const { active } = log
  if (active.sizeBytes === 0 || log.endOffset > highWatermark) return false
  const expired = log.segments.length === 1 && (await isExpired(log, active, nowWallMs))
  if (!expired) return false
  log.roll(log.endOffset)
  return true
}

async function chooseDoomed(
  log: Log,
  nowWallMs: Millis,
  highWatermark: Offset,
): Promise<{ doomed: Segment[]; newStart: Offset }> {
  const deletes = log.config.cleanupPolicy.has('delete')
  const { retentionBytes } = log.config
  let surplusBytes = deletes && retentionBytes >= 0 ? log.sizeBytes - retentionBytes : 0
  const doomed: Segment[] = []
  let newStart = log.startOffset
  for (let i = 0; i + 1 < log.segments.length; i++) {
    const segment = log.segments[i] as Segment
    const next = log.segments[i + 1] as Segment
    if (segment.state !== 'closed' || next.baseOffset > highWatermark) break
    const tooMuch = surplusBytes >= segment.sizeBytes && surplusBytes > 0
    const below = next.baseOffset <= log.startOffset
    if (!below && !tooMuch && !(deletes && (await isExpired(log, segment, nowWallMs)))) break
    surplusBytes -= segment.sizeBytes
    doomed.push(segment)
    newStart = Math.max(newStart, next.baseOffset)
  }
  return { doomed, newStart }
}

async function isExpired(log: Log, segment: Segment, nowWallMs: Millis): Promise<boolean> {
  const { retentionMs, cleanupPolicy } = log.config
  if (retentionMs < 0 || !cleanupPolicy.has('delete')) return false
  await checkTimes(log, segment)
  let newestMs = segment.index.maxTimestamp
  if (newestMs < 0) {
    // Batches without a time are as old as the file.
    const stat = log.durability === 'memory' ? null : await log.host.env.disk.stat(segment.file('log'))
    newestMs = stat?.modifiedAtMs ?? segment.firstAppendAtMs
  }
  return nowWallMs - newestMs > retentionMs
}

/** The new start is durable before a file goes; files left by a crash lie below it and go at the next start. */
async function removeOldest(log: Log, doomed: readonly Segment[], newStart: Offset): Promise<void> {
  const { host } = log
  if (newStart > log.startOffset) await log.startAt(newStart)
  const renamed = await log.files.alone(() => takeAway(log, doomed))
  const { topic, partition } = log.id
  host.env.observe.log('info', 'log.segments-deleted', {
    topic,
    partition,
    segments: doomed.length,
    startOffset: newStart,
  })
  if (log.durability === 'memory') return
  host.changed(log)
  host.removeLater(renamed, log.config.fileDeleteDelayMs)
}

/** Takes the oldest segments out of the log. Returns the names that their files have now. */
async function takeAway(log: Log, doomed: readonly Segment[]): Promise<readonly string[]> {
  log.segments.splice(0, doomed.length)
  log.changes++
  log.tail.dropSegments(new Set(doomed))
  const renamed: string[] = []
  if (log.durability === 'memory') return renamed
  for (const segment of doomed) {
    for (const kind of SEGMENT_FILES) {
      const path = segment.file(kind)
      log.host.descriptors.forget(path)
      if ((await log.host.env.disk.stat(path)) === null) continue
      await log.host.env.disk.rename(path, path + DELETED_FILE_SUFFIX)
      renamed.push(path + DELETED_FILE_SUFFIX)
    }
  }
  return renamed
}
