/** What the cleaner's tests share: keyed batches, logs with hooks, and the model that compaction is compared with. */
import type { Offset } from '../../base/units.ts'
import type { TopicConfig } from '../../spec/config/topic.ts'
import { BatchBuilder } from '../../wire/batch/build.ts'
import { putInt32 } from '../../wire/batch/fixed.ts'
import {
  type BatchHeader,
  type CodecId,
  emptyBatchHeader,
  endOffset,
  hasDeleteHorizon,
  lastOffset,
  producerIdAt,
  RECORDS_COUNT_AT,
  readBatchHeader,
  stampCrc,
} from '../../wire/batch/header.ts'
import { readRecords } from '../../wire/batch/iterate.ts'
import { BatchWalk } from '../../wire/batch/walk.ts'
import type { Log } from '../log.ts'
import type { LogDirectory } from '../log-directory.ts'
import { logId, topicConfig } from '../testing.ts'
import type { CleanerOptions } from './log-cleaner.ts'

export const CLEAN: CleanerOptions = {
  mapBytes: 1024 * 1024,
  loadFactor: 0.9,
  bufferBytes: 4096,
  bytesPerSecond: Number.POSITIVE_INFINITY,
}

export interface KeyedRecord {
  readonly key: string | null
  /** Null: a tombstone. */
  readonly value: string | null
}

export interface KeyedBatch {
  readonly records: readonly KeyedRecord[]
  readonly codec?: CodecId
  readonly producer?: { readonly id: bigint; readonly sequence: number }
  readonly timestamp?: number
  readonly transactional?: boolean
  /** What its header says that it holds, where that is not so. */
  readonly count?: number
}

const builder = new BatchBuilder()
const encoder = new TextEncoder()
const decoder = new TextDecoder()

export function keyedBatch(baseOffset: Offset, batch: KeyedBatch): { bytes: Uint8Array; header: BatchHeader } {
  const { records, codec, producer, timestamp = 1000 + baseOffset, transactional } = batch
  records.forEach(({ key, value }, i) => {
    builder.append(
      key === null ? null : encoder.encode(key),
      value === null ? null : encoder.encode(value),
      [],
      timestamp + i,
    )
  })
  const bytes = builder.build({
    baseOffset,
    leaderEpoch: 0,
    ...(codec === undefined ? {} : { codec }),
    ...(transactional === undefined ? {} : { transactional }),
    ...(producer === undefined ? {} : { producerId: producer.id, producerEpoch: 0, baseSequence: producer.sequence }),
  })
  if (batch.count !== undefined) {
    putInt32(bytes, RECORDS_COUNT_AT, batch.count)
    stampCrc(bytes, 0)
  }
  return { bytes, header: readBatchHeader(bytes, 0, emptyBatchHeader()) }
}

/** A log with the hooks of a partition host, and what was appended to it. */
export class CompactedLog {
  readonly log: Log
  /** By offset; what the log had before any compaction. */
  readonly history: KeyedRecord[] = []
  readonly #lastOffsets = new Map<bigint, Offset>()
  #highWatermark: Offset | null = null

  constructor(log: Log) {
    this.log = log
    log.attach({
      highWatermark: () => Math.min(this.#highWatermark ?? log.durableEndOffset, log.durableEndOffset),
      producers: () => ({ offset: log.endOffset, entries: this.producers() }),
      durable: () => {},
    })
  }

  static async create(directory: LogDirectory, config: Readonly<Record<string, string>> = {}): Promise<CompactedLog> {
    return new CompactedLog(await directory.create(logId(), compacted(config)))
  }

  /** The same log as it was found again. */
  goOn(log: Log): CompactedLog {
    const again = new CompactedLog(log)
    again.history.push(...this.history)
    for (const [id, offset] of this.#lastOffsets) again.#lastOffsets.set(id, offset)
    return again
  }

  holdHighWatermark(offset: Offset | null): void {
    this.#highWatermark = offset
  }

  producers() {
    return [...this.#lastOffsets].map(([producerId, offset]) => ({
      producerId,
      producerEpoch: 0,
      coordinatorEpoch: -1,
      currentTxnFirstOffset: -1,
      lastTimestamp: -1,
      batches: [{ firstSequence: 0, lastSequence: 0, lastOffset: offset, offsetDelta: 0, timestamp: -1 }],
    }))
  }

