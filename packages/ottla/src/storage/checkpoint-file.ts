/**
 * `.ottla-checkpoint` (J4, docs/formats/checkpoint.md): for each log what recovery starts from, and the first round of the
 * journal that is not in the segments yet. Written whole and replaced atomically. Big-endian: u32 magic 'OtlC', u16
 * version, u32 CRC-32C of the rest, then the head and one entry per log. Formats only.
 */
import { DecodeError, Reader, Writer } from '../base/cursor.ts'
import type { Millis, Offset } from '../base/units.ts'
import type { Uuid } from '../base/uuid.ts'
import { crc32c } from '../wire/batch/crc32c.ts'
import { putInt32, uint32At } from '../wire/batch/fixed.ts'
import type { ProducedBatch, ProducerEntry, ProducerSnapshot } from './env.ts'
import type { EpochStart } from './kafka-files.ts'

export const CHECKPOINT_FILE = '.ottla-checkpoint'
export const CHECKPOINT_VERSION = 1
const MAGIC = 0x4f746c43
const CRC_AT = 6
const BODY_AT = 10

/** What is known of the segment that takes appends, up to the checkpoint. */
export interface ActiveSegmentState {
  readonly baseOffset: Offset
  /** Where the log ended in it. */
  readonly sizeBytes: number
  /** Entries of the index files that were synced, and the position up to which they cover the segment. */
  readonly indexEntries: number
  readonly timeEntries: number
  readonly indexedBytes: number
  /** -1 when the segment has no batch. */
  readonly maxTimestamp: Millis
  readonly maxTimestampOffset: Offset
  readonly firstTimestamp: Millis
}

export interface CheckpointEntry {
  readonly topicId: Uuid
  readonly partition: number
  /** True: every byte below the end is in the journal or in synced segments. False: the tail must be scanned. */
  readonly journaled: boolean
  readonly startOffset: Offset
  readonly endOffset: Offset
  readonly highWatermark: Offset
  readonly active: ActiveSegmentState
  readonly epochs: readonly EpochStart[]
  readonly producers: ProducerSnapshot
}

export interface Checkpoint {
  /** Round records with this id belong to this checkpoint's journal. */
  readonly ringId: Uint8Array
  readonly replayFrom: number
  readonly entries: readonly CheckpointEntry[]
}

/** `newer`: written by a later release. `damaged`: not what any release wrote. */
export type CheckpointReading = Checkpoint | 'newer' | 'damaged'

/** Up to which base the names of segments are durable: at a checkpoint those of all that had bytes by then were synced. */
export function namedTo(entry: CheckpointEntry | null): Offset {
  if (entry === null) return -1
  const { baseOffset, sizeBytes } = entry.active
  return sizeBytes > 0 ? baseOffset : baseOffset - 1
}

/** One for all entries: a checkpoint may encode 10,000. */
const entryWriter = new Writer()

/** One entry's bytes, which the next checkpoint uses again when the log did not change. */
export function encodeEntry(entry: CheckpointEntry): Uint8Array {
  const w = entryWriter.beginBare()
  w.uuid(entry.topicId)
  w.int32(entry.partition)
  w.bool(entry.journaled)
  w.int53(entry.startOffset)
  w.int53(entry.endOffset)
  w.int53(entry.highWatermark)
  const { active } = entry
  w.int53(active.baseOffset)
  w.uint32(active.sizeBytes)
  w.uint32(active.indexEntries)
  w.uint32(active.timeEntries)
  w.uint32(active.indexedBytes)
  w.int53(active.maxTimestamp)
  w.int53(active.maxTimestampOffset)
  w.int53(active.firstTimestamp)
  w.uint32(entry.epochs.length)
  for (const { epoch, startOffset } of entry.epochs) {
    w.int32(epoch)
    w.int53(startOffset)
  }
  w.int53(entry.producers.offset)
  w.uint32(entry.producers.entries.length)
  for (const producer of entry.producers.entries) putProducer(w, producer)
  return w.finishBytes().slice()
}

