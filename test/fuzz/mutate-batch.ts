/** Damage to a record batch: header fields at their limits, records damaged, sums made right again or left wrong. */
import type { Prng } from '../../packages/ottla/src/base/random.ts'
import * as layout from '../../packages/ottla/src/wire/batch/header.ts'
import { LIMITS, mutateBytes } from './mutate-bytes.ts'

const FIELDS: readonly (readonly [at: number, bytes: 1 | 2 | 4 | 8])[] = [
  [layout.BASE_OFFSET_AT, 8],
  [layout.BATCH_LENGTH_AT, 4],
  [layout.LEADER_EPOCH_AT, 4],
  [layout.MAGIC_AT, 1],
  [layout.ATTRIBUTES_AT, 2],
  [layout.LAST_OFFSET_DELTA_AT, 4],
  [layout.BASE_TIMESTAMP_AT, 8],
  [layout.MAX_TIMESTAMP_AT, 8],
  [layout.PRODUCER_ID_AT, 8],
  [layout.PRODUCER_EPOCH_AT, 2],
  [layout.BASE_SEQUENCE_AT, 4],
  [layout.RECORDS_COUNT_AT, 4],
]

/** Mostly still a batch whose length and CRC fit, so that what is behind these checks is reached. */
export function mutateBatch(bytes: Uint8Array, rng: Prng): Uint8Array {
  if (bytes.length < layout.HEADER_BYTES || rng.chance(0.1))
    return bytes.length === 0 ? rng.bytes(80) : mutateBytes(bytes, rng)
  let batch: Uint8Array = bytes.slice()
  if (rng.chance(0.5)) batch = withRecords(batch, mutateBytes(batch.subarray(layout.RECORDS_AT), rng))
  if (rng.chance(0.7)) setField(batch, rng)
  if (rng.chance(0.9)) {
    const length = new DataView(batch.buffer).getInt32(layout.BATCH_LENGTH_AT)
    // The CRC is summed over what the length says: made right only where that is there.
    if (
      length + layout.LOG_OVERHEAD_BYTES >= layout.HEADER_BYTES &&
      length + layout.LOG_OVERHEAD_BYTES <= batch.length
    ) {
      layout.stampCrc(batch, 0)
    }
  }
  return rng.chance(0.05) ? twice(batch) : batch
}

function withRecords(batch: Uint8Array, records: Uint8Array): Uint8Array {
  const whole = new Uint8Array(layout.RECORDS_AT + records.length)
  whole.set(batch.subarray(0, layout.RECORDS_AT))
  whole.set(records, layout.RECORDS_AT)
  new DataView(whole.buffer).setInt32(layout.BATCH_LENGTH_AT, whole.length - layout.LOG_OVERHEAD_BYTES)
  return whole
}

function setField(batch: Uint8Array, rng: Prng): void {
  const [at, bytes] = rng.pick(FIELDS)
  const view = new DataView(batch.buffer)
  const value = rng.pick(LIMITS)
  if (bytes === 1) view.setInt8(at, value)
  else if (bytes === 2) view.setInt16(at, rng.chance(0.7) ? rng.int(0, 0xff) : value)
  else if (bytes === 4) view.setInt32(at, value)
  else view.setBigInt64(at, rng.pick([BigInt(value), 2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n + 1n]))
}

function twice(batch: Uint8Array): Uint8Array {
  const both = new Uint8Array(batch.length * 2)
  both.set(batch)
  both.set(batch, batch.length)
  return both
}
