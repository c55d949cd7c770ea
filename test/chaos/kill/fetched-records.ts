/** What lies in the records of a fetch reply: every batch checked, every value read. */
import type { Offset } from '../../../packages/ottla/src/base/units.ts'
import { type Compaction, markOf } from '../../../packages/ottla/src/sim/checkers/keyed.ts'
import type { ValueMark } from '../../../packages/ottla/src/sim/checkers/value.ts'
import { BatchError, CompressionError } from '../../../packages/ottla/src/wire/batch/errors.ts'
import { endOffset } from '../../../packages/ottla/src/wire/batch/header.ts'
import { forEachRecord } from '../../../packages/ottla/src/wire/batch/iterate.ts'
import { BatchWalk } from '../../../packages/ottla/src/wire/batch/walk.ts'

export interface FetchedRange {
  readonly from: Offset
  /** Exclusive. */
  readonly end: Offset
  /** Of the partition. */
  readonly compaction: Compaction | null
}

/** Where the whole batches end; `from` when there is none. And what is wrong with the bytes, in words, or null. */
export interface Visited {
  readonly nextOffset: Offset
  readonly problem: string | null
}

/**
 * Calls `visit` with each record in `from` to `end`, in the order they lie there. A batch that is cut off at the end is no
 * fault: the next fetch brings it whole. Of a compacted partition a batch may be empty, or begin anywhere.
 */
export function visitFetched(
  records: Uint8Array,
  { from, end, compaction }: FetchedRange,
  visit: (offset: Offset, mark: ValueMark | string) => void,
): Visited {
  const walk = new BatchWalk().reset(records, 0, records.length)
  let nextOffset = from
  try {
    while (walk.next()) {
      nextOffset = Math.max(nextOffset, endOffset(walk.header))
      forEachRecord(records, walk.position, record => {
        if (record.offset < from || record.offset >= end) return undefined
        const said = { key: record.key(), value: record.value(), headers: record.headers() }
        visit(record.offset, markOf(said, compaction))
        return undefined
      })
    }
  } catch (error) {
    if (error instanceof BatchError || error instanceof CompressionError) return { nextOffset, problem: error.message }
    throw error
  }
  const isWhole = walk.stop === 'end' || walk.stop === 'partial'
  return { nextOffset, problem: isWhole ? null : `the fetched bytes stop making sense: ${walk.stop}` }
}
