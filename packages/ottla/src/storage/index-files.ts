/**
 * The index files of a segment: reading them when somebody first needs them, checking them, making them again from the
 * segment when they are missing, short or wrong, and writing them. Batches are the truth, an index never is (A10).
 */
import { planted } from '../base/planted.ts'
import { int32At, int53At } from '../wire/batch/fixed.ts'
import { HEADER_BYTES, lastOffset } from '../wire/batch/header.ts'
import { BatchWalk } from '../wire/batch/walk.ts'
import { readWhole, replaceFile } from './files.ts'
import type { Log } from './log.ts'
import type { Segment } from './segment.ts'
import { INDEX_ENTRY_BYTES, SegmentIndex, TIME_ENTRY_BYTES } from './segment-index.ts'

const SCAN_BYTES = 1024 * 1024

/** Makes the whole index of the segment available. */
export async function completeIndex(log: Log, segment: Segment): Promise<void> {
  const { stored } = segment.index
  if (stored === null) return
  const front = await readStored(log, segment)
  // Somebody else did it while this one read.
  if (segment.index.stored === null) return
  if (front === null) {
    await remakeIndex(log, segment)
    return
  }
  segment.index.complete(front)
  endTimes(segment)
}

/** A segment that takes no more ends with an entry for its largest time; what was noted here may not have been the last word. */
function endTimes(segment: Segment): void {
  if (segment.state !== 'active') segment.index.noteTime()
}

/** Makes the index again from the segment's batches. */
export async function remakeIndex(log: Log, segment: Segment): Promise<void> {
  const { topic, partition } = log.id
  log.host.env.observe.log('warn', 'index.rebuilt', { topic, partition, path: segment.file('index') })
  const made = new SegmentIndex(segment.baseOffset)
  // Of a segment that was not here at start every batch was noted; of another, those from `noteFrom` on.
  const { noteFrom } = segment.index
  await scanInto(log, segment, { index: made, from: 0, to: noteFrom })
  segment.index.replaceFront(made, noteFrom)
  endTimes(segment)
  if (segment.state === 'closed') await replaceIndexFiles(log, segment)
}

/** The files of a closed segment are believed after a crash, so they are replaced whole. */
async function replaceIndexFiles(log: Log, segment: Segment): Promise<void> {
  const { index } = segment
  const { disk } = log.host.env
  for (const kind of ['index', 'timeindex'] as const) log.host.descriptors.forget(segment.file(kind))
  const [entries, timeEntries] = [index.count, index.timeCount]
  await replaceFile(disk, segment.file('index'), index.encodeOffsets(0))
  await replaceFile(disk, segment.file('timeindex'), index.encodeTimes(0))
  await disk.syncDirectory(log.path)
  index.fileEntries = entries
  index.fileTimeEntries = timeEntries
  index.coveredBytes = segment.sizeBytes
}

/** The front part from the files, extended by what they do not cover; null when they cannot be believed. */
async function readStored(log: Log, segment: Segment): Promise<SegmentIndex | null> {
  const { stored } = segment.index
  if (stored === null) return null
  const trusted = planted('index-trusted')
  const front = new SegmentIndex(segment.baseOffset)
  if (stored.entries === 0 && stored.timeEntries === 0 && !trusted) {
    // Nothing of it was ever written: that is no reason to warn anybody.
    await scanInto(log, segment, { index: front, from: 0, to: segment.index.noteFrom })
    return front
  }
  const offsets = await readWhole(log.host.env.disk, segment.file('index'))
  const times = await readWhole(log.host.env.disk, segment.file('timeindex'))
  if (offsets === null || times === null) return null
  const entries = entryCount(trusted ? 'all' : stored.entries, offsets.length / INDEX_ENTRY_BYTES)
  const timeEntries = entryCount(trusted ? 'all' : stored.timeEntries, times.length / TIME_ENTRY_BYTES)
  if (entries === null || timeEntries === null) return null
  // A finished segment ends with an entry for its largest time, unless no batch has a time: made again, that shows.
  if (stored.timeEntries === 'all' && timeEntries === 0 && stored.coveredBytes > 0) return null
  for (let i = 0; i < entries; i++) {
    const at = i * INDEX_ENTRY_BYTES
    const position = int32At(offsets, at + 4)
    const inside = position >= 0 && position < stored.coveredBytes
    const follows = front.pushStored(segment.baseOffset + int32At(offsets, at), position)
    if (!trusted && !(inside && follows)) return null
  }
  for (let i = 0; i < timeEntries; i++) {
    const at = i * TIME_ENTRY_BYTES
    const follows = front.pushStoredTime(int53At(times, at), segment.baseOffset + int32At(times, at + 8))
    if (!trusted && !follows) return null
  }
  if (!trusted && !(await lastEntryFits(log, segment, front))) return null
  front.fileEntries = entries
  front.fileTimeEntries = timeEntries
  if (stored.coveredBytes < segment.index.noteFrom) {
    await scanInto(log, segment, { index: front, from: stored.coveredBytes, to: segment.index.noteFrom })
  }
  return front
}

