/**
 * Where a reader stands in one partition, and what it makes of the bytes that a fetch brought: whole batches, checked,
 * without what lies before the position. Knows no connection. Source: KIP-74 (partial batches), KIP-98 (control batches).
 */
import type { Bytes, LeaderEpoch, Offset, PartitionIndex } from '../base/units.ts'
import { BatchError } from '../wire/batch/errors.ts'
import {
  type BatchHeader,
  emptyBatchHeader,
  endOffset,
  HEADER_BYTES,
  isControl,
  readBatchHeader,
} from '../wire/batch/header.ts'
import { type BatchRecord, readRecords } from '../wire/batch/iterate.ts'

/** Where to begin: the first record there is, the next that will be written, or an offset. */
export type StartPosition = 'start' | 'end' | Offset

const PARTITION_BYTES = 1024 * 1024
/** No batch that a broker takes is larger. Bytes. */
const PARTITION_BYTES_MAX = 512 * 1024 * 1024

export class ReadPosition {
  readonly topic: string
  readonly partition: PartitionIndex
  /** Next offset to read; null until it is found out, because the start or the end was asked for. */
  offset: Offset | null
  /** What `offset` null stands for. */
  pending: 'start' | 'end'
  /** First offset that is not committed, as last told; -1 before. */
  highWatermark: Offset = -1
  logStartOffset: Offset = -1
  /** Term in which the last batch was written; -1: none read yet. */
  lastEpoch: LeaderEpoch = -1
  /** How much one fetch may bring. */
  maxBytes: Bytes = PARTITION_BYTES
  readonly #header: BatchHeader = emptyBatchHeader()

  constructor(topic: string, partition: PartitionIndex, from: StartPosition) {
    this.topic = topic
    this.partition = partition
    this.offset = typeof from === 'number' ? from : null
    this.pending = typeof from === 'number' ? 'start' : from
  }

  get name(): string {
    return `${this.topic}-${this.partition}`
  }

  /** Begins at another place. */
  seek(to: StartPosition): void {
    this.lastEpoch = -1
    if (typeof to === 'number') this.offset = to
    else {
      this.offset = null
      this.pending = to
    }
  }

  /**
   * Records at or after the position, in order; the position moves behind them. Ends before a batch that is not what it
   * says; throws a BatchError or a CompressionError when that is the first.
   */
  take(bytes: Uint8Array): BatchRecord[] {
    const records: BatchRecord[] = []
    const header = this.#header
    let at = 0
    while (bytes.length - at >= HEADER_BYTES) {
      readBatchHeader(bytes, at, header)
      if (header.sizeBytes > bytes.length - at) break
      try {
        records.push(...this.#takeBatch(bytes, at, header))
      } catch (error) {
        if (at === 0) throw error
        break
      }
      at += header.sizeBytes
    }
    if (at === 0 && bytes.length > 0) this.#askForMore()
    return records
  }

  #takeBatch(bytes: Uint8Array, at: number, header: BatchHeader): BatchRecord[] {
    const from = this.offset ?? 0
    const records = [...readRecords(bytes, at)]
    this.offset = Math.max(from, endOffset(header))
    this.lastEpoch = header.partitionLeaderEpoch
    // Markers of transactions are not for applications; their batch is checked like any other.
    return isControl(header) ? [] : records.filter(record => record.offset >= from)
  }

  /** The first batch was cut short by our own limit, as old brokers do. */
  #askForMore(): void {
    if (this.maxBytes >= PARTITION_BYTES_MAX) {
      throw new BatchError(
        'partial',
        `a batch of ${this.name} at offset ${this.offset} is larger than ${this.maxBytes}`,
      )
    }
    this.maxBytes = Math.min(this.maxBytes * 2, PARTITION_BYTES_MAX)
  }
}