function putProducer(w: Writer, producer: ProducerEntry): void {
  w.int64(producer.producerId)
  w.int16(producer.producerEpoch)
  w.int32(producer.coordinatorEpoch)
  w.int53(producer.currentTxnFirstOffset)
  w.int53(producer.lastTimestamp)
  w.int8(producer.batches.length)
  for (const batch of producer.batches) {
    w.int32(batch.firstSequence)
    w.int32(batch.lastSequence)
    w.int53(batch.lastOffset)
    w.int32(batch.offsetDelta)
    w.int53(batch.timestamp)
  }
}

export function encodeCheckpoint(head: Omit<Checkpoint, 'entries'>, entries: readonly Uint8Array[]): Uint8Array {
  const entriesBytes = entries.reduce((sum, entry) => sum + entry.length, 0)
  const w = new Writer().beginBare()
  w.uint32(MAGIC)
  w.uint16(CHECKPOINT_VERSION)
  w.uint32(0)
  w.raw(head.ringId)
  w.int53(head.replayFrom)
  w.uint32(entries.length)
  const start = w.finishBytes()
  const bytes = new Uint8Array(start.length + entriesBytes)
  bytes.set(start)
  let at = start.length
  for (const entry of entries) {
    bytes.set(entry, at)
    at += entry.length
  }
  putInt32(bytes, CRC_AT, crc32c(bytes, BODY_AT, bytes.length))
  return bytes
}

export function decodeCheckpoint(bytes: Uint8Array): CheckpointReading {
  if (bytes.length < BODY_AT || uint32At(bytes, 0) !== MAGIC) return 'damaged'
  const r = new Reader(bytes, { elementsMax: Number.MAX_SAFE_INTEGER })
  r.uint32()
  if (r.uint16() > CHECKPOINT_VERSION) return 'newer'
  if (r.uint32() !== crc32c(bytes, BODY_AT, bytes.length)) return 'damaged'
  try {
    const ringId = r.view(16).slice()
    const replayFrom = r.int53()
    const entries = Array.from({ length: r.uint32() }, () => readEntry(r))
    return { ringId, replayFrom, entries }
  } catch (error) {
    if (error instanceof DecodeError) return 'damaged'
    throw error
  }
}

function readEntry(r: Reader): CheckpointEntry {
  const topicId = r.uuid()
  const partition = r.int32()
  const journaled = r.bool()
  const startOffset = r.int53()
  const endOffset = r.int53()
  const highWatermark = r.int53()
  const active: ActiveSegmentState = {
    baseOffset: r.int53(),
    sizeBytes: r.uint32(),
    indexEntries: r.uint32(),
    timeEntries: r.uint32(),
    indexedBytes: r.uint32(),
    maxTimestamp: r.int53(),
    maxTimestampOffset: r.int53(),
    firstTimestamp: r.int53(),
  }
  const epochs = Array.from({ length: r.uint32() }, () => ({ epoch: r.int32(), startOffset: r.int53() }))
  const offset = r.int53()
  const entries = Array.from({ length: r.uint32() }, () => readProducer(r))
  const producers: ProducerSnapshot = { offset, entries }
  return { topicId, partition, journaled, startOffset, endOffset, highWatermark, active, epochs, producers }
}

function readProducer(r: Reader): ProducerEntry {
  return {
    producerId: r.int64(),
    producerEpoch: r.int16(),
    coordinatorEpoch: r.int32(),
    currentTxnFirstOffset: r.int53(),
    lastTimestamp: r.int53(),
    batches: Array.from(
      { length: r.int8() },
      (): ProducedBatch => ({
        firstSequence: r.int32(),
        lastSequence: r.int32(),
        lastOffset: r.int53(),
        offsetDelta: r.int32(),
        timestamp: r.int53(),
      }),
    ),
  }
}
