/** What storage is given and the words that all of it shares. Owns no behaviour. */
import type { LeaderEpoch, Millis, Offset, PartitionIndex } from '../base/units.ts'
import type { Uuid } from '../base/uuid.ts'
import type { Clock } from '../ports/clock.ts'
import type { Crypto } from '../ports/crypto.ts'
import { type Disk, DiskFault } from '../ports/disk.ts'
import type { Observe } from '../ports/observe.ts'
import type { Random } from '../ports/random.ts'

export interface StorageEnv {
  readonly disk: Disk
  readonly clock: Clock
  readonly random: Random
  readonly crypto: Crypto
  readonly observe: Observe
}

/** One replica of one partition. A topic made again under the same name has another id. */
export interface LogId {
  readonly topic: string
  readonly topicId: Uuid
  readonly partition: PartitionIndex
}

/** Tells the logs of a directory apart, those of a topic that was made again too. */
export function logName(of: { readonly topicId: Uuid; readonly partition: PartitionIndex }): string {
  return `${of.topicId}-${of.partition}`
}

/** Where bytes stand: a segment of a log, and a position in its file. */
export interface LogPosition {
  readonly segmentBase: Offset
  readonly position: number
}

/** A log directory that must not be opened as it is: in use, foreign, newer, or damaged. The message is for a person. */
export class StorageRefusal extends Error {
  readonly path: string

  constructor(path: string, message: string) {
    super(message)
    this.name = 'StorageRefusal'
    this.path = path
  }
}

/**
 * Bytes that were durable and are not what was written (docs/reliability.md A6-A9). Never cut, never served: what lies
 * below `from` stays readable, and a person or a replica decides about the rest.
 */
export class StorageCorruption extends DiskFault {
  /** First offset that cannot be read. */
  readonly from: Offset

  constructor(path: string, from: Offset, message: string) {
    super('EIO', path, message)
    this.name = 'StorageCorruption'
    this.from = from
  }
}

export interface ProducedBatch {
  readonly firstSequence: number
  readonly lastSequence: number
  readonly lastOffset: Offset
  readonly offsetDelta: number
  readonly timestamp: Millis
}

/** What a partition remembers of one producer. Same fields as core's, which storage does not know. */
export interface ProducerEntry {
  readonly producerId: bigint
  readonly producerEpoch: number
  readonly coordinatorEpoch: number
  /** -1 without an open transaction. */
  readonly currentTxnFirstOffset: Offset
  readonly lastTimestamp: Millis
  /** Oldest first, at most five. */
  readonly batches: readonly ProducedBatch[]
}

/** Producers as they were when `offset` was the log's end. */
export interface ProducerSnapshot {
  readonly offset: Offset
  readonly entries: readonly ProducerEntry[]
}

export const NO_PRODUCERS: ProducerSnapshot = { offset: 0, entries: [] }

/** What the partition host tells the log, and is told by it. */
export interface LogHooks {
  highWatermark(): Offset
  /** As of the end of the log: appends are handed to the log before core's state takes them in. */
  producers(): ProducerSnapshot
  /** The durable end moved to `endOffset`. Called before the promise of the appends resolves. */
  durable(endOffset: Offset): void
}

/** The first record at or after a time, or the latest one. */
export interface TimestampedOffset {
  readonly offset: Offset
  readonly timestamp: Millis
  readonly leaderEpoch: LeaderEpoch
}

export function alignDown(bytes: number, alignmentBytes: number): number {
  return bytes - (bytes % alignmentBytes)
}

export function alignUp(bytes: number, alignmentBytes: number): number {
  return alignDown(bytes + alignmentBytes - 1, alignmentBytes)
}

/** What is no longer is read on the caller's thread at a start: less than a call that waits costs. Bytes. */
export const SMALL_READ_BYTES = 64 * 1024

/** Runs `work` on each item, at most `width` at a time. The first failure is thrown once all that had begun are over. */
export async function eachOf<T>(items: Iterable<T>, width: number, work: (item: T) => Promise<void>): Promise<void> {
  const next = items[Symbol.iterator]()
  let failed = false
  const lane = async (): Promise<void> => {
    for (let item = next.next(); !failed && item.done !== true; item = next.next()) {
      try {
        await work(item.value)
      } catch (error) {
        failed = true
        throw error
      }
    }
  }
  const results = await Promise.allSettled(Array.from({ length: width }, lane))
  for (const result of results) if (result.status === 'rejected') throw result.reason
}