/** The entries to read: all whole ones, or as many as were synced; null when the file does not have them. */
function entryCount(wanted: number | 'all', there: number): number | null {
  if (wanted === 'all') return Number.isInteger(there) ? there : null
  return wanted <= there ? wanted : null
}

async function lastEntryFits(log: Log, segment: Segment, index: SegmentIndex): Promise<boolean> {
  const last = index.atOrBeforePosition(Number.MAX_SAFE_INTEGER)
  if (last === null) return true
  const bytes = new Uint8Array(HEADER_BYTES)
  const path = segment.file('log')
  const count = await log.host.descriptors.with(path, 'read', file => file.read(last.position, bytes))
  const walk = new BatchWalk().reset(bytes, 0, count)
  return count === HEADER_BYTES && (walk.next() || walk.stop === 'partial') && lastOffset(walk.header) === last.offset
}

/** Notes the batches between two positions of the file. Stops at the first that is none. */
export async function scanInto(
  log: Log,
  segment: Segment,
  range: { readonly index: SegmentIndex; readonly from: number; readonly to: number },
): Promise<void> {
  const { index, to } = range
  const walk = new BatchWalk()
  let position = range.from
  let size = SCAN_BYTES
  while (position < to) {
    const buffer = new Uint8Array(Math.min(size, to - position))
    const count = await log.host.descriptors.with(segment.file('log'), 'read', file => file.read(position, buffer))
    walk.reset(buffer, 0, count)
    while (walk.next()) index.note(walk.header, position + walk.position, log.config.indexIntervalBytes)
    const walked = walk.stop === 'end' ? count : walk.position
    if (walked === 0) {
      if (walk.stop !== 'partial' || walk.header.sizeBytes <= size) return
      size = walk.header.sizeBytes
      continue
    }
    position += walked
    size = SCAN_BYTES
  }
}

/** Writes the entries that the files do not have yet. Not synced; the caller says what they cover by `filesWritten`. */
export async function writeIndexFiles(log: Log, segment: Segment): Promise<void> {
  await completeIndex(log, segment)
  const { index } = segment
  const covered = segment.sizeBytes
  const entries = index.encodeOffsets(index.fileEntries)
  const times = index.encodeTimes(index.fileTimeEntries)
  await writeEntries(log, segment.file('index'), { bytes: entries, at: index.fileEntries * INDEX_ENTRY_BYTES })
  await writeEntries(log, segment.file('timeindex'), { bytes: times, at: index.fileTimeEntries * TIME_ENTRY_BYTES })
  index.fileEntries += entries.length / INDEX_ENTRY_BYTES
  index.fileTimeEntries += times.length / TIME_ENTRY_BYTES
  index.coveredBytes = covered
}

async function writeEntries(
  log: Log,
  path: string,
  what: { readonly bytes: Uint8Array; readonly at: number },
): Promise<void> {
  const { bytes, at } = what
  await log.host.descriptors.with(path, 'cached', async file => {
    // Entries of a part that was cut, or Kafka's preallocated zeros, may stand behind.
    await file.truncate(at)
    if (bytes.length > 0) await file.write(at, bytes)
  })
}
