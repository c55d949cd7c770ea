/** What a read of a log asks for, and what it gives. */
import type { Offset } from '../base/units.ts'

export interface ReadRange {
  /** No batch with a record at or above this offset. */
  readonly upTo: Offset
  readonly maxBytes: number
  /** The first batch comes whole even when it is longer than `maxBytes`. */
  readonly minOneBatch: boolean
}

export interface LogRead {
  /** Whole batches, none in two chunks. Valid until `release`. */
  readonly chunks: Uint8Array[]
  readonly bytes: number
  /** Gives the memory back. Call once. */
  release(): void
}

export const NOTHING_READ: LogRead = { chunks: [], bytes: 0, release: () => {} }
