/**
 * Cutting the end of a log (J2): the record is durable in the journal before any file changes. A crash before that leaves
 * the old end, a crash after it is completed by replay; in between nothing is appended.
 */
import { assert } from '../base/assert.ts'
import { planted } from '../base/planted.ts'
import type { Offset } from '../base/units.ts'
import { finishSwaps } from './cleaner/swap.ts'
import { segmentOf } from './cold-read.ts'
import { findBatchPosition } from './find-batch.ts'
import { completeIndex, scanInto } from './index-files.ts'
import { RecordKind } from './journal/format.ts'
import type { Log } from './log.ts'
import { removeSegmentFiles, SEGMENT_FILES, type Segment } from './segment.ts'

/** Runs alone in the directory. */
export async function truncateLog(log: Log, offset: Offset): Promise<void> {
  log.throwFault()
  assert(offset >= log.startOffset, 'a log is not cut below its start', { offset, startOffset: log.startOffset })
  if (offset >= log.endOffset) return
  if (log.durability === 'memory') {
    await truncateMemory(log, offset)
    return
  }
  const { host } = log
  await host.pageCache.drain()
  await host.writeBack.flush(log, log.end)
  log.throwFault()
  await finishSwaps(log)
  if (log.cleanedTo !== null && log.cleanedTo > offset) {
    // What is appended from here on was never compacted, whatever its offsets.
    log.cleanedTo = offset
    await host.cleaner.takeBackOffsets()
  }
  const segment = log.segments[segmentOf(log, offset)] as Segment
  const position = await findBatchPosition(log, segment, offset)
  try {
    if (!planted('truncation-not-journaled')) {
      await host.record(log, RecordKind.truncate, { offset, segmentBase: segment.baseOffset, position })
    }
    host.changed(log)
    await applyCut(log, segment, { offset, position })
    // Replay would cut again what is appended to such a log afterwards: the journal does not have it.
    if (log.durability !== 'disk') await host.checkpointNow()
  } catch (error) {
    // Journal and files say different things now, until the next start makes them agree.
    host.failed(error)
    throw error
  }
}

async function applyCut(
  log: Log,
  segment: Segment,
  to: { readonly offset: Offset; readonly position: number },
): Promise<void> {
  const later = log.segments.splice(log.segments.indexOf(segment) + 1)
  log.changes++
  log.tail.drop()
  log.endCut(to.offset)
  segment.endOffset = to.offset
  await removeFiles(log, later)
  await cutSegment(log, segment, to.position)
}

async function cutSegment(log: Log, segment: Segment, position: number): Promise<void> {
  const { host } = log
  await completeIndex(log, segment)
  const hasFile = segment.named || segment.writtenBytes > 0
  segment.state = 'active'
  segment.sizeBytes = position
  segment.writtenBytes = position
  const from = segment.index.cut(position, segment.endOffset)
  if (!hasFile) return
  await host.descriptors.with(segment.file('log'), 'cached', async file => {
    await file.truncate(position)
    await file.sync()
  })
  await scanInto(log, segment, { index: segment.index, from, to: position })
}

/** Removes all files of the segments; the folder is synced. */
export async function removeFiles(log: Log, segments: readonly Segment[]): Promise<void> {
  if (segments.length === 0) return
  const { host } = log
  for (const segment of segments) {
    for (const kind of SEGMENT_FILES) host.descriptors.forget(segment.file(kind))
    await removeSegmentFiles(host.env.disk, segment)
  }
  await host.env.disk.syncDirectory(log.path)
}

/** Batches in memory have no file to cut. */
async function truncateMemory(log: Log, offset: Offset): Promise<void> {
  const segment = log.segments[segmentOf(log, offset)] as Segment
  const position = await findBatchPosition(log, segment, offset)
  log.segments.splice(log.segments.indexOf(segment) + 1)
  segment.index.cut(position, offset)
  segment.state = 'active'
  segment.sizeBytes = position
  segment.endOffset = offset
  log.tail.cut(segment, position)
  log.endCut(offset)
}
