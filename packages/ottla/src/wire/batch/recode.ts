/**
 * Rewrites a batch with another codec, for a topic whose `compression.type` is not the producer's: the same records, times
 * and producer fields. The one place where a broker's produce path inflates and compresses; large batches belong in a worker.
 */
import { compress, decompress } from './compress.ts'
import { int16At, putInt16, putInt32 } from './fixed.ts'
import {
  ATTRIBUTES_AT,
  BATCH_LENGTH_AT,
  type BatchHeader,
  type CodecId,
  codecBits,
  HEADER_BYTES,
  LOG_OVERHEAD_BYTES,
  RECORDS_AT,
  stampCrc,
} from './header.ts'

/**
 * A new batch with the records of the whole, valid one at `at`, stored with `codec`. Throws a CompressionError when the
 * old one does not inflate to at most `limitBytes`.
 */
export function recodeBatch(
  bytes: Uint8Array,
  at: number,
  header: BatchHeader,
  to: { codec: CodecId; level?: number; limitBytes: number },
): Uint8Array {
  const records = bytes.subarray(at + RECORDS_AT, at + header.sizeBytes)
  const stored = compress(to.codec, decompress(codecBits(header), records, to.limitBytes), to.level)
  const batch = new Uint8Array(HEADER_BYTES + stored.length)
  batch.set(bytes.subarray(at, at + HEADER_BYTES))
  batch.set(stored, RECORDS_AT)
  putInt32(batch, BATCH_LENGTH_AT, batch.length - LOG_OVERHEAD_BYTES)
  putInt16(batch, ATTRIBUTES_AT, (int16At(batch, ATTRIBUTES_AT) & ~0b111) | to.codec)
  stampCrc(batch, 0)
  return batch
}
