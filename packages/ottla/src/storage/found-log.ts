/**
 * A log found without a checkpoint of ours: after a clean stop, ours or Kafka's, or after Kafka was killed. Then Kafka's
 * checkpoint files say what was synced, and the rest is scanned: the first batch that is not whole is a torn tail when it
 * lies at or above the recovery point, and damage below it (A5, A10).
 */
import type { Offset } from '../base/units.ts'
import { int32At } from '../wire/batch/fixed.ts'
import { type ProducerSnapshot, StorageCorruption, type StorageEnv } from './env.ts'
import { type PartitionFolder, readEpochFile, readProducers } from './folder.ts'
import type { EpochStart } from './kafka-files.ts'
import { LeaderEpochs } from './leader-epochs.ts'
import type { LogStart } from './log.ts'
import { closeFound, removeSegmentFiles, Segment } from './segment.ts'
import { INDEX_ENTRY_BYTES } from './segment-index.ts'
import { noteInto, type ScanEnd, scanSegment } from './segment-scan.ts'

/** What Kafka's checkpoint files say of the log; null where they do not know it. */
export interface KafkaOffsets {
  readonly recoveryPoint: Offset | null
  readonly startOffset: Offset | null
  readonly highWatermark: Offset | null
}

interface Tail {
  readonly endOffset: Offset
  readonly fault: StorageCorruption | null
}

export async function openFound(
  env: StorageEnv,
  folder: PartitionFolder,
  known: {
    readonly offsets: KafkaOffsets
    readonly clean: boolean
    readonly intervalBytes: number
    readonly remembered: ProducerSnapshot | null
  },
): Promise<LogStart> {
  const { offsets } = known
  const segments = [...folder.segments].sort((a, b) => a.baseOffset - b.baseOffset)
  if (segments.length === 0) segments.push(new Segment(folder.path, offsets.startOffset ?? 0))
  const epochs = new LeaderEpochs([], () => {})
  const quick = known.clean ? await quickTail(env, segments) : null
  const tail =
    quick ??
    (await scanTail(env, segments, {
      recoveryPoint: offsets.recoveryPoint ?? 0,
      epochs,
      intervalBytes: known.intervalBytes,
    }))
  const kept = tail.endOffset
  // What is left lies below the start that was promised: it was deleted, and no offset is given twice.
  if (offsets.startOffset !== null && kept < offsets.startOffset && tail.fault === null) {
    await cutTail(env, segments, { at: 0, position: 0 })
    segments.splice(0, 1, new Segment(folder.path, offsets.startOffset))
  }
  const endOffset = tail.fault === null ? Math.max(kept, offsets.startOffset ?? 0) : kept
  const first = (segments[0] as Segment).baseOffset
  const startOffset = Math.min(Math.max(first, offsets.startOffset ?? first), endOffset)
  const highWatermark = offsets.highWatermark
  return {
    segments,
    startOffset,
    epochs: await epochsOf(env, folder, { segments, endOffset, quick: quick !== null, scanned: epochs }),
    highWatermark: highWatermark === null ? null : Math.min(Math.max(highWatermark, startOffset), endOffset),
    producers: readProducers(env.disk, folder, { startOffset, endOffset, remembered: known.remembered }),
    producersBehind: true,
    fault: tail.fault,
  }
}

/** After a clean stop only the batches behind the last index entry are looked at; null when they are not as they should be. */
async function quickTail(env: StorageEnv, segments: readonly Segment[]): Promise<Tail | null> {
  const last = segments[segments.length - 1] as Segment
  const from = lastIndexedPosition(env, last)
  if (from === null) return null
  const end = await scanSegment(env.disk, last, { from, to: last.sizeBytes, minBaseOffset: last.baseOffset }, () => {})
  if (end.stop !== null || (from === 0) !== (last.sizeBytes === 0 || from === 0)) return null
  for (const segment of segments) closeFound(segment, segments)
  last.state = 'active'
  last.endOffset = end.endOffset
  if (last.sizeBytes === 0) last.index.stored = null
  return { endOffset: end.endOffset, fault: null }
}

