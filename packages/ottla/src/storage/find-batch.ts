/** Where the batch that holds an offset begins. */
import { assert } from '../base/assert.ts'
import type { Offset } from '../base/units.ts'
import { endOffset } from '../wire/batch/header.ts'
import { BatchWalk } from '../wire/batch/walk.ts'
import { StorageCorruption } from './env.ts'
import { completeIndex } from './index-files.ts'
import type { Log } from './log.ts'
import { findBatch } from './log-reader.ts'
import type { Segment } from './segment.ts'

const STEP_BYTES = 65_536

/** Position of the first batch in the segment that ends after `offset`; the segment's size when there is none. */
export async function findBatchPosition(log: Log, segment: Segment, offset: Offset): Promise<number> {
  for (const piece of log.pieces) {
    if (piece.segment !== segment || piece.baseOffset > offset || piece.endOffset <= offset) continue
    return findBatch(piece, offset)
  }
  if (log.durability === 'memory' || offset >= segment.endOffset) return segment.sizeBytes
  await completeIndex(log, segment)
  let position = segment.index.atOrBefore(offset)?.position ?? 0
  let size = STEP_BYTES
  const walk = new BatchWalk()
  while (position < segment.sizeBytes) {
    const buffer = new Uint8Array(Math.min(size, segment.sizeBytes - position))
    const count = await log.host.descriptors.with(segment.file('log'), 'read', file => file.read(position, buffer))
    walk.reset(buffer, 0, count)
    while (walk.next()) if (endOffset(walk.header) > offset) return position + walk.position
    if (walk.count === 0) {
      const whole = walk.stop === 'partial' && position + walk.header.sizeBytes <= segment.sizeBytes
      if (!whole)
        throw new StorageCorruption(segment.file('log'), offset, `${segment.file('log')}: no batch at byte ${position}`)
      size = walk.header.sizeBytes
      continue
    }
    size = STEP_BYTES
    position += walk.stop === 'end' ? count : walk.position
  }
  assert(position === segment.sizeBytes, 'batches fill a segment', { position, sizeBytes: segment.sizeBytes })
  return position
}
