/**
 * Walks a segment's file at start: every batch summed, its offsets and times noted. Says where whole batches end and why;
 * whether that is a torn tail or damage depends on what was durable, and is decided by whoever asked.
 */
import type { LeaderEpoch, Offset } from '../base/units.ts'
import type { Disk, DiskFile } from '../ports/disk.ts'
import { type BatchHeader, HEADER_BYTES } from '../wire/batch/header.ts'
import { BatchWalk, type WalkStop } from '../wire/batch/walk.ts'
import { SMALL_READ_BYTES } from './env.ts'
import type { Segment } from './segment.ts'

const STEP_BYTES = 1024 * 1024

export interface ScanEnd {
  /** After the last whole batch. */
  readonly position: number
  readonly endOffset: Offset
  /** Null: the file, or the range, ends there. */
  readonly stop: Exclude<WalkStop, 'end'> | null
}

export interface ScanRange {
  /** A batch begins here, and none before `minBaseOffset`. */
  readonly from: number
  readonly to: number
  readonly minBaseOffset: Offset
}

export type NoteBatch = (header: BatchHeader, position: number) => void

export async function scanSegment(disk: Disk, segment: Segment, range: ScanRange, note: NoteBatch): Promise<ScanEnd> {
  if (range.from >= range.to) return { position: range.from, endOffset: range.minBaseOffset, stop: null }
  const file = disk.openSync(segment.file('log'), { mode: 'read' })
  try {
    return await scanFile(file, range, note)
  } finally {
    file.closeSync()
  }
}

export async function scanFile(file: DiskFile, range: ScanRange, note: NoteBatch): Promise<ScanEnd> {
  const walk = new BatchWalk()
  const isSmall = range.to - range.from <= SMALL_READ_BYTES
  let position = range.from
  let endOffset = range.minBaseOffset
  let stepBytes = STEP_BYTES
  while (position < range.to) {
    const buffer = new Uint8Array(Math.min(stepBytes, range.to - position))
    const count = isSmall ? file.readSync(position, buffer) : await file.read(position, buffer)
    if (count === 0) return { position, endOffset, stop: 'partial' }
    walk.reset(buffer, 0, count, { verifyCrc: true, minBaseOffset: endOffset })
    while (walk.next()) {
      note(walk.header, position + walk.position)
      endOffset = walk.header.baseOffset + walk.header.lastOffsetDelta + 1
    }
    const walked = walk.stop === 'end' ? count : walk.position
    const more = position + count < range.to && count === buffer.length
    if (walk.stop !== 'end' && walk.stop !== 'partial')
      return { position: position + walked, endOffset, stop: walk.stop }
    if (walk.stop === 'partial' && !more) return { position: position + walked, endOffset, stop: 'partial' }
    position += walked
    if (walked > 0 || walk.stop === 'end') {
      stepBytes = STEP_BYTES
      continue
    }
    // A batch longer than a step, or bytes that only look like one: never more than the file has.
    const needBytes = count < HEADER_BYTES ? HEADER_BYTES : walk.header.sizeBytes
    if (position + needBytes > range.to) return { position, endOffset, stop: 'partial' }
    stepBytes = Math.max(needBytes, 2 * stepBytes)
  }
  return { position, endOffset, stop: null }
}

/** Notes batches into the segment's index and a list of terms. */
export function noteInto(
  segment: Segment,
  intervalBytes: number,
  epochs: { note(epoch: LeaderEpoch, startOffset: Offset): boolean },
): NoteBatch {
  return (header, position) => {
    segment.index.note(header, position, intervalBytes)
    epochs.note(header.partitionLeaderEpoch, header.baseOffset)
  }
}
