/**
 * Reads the batches of closed segments for the cleaner, in large steps and summed: what is damaged is never copied, and
 * never a reason to drop something else. Does not look into batches.
 */
import type { Offset } from '../../base/units.ts'
import { DiskFault } from '../../ports/disk.ts'
import { type BatchHeader, endOffset, HEADER_BYTES } from '../../wire/batch/header.ts'
import { BatchWalk } from '../../wire/batch/walk.ts'
import { StorageCorruption } from '../env.ts'
import type { Log } from '../log.ts'
import type { Segment } from '../segment.ts'
import { CleaningStopped, type Pace } from './pace.ts'

/** A whole batch. All of it is only valid until the visit ends. */
export interface SourceBatch {
  readonly header: BatchHeader
  readonly bytes: Uint8Array
  /** Where it begins in `bytes`. */
  readonly at: number
}

/** False ends the walk. */
export type BatchVisit = (batch: SourceBatch) => boolean | Promise<boolean>

/**
 * Visits the batches of a segment in order; false when a visit ended it. Throws a StorageCorruption, a DiskFault, or
 * CleaningStopped when the segment is not the log's any more.
 */
export async function visitBatches(
  log: Log,
  segment: Segment,
  how: { readonly pace: Pace; readonly stepBytes: number },
  visit: BatchVisit,
): Promise<boolean> {
  const walk = new BatchWalk()
  let buffer = new Uint8Array(Math.min(how.stepBytes, segment.sizeBytes))
  let position = 0
  let minBaseOffset: Offset = segment.baseOffset
  while (position < segment.sizeBytes) {
    const bytes = buffer.subarray(0, Math.min(buffer.length, segment.sizeBytes - position))
    const count = await readStep(log, segment, { position, bytes })
    await how.pace.spend(count)
    walk.reset(bytes, 0, count, { verifyCrc: true, minBaseOffset })
    while (walk.next()) {
      minBaseOffset = endOffset(walk.header)
      const went = visit({ header: walk.header, bytes, at: walk.position })
      if (!(went instanceof Promise ? await went : went)) return false
      if (how.pace.isDue) await how.pace.turn()
    }
    const walked = walk.stop === 'end' ? count : walk.position
    const needBytes = neededFor(walk, count - walked)
    position += walked
    if (needBytes === null || position + needBytes > segment.sizeBytes) throw damaged(segment, position, minBaseOffset)
    if (needBytes > buffer.length) buffer = new Uint8Array(needBytes)
    else if (walked === 0) throw damaged(segment, position, minBaseOffset)
  }
  return true
}

/** Bytes that the next step must bring, of which `left` are here; null when what is here is no batch. */
function neededFor(walk: BatchWalk, left: number): number | null {
  if (walk.stop === 'end') return left
  if (walk.stop !== 'partial') return null
  return left < HEADER_BYTES ? HEADER_BYTES : walk.header.sizeBytes
}

function readStep(
  log: Log,
  segment: Segment,
  into: { readonly position: number; readonly bytes: Uint8Array },
): Promise<number> {
  return log.files.shared(async () => {
    checkOurs(log, segment)
    const path = segment.file('log')
    try {
      return await log.host.descriptors.with(path, 'read', file => file.read(into.position, into.bytes))
    } catch (error) {
      if (!(error instanceof DiskFault)) throw error
      // The medium has lost it; or this try has failed, and the next one may not.
      if (error.code === 'EIO') throw new StorageCorruption(path, segment.baseOffset, error.message)
      throw new CleaningStopped(error.message)
    }
  })
}

/** Retention may have taken the segment, a cut may have opened it again, the log may be gone. */
export function checkOurs(log: Log, segment: Segment): void {
  if (log.removed || log.fault !== null || segment.state !== 'closed' || !log.segments.includes(segment)) {
    throw new CleaningStopped('the log changed while it was cleaned')
  }
}

function damaged(segment: Segment, position: number, from: Offset): StorageCorruption {
  const path = segment.file('log')
  return new StorageCorruption(path, from, `${path}: the batch at byte ${position} is damaged`)
}