  append(batch: KeyedBatch): Promise<void> {
    const { bytes, header } = keyedBatch(this.log.endOffset, batch)
    batch.records.forEach((record, i) => {
      this.history[header.baseOffset + i] = record
    })
    if (batch.producer !== undefined) this.#lastOffsets.set(batch.producer.id, lastOffset(header))
    return this.log.append(bytes, header)
  }

  /** Key and value of one record in a batch of its own. */
  put(key: string, value: string | null): Promise<void> {
    return this.append({ records: [{ key, value }] })
  }

  /** Ends the active segment, and closes what was ended. */
  async close(directory: LogDirectory): Promise<void> {
    if (this.log.active.sizeBytes > 0) this.log.roll(this.log.endOffset)
    await directory.checkpoint()
  }
}

export function compacted(config: Readonly<Record<string, string>> = {}): TopicConfig {
  return topicConfig({
    'cleanup.policy': 'compact',
    'segment.bytes': '1000',
    'min.cleanable.dirty.ratio': '0',
    'file.delete.delay.ms': '0',
    ...config,
  })
}

export interface SeenRecord extends KeyedRecord {
  readonly offset: Offset
}

export interface SeenBatch {
  readonly header: BatchHeader
  readonly producerId: bigint | null
  readonly records: readonly SeenRecord[]
}

/** What a reader gets from `from` on, read by read, each as small as may be. Throws when offsets go back. */
export async function batchesFrom(log: Log, from: Offset = log.startOffset, maxBytes = 300): Promise<SeenBatch[]> {
  const batches: SeenBatch[] = []
  let next = from
  while (next < log.endOffset) {
    const read = await log.read(next, { upTo: log.endOffset, maxBytes, minOneBatch: true })
    if (read.bytes === 0) break
    for (const chunk of read.chunks) {
      const walk = new BatchWalk().reset(chunk, 0, chunk.length, { verifyCrc: true })
      while (walk.next()) {
        if (endOffset(walk.header) <= next) throw new Error(`a read from ${next} begins with ${walk.header.baseOffset}`)
        batches.push(seenBatch(chunk, walk))
        next = endOffset(walk.header)
      }
      if (walk.stop !== 'end') throw new Error(`a read ends with ${walk.stop}`)
    }
    read.release()
  }
  return batches
}

function seenBatch(bytes: Uint8Array, walk: BatchWalk): SeenBatch {
  const header = { ...walk.header }
  const text = (value: Uint8Array | null) => (value === null ? null : decoder.decode(value))
  const records = [...readRecords(bytes, walk.position)].map(record => ({
    offset: record.offset,
    key: text(record.key),
    value: text(record.value),
  }))
  return { header, producerId: header.hasProducerId ? producerIdAt(bytes, walk.position) : null, records }
}

export async function recordsFrom(log: Log, from: Offset = log.startOffset): Promise<SeenRecord[]> {
  return (await batchesFrom(log, from)).flatMap(batch => batch.records).filter(record => record.offset >= from)
}

/** Of each key the newest record among those below `end`; then everything from there on. By offset. */
export function lastOfEachKey(history: readonly KeyedRecord[], end: Offset): SeenRecord[] {
  const last = new Map<string | null, Offset>()
  history.slice(0, end).forEach((record, offset) => {
    last.set(record.key, offset)
  })
  return history
    .map((record, offset) => ({ offset, ...record }))
    .filter(({ offset, key }) => offset >= end || last.get(key) === offset)
}

export function horizonsOf(batches: readonly SeenBatch[]): number[] {
  return batches.filter(({ header }) => hasDeleteHorizon(header)).map(({ header }) => header.baseTimestamp)
}
