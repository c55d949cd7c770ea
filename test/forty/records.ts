/** Batches to send and batches that came back. */
import { BatchBuilder, type BuildOptions } from '../../packages/ottla/src/wire/batch/build.ts'
import {
  type BatchHeader,
  emptyBatchHeader,
  HEADER_BYTES,
  readBatchHeader,
  stampCrc,
} from '../../packages/ottla/src/wire/batch/header.ts'
import { readRecords } from '../../packages/ottla/src/wire/batch/iterate.ts'

export interface TestRecord {
  readonly key?: string | null
  readonly value?: string | Uint8Array | null
  /** Milliseconds since 1970; default now. */
  readonly timestampMs?: number
}

const bytesOf = (value: string | Uint8Array | null | undefined): Uint8Array | null =>
  typeof value === 'string' ? Buffer.from(value) : (value ?? null)

/** A batch of records; a plain text is a record with that value and no key. */
export function batchOf(records: readonly (string | TestRecord)[], options: BuildOptions = {}): Buffer {
  const builder = new BatchBuilder()
  for (const given of records) {
    const record = typeof given === 'string' ? { value: given } : given
    builder.append(bytesOf(record.key), bytesOf(record.value), [], record.timestampMs ?? Date.now())
  }
  return Buffer.from(builder.build(options))
}

/** A copy that `change` has altered, with a CRC that is right again. */
export function altered(batch: Buffer, change: (bytes: Buffer) => void): Buffer {
  const copy = Buffer.from(batch)
  change(copy)
  stampCrc(copy, 0)
  return copy
}

export interface SeenBatch {
  readonly header: BatchHeader
  readonly bytes: Buffer
  readonly offsets: readonly number[]
  readonly keys: readonly (string | null)[]
  readonly values: readonly (string | null)[]
  readonly timestampsMs: readonly number[]
}

const textOf = (bytes: Uint8Array | null): string | null => (bytes === null ? null : Buffer.from(bytes).toString())

/** The whole batches of a fetch reply; a partial one at the end is left out, as clients do. */
export function batchesIn(records: Uint8Array | null): SeenBatch[] {
  const seen: SeenBatch[] = []
  const bytes = Buffer.from(records ?? [])
  for (let at = 0; at + HEADER_BYTES <= bytes.length; ) {
    const header = readBatchHeader(bytes, at, emptyBatchHeader())
    if (at + header.sizeBytes > bytes.length) break
    const own = bytes.subarray(at, at + header.sizeBytes)
    const found = [...readRecords(own, 0)]
    seen.push({
      header,
      bytes: own,
      offsets: found.map(record => record.offset),
      keys: found.map(record => textOf(record.key)),
      values: found.map(record => textOf(record.value)),
      timestampsMs: found.map(record => record.timestamp),
    })
    at += header.sizeBytes
  }
  return seen
}