/** Position of the last entry of the index file; 0 without one, null when there is no such file, or it is torn. */
function lastIndexedPosition(env: StorageEnv, segment: Segment): number | null {
  if (segment.sizeBytes === 0) return 0
  const path = segment.file('index')
  const sizeBytes = env.disk.statSync(path)?.sizeBytes ?? null
  if (sizeBytes === null || sizeBytes % INDEX_ENTRY_BYTES !== 0) return null
  if (sizeBytes === 0) return 0
  const entry = new Uint8Array(INDEX_ENTRY_BYTES)
  const file = env.disk.openSync(path, { mode: 'read' })
  try {
    if (file.readSync(sizeBytes - INDEX_ENTRY_BYTES, entry) < INDEX_ENTRY_BYTES) return null
  } finally {
    file.closeSync()
  }
  const position = int32At(entry, 4)
  const isStop = position > 0 && position < segment.sizeBytes
  return isStop ? position : null
}

/** Everything from the segment of the recovery point on is summed and noted. What cannot be whole is cut, or is damage. */
async function scanTail(
  env: StorageEnv,
  segments: Segment[],
  how: { readonly recoveryPoint: Offset; readonly epochs: LeaderEpochs; readonly intervalBytes: number },
): Promise<Tail> {
  let endOffset = 0
  for (let i = 0; i < segments.length; i++) {
    const segment = segments[i] as Segment
    const next = segments[i + 1]
    if (next !== undefined && next.baseOffset <= how.recoveryPoint) {
      closeFound(segment, segments)
      continue
    }
    const range = { from: 0, to: segment.sizeBytes, minBaseOffset: segment.baseOffset }
    const end = await scanSegment(env.disk, segment, range, noteInto(segment, how.intervalBytes, how.epochs))
    endOffset = end.endOffset
    segment.endOffset = endOffset
    segment.state = next === undefined ? 'active' : 'sealed'
    if (next !== undefined) segment.index.noteTime()
    // The system may hold it, and its name, in memory only: the first checkpoint syncs them.
    segment.unsynced = true
    segment.named = false
    const short = next === undefined ? endOffset < how.recoveryPoint : false
    if (end.stop === null && !short) continue
    if (endOffset < how.recoveryPoint) return { endOffset: how.recoveryPoint, fault: damaged(segment, end) }
    await cutTail(env, segments, { at: i, position: end.position })
    break
  }
  const last = segments[segments.length - 1] as Segment
  last.state = 'active'
  return { endOffset, fault: null }
}

async function cutTail(
  env: StorageEnv,
  segments: Segment[],
  cut: { readonly at: number; readonly position: number },
): Promise<void> {
  const segment = segments[cut.at] as Segment
  for (const later of segments.splice(cut.at + 1)) await removeSegmentFiles(env.disk, later)
  env.observe.log('warn', 'log.tail-cut', {
    path: segment.file('log'),
    position: cut.position,
    sizeBytes: segment.sizeBytes,
  })
  const file = await env.disk.open(segment.file('log'), { mode: 'write' })
  try {
    await file.truncate(cut.position)
    await file.sync()
  } finally {
    await file.close()
  }
  segment.sizeBytes = cut.position
  segment.writtenBytes = cut.position
}

function damaged(segment: Segment, end: ScanEnd): StorageCorruption {
  const path = segment.file('log')
  const why = `${path}: the batch at byte ${end.position} was synced and is damaged (${end.stop ?? 'the file is short'})`
  return new StorageCorruption(path, end.endOffset, `${why}; offsets from ${end.endOffset} cannot be read`)
}

/** From the file when it fits the log, else from the batches (A11). */
async function epochsOf(
  env: StorageEnv,
  folder: PartitionFolder,
  found: {
    readonly segments: readonly Segment[]
    readonly endOffset: Offset
    readonly quick: boolean
    readonly scanned: LeaderEpochs
  },
): Promise<readonly EpochStart[]> {
  const fromFile = readEpochFile(env.disk, folder.path)
  const epochs = new LeaderEpochs(fromFile ?? [], () => {})
  epochs.cutEnd(found.endOffset + 1)
  if (fromFile !== null) {
    for (const { epoch, startOffset } of found.scanned.entries) epochs.note(epoch, startOffset)
    return epochs.entries
  }
  if (found.endOffset === 0) return []
  env.observe.log('warn', 'epochs.rebuilt', { path: folder.path })
  for (const segment of found.segments) {
    const range = { from: 0, to: segment.sizeBytes, minBaseOffset: segment.baseOffset }
    await scanSegment(env.disk, segment, range, header => epochs.note(header.partitionLeaderEpoch, header.baseOffset))
  }
  return epochs.entries
}
