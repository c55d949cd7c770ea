/** What a partition's folder holds at start. Removes what an interrupted deletion, write or cleaning left, and finishes a
 * swap of cleaned segments; reads no other batch. */
import type { Offset } from '../base/units.ts'
import type { Uuid } from '../base/uuid.ts'
import type { Disk } from '../ports/disk.ts'
import { recoverSwaps, SWAP_SUFFIX } from './cleaner/swap.ts'
import type { ProducerSnapshot } from './env.ts'
import { readTextSync, readWholeSync } from './files.ts'
import {
  type EpochStart,
  LEADER_EPOCHS,
  PARTITION_METADATA,
  parseEpochs,
  parsePartitionMetadata,
} from './kafka-files.ts'
import { decodeProducerSnapshot, encodeProducerSnapshot, snapshotFileName } from './producer-snapshot.ts'
import { parseSegmentFile, Segment } from './segment.ts'

const LEFTOVER = /\.(deleted|tmp|cleaned|swap)$/

export interface PartitionFolder {
  readonly path: string
  readonly topic: string
  readonly partition: number
  readonly topicId: Uuid
  /** The log followed one of another directory. */
  readonly isFuture: boolean
  /** By base offset, with the sizes of the files. */
  readonly segments: readonly Segment[]
  /** Offsets of the producer snapshots, rising. */
  readonly snapshots: readonly Offset[]
}

/**
 * Null when the folder has no partition.metadata that can be read: then nobody knows whose it is. What every folder needs
 * is read on the caller's thread: with 10,000 of them a call that waits costs more than all it reads.
 */
export async function openFolder(
  disk: Disk,
  path: string,
  name: { readonly topic: string; readonly partition: number; readonly isFuture: boolean },
): Promise<PartitionFolder | null> {
  const metadata = readTextSync(disk, `${path}/${PARTITION_METADATA}`)
  const topicId = metadata === null ? null : parsePartitionMetadata(metadata)
  if (topicId === null) return null
  let files = disk.listSync(path)
  if (files.some(file => file.name.endsWith(SWAP_SUFFIX))) {
    await recoverSwaps(disk, path)
    files = disk.listSync(path)
  }
  const segments: Segment[] = []
  const snapshots: Offset[] = []
  const indexes: { readonly baseOffset: Offset; readonly file: string }[] = []
  for (const { name: file, kind } of files) {
    if (kind !== 'file') continue
    if (LEFTOVER.test(file)) {
      await disk.remove(`${path}/${file}`)
      continue
    }
    const parsed = parseSegmentFile(file)
    if (parsed === null) continue
    if (parsed.kind === 'snapshot') snapshots.push(parsed.baseOffset)
    else if (parsed.kind === 'log') segments.push(openSegment(disk, path, parsed.baseOffset))
    else indexes.push({ baseOffset: parsed.baseOffset, file })
  }
  const bases = new Set(segments.map(segment => segment.baseOffset))
  for (const { baseOffset, file } of indexes) if (!bases.has(baseOffset)) await disk.remove(`${path}/${file}`)
  return { path, ...name, topicId, segments, snapshots }
}

function openSegment(disk: Disk, path: string, baseOffset: Offset): Segment {
  const segment = new Segment(path, baseOffset)
  const stat = disk.statSync(segment.file('log'))
  segment.sizeBytes = stat?.sizeBytes ?? 0
  segment.writtenBytes = segment.sizeBytes
  segment.named = true
  return segment
}

/** Null when the file is missing or cannot be believed (A11). */
export function readEpochFile(disk: Disk, path: string): EpochStart[] | null {
  const text = readTextSync(disk, `${path}/${LEADER_EPOCHS}`)
  return text === null ? null : parseEpochs(text)
}

/**
 * What is `remembered`, with up to five batches of each producer, when a snapshot file says the same of the last one of
 * each, which is all that Kafka's format has room for. Else the newest snapshot at or below `endOffset` that can be read;
 * else none, as of `startOffset`. Batches behind the snapshot's offset are to be replayed.
 */
export function readProducers(
  disk: Disk,
  folder: PartitionFolder,
  known: {
    readonly startOffset: Offset
    readonly endOffset: Offset
    readonly remembered: ProducerSnapshot | null
  },
): ProducerSnapshot {
  const { startOffset, endOffset, remembered } = known
  const newestFirst = folder.snapshots.filter(at => at >= startOffset && at <= endOffset).sort((a, b) => b - a)
  const read = (offset: Offset) => readWholeSync(disk, `${folder.path}/${snapshotFileName(offset)}`)
  if (remembered !== null && newestFirst.includes(remembered.offset)) {
    // With all their batches: worth more than a later file, which was written when a segment began.
    const bytes = read(remembered.offset)
    if (bytes !== null && saysTheSame(bytes, remembered)) return remembered
  }
  for (const offset of newestFirst) {
    const bytes = read(offset)
    const entries = bytes === null ? null : decodeProducerSnapshot(bytes)
    if (entries !== null) return { offset, entries }
  }
  return { offset: startOffset, entries: [] }
}

function saysTheSame(bytes: Uint8Array, remembered: ProducerSnapshot): boolean {
  const encoded = encodeProducerSnapshot(remembered.entries)
  return encoded.length === bytes.length && encoded.every((byte, i) => byte === bytes[i])
}
