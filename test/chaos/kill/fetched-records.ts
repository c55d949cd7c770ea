/** What lies in the records of a fetch reply: every batch checked, every value read. */
import type { Offset } from '../../../packages/ottla/src/base/units.ts'
import { decodeValue, type ValueMark } from '../../../packages/ottla/src/sim/checkers/value.ts'
import { BatchError, CompressionError } from '../../../packages/ottla/src/wire/batch/errors.ts'
import { forEachRecord } from '../../../packages/ottla/src/wire/batch/iterate.ts'
import { BatchWalk } from '../../../packages/ottla/src/wire/batch/walk.ts'

/**
 * Calls `visit` with each record in `from` to `end` (exclusive), in the order they lie there. Returns what is wrong with
 * the bytes, in words, or null. A batch that is cut off at the end is no fault: the next fetch brings it whole.
 */
export function visitFetched(
  records: Uint8Array,
  range: { readonly from: Offset; readonly end: Offset },
  visit: (offset: Offset, mark: ValueMark | string) => void,
): string | null {
  const walk = new BatchWalk().reset(records, 0, records.length)
  try {
    while (walk.next()) {
      forEachRecord(records, walk.position, record => {
        if (record.offset >= range.from && record.offset < range.end) {
          visit(record.offset, decodeValue(record.value()))
        }
        return undefined
      })
    }
  } catch (error) {
    if (error instanceof BatchError || error instanceof CompressionError) return error.message
    throw error
  }
  return walk.stop === 'end' || walk.stop === 'partial' ? null : `the fetched bytes stop making sense: ${walk.stop}`
}
