/** Draws what a batch looks like: from one record of 16 bytes to a thousand, or one of a megabyte; any codec. */
import type { Prng } from '../../../packages/ottla/src/base/random.ts'
import { VALUE_BYTES_MIN } from '../../../packages/ottla/src/sim/checkers/value.ts'
import { Codec, type CodecId } from '../../../packages/ottla/src/wire/batch/header.ts'

export interface BatchShape {
  readonly count: number
  /** Of each value. */
  readonly valueBytes: number
  readonly codec: CodecId
}

/** What a record costs beside its value, at most here. Bytes. */
const RECORD_OVERHEAD_BYTES = 40
const SMALL_BATCH_BYTES = 8 * 1024
/** Most batches of most producers are small. */
const SMALL_SHARE = 0.85
const RECORDS_MAX = 1000
const CODECS: readonly CodecId[] = [Codec.none, Codec.none, Codec.gzip, Codec.snappy, Codec.lz4, Codec.zstd]

/** A batch of at most `bytesMax` before compression, sizes spread evenly over their orders of magnitude. */
export function drawBatch(random: Prng, bytesMax: number): BatchShape {
  const limit = random.chance(SMALL_SHARE) ? Math.min(SMALL_BATCH_BYTES, bytesMax) : bytesMax
  const bytes = spread(random, VALUE_BYTES_MIN + RECORD_OVERHEAD_BYTES, limit)
  const count = random.chance(0.3)
    ? 1
    : spread(random, 1, Math.min(RECORDS_MAX, Math.floor(bytes / (VALUE_BYTES_MIN + RECORD_OVERHEAD_BYTES))))
  const valueBytes = Math.max(VALUE_BYTES_MIN, Math.floor(bytes / count) - RECORD_OVERHEAD_BYTES)
  return { count, valueBytes, codec: random.pick(CODECS) }
}

/** Log-uniform integer from `low` to `high`, both 1 or more. */
function spread(random: Prng, low: number, high: number): number {
  const share = random.u32() / 2 ** 32
  return Math.min(high, Math.max(low, Math.round(low * (high / low) ** share)))
}
