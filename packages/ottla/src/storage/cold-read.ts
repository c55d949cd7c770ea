/**
 * Reads from a segment's file. Every batch served is summed first (A6-A8): what was durable and no longer fits its sum is a
 * StorageCorruption that names where it begins, and what lies before it is still served. An index entry that does not
 * point at its batch is thrown away with its index, which is made again from the segment (A10).
 */
import { planted } from '../base/planted.ts'
import type { Offset } from '../base/units.ts'
import { int32At } from '../wire/batch/fixed.ts'
import {
  BATCH_LENGTH_AT,
  type BatchHeader,
  batchCrcMatches,
  endOffset,
  HEADER_BYTES,
  LOG_OVERHEAD_BYTES,
  lastOffset,
} from '../wire/batch/header.ts'
import { BatchWalk } from '../wire/batch/walk.ts'
import { StorageCorruption } from './env.ts'
import { completeIndex, remakeIndex } from './index-files.ts'
import type { Log } from './log.ts'
import { type LogRead, NOTHING_READ, type ReadRange } from './log-read.ts'
import type { Piece } from './piece.ts'
import type { Segment } from './segment.ts'

/** Read beyond what was asked for: the way from an index entry to the batch looked for. Bytes. */
const SLACK_BYTES = 16_384

/**
 * Null when no batch that ends after `from` and begins below `upTo` lies in the files before `first`, the log's oldest
 * piece, or when that is not its oldest any more: then others may. The log's files are held still.
 */
export async function readCold(
  log: Log,
  from: Offset,
  range: ReadRange,
  first: Piece | undefined,
): Promise<LogRead | null> {
  for (let number = segmentOf(log, from); number < log.segments.length; number++) {
    const segment = log.segments[number] as Segment
    if (segment.baseOffset >= range.upTo) return null
    const { cuts } = log
    const read = await readSegment(log, segment, { ...range, from })
    // The end was cut meanwhile: what was read may be gone, and the reader asks again.
    if (log.cuts !== cuts) {
      read?.release()
      return NOTHING_READ
    }
    if (read !== null) return read
    // Files behind the oldest piece may hold something already, but what is in memory comes before it.
    if (log.pieces[0] !== first || first?.segment === segment) return null
  }
  return null
}

export function segmentOf(log: Log, offset: Offset): number {
  const { segments } = log
  let low = 0
  let high = segments.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((segments[middle] as Segment).baseOffset <= offset) low = middle + 1
    else high = middle
  }
  return Math.max(0, low - 1)
}

interface SegmentRead extends ReadRange {
  readonly from: Offset
}

/** Null when no batch of the file ends after `from`. */
async function readSegment(log: Log, segment: Segment, want: SegmentRead, remade = false): Promise<LogRead | null> {
  await completeIndex(log, segment)
  // Bytes from here on are in pieces, and nobody who wants those comes here.
  const first = log.pieces[0]
  const fileEnd = first !== undefined && first.segment === segment ? first.firstBatchPosition : segment.sizeBytes
  const awaited = log.host.readAhead.take(log, segment, want.from)
  const hint = awaited === null ? segment.index.atOrBefore(want.from) : null
  let position = awaited?.position ?? hint?.position ?? 0
  const usualBytes = Math.max(HEADER_BYTES, want.maxBytes) + SLACK_BYTES
  let bytes = usualBytes
  for (let attempt = 0; ; attempt++) {
    const fetched = attempt === 0 ? await awaited?.fetched : null
    const end = Math.min(fileEnd, position + bytes)
    if (position >= end) return null
    const { buffer, count } = fetched ?? (await log.host.readAhead.read(segment, { position, end }))
    const check = attempt === 0 && !remade && !planted('index-trusted')
    const hintOffset = check && hint !== null ? hint.offset : null
    const outcome = select(buffer, count, { want, segment, hintOffset })
    if (outcome.kind === 'read') {
      const { start, end: to } = outcome
      if (to === start) {
        log.host.readBuffers.give(buffer)
        if (outcome.bad === null) return NOTHING_READ
        throw damage(log, segment, { ...outcome.bad, position: position + to })
      }
      const next = position + to
      const ahead = { offset: outcome.next, position: next, end: Math.min(fileEnd, next + usualBytes) }
      log.host.readAhead.expect(log, segment, ahead, awaited !== null)
      return {
        chunks: [buffer.subarray(start, to)],
        bytes: to - start,
        release: () => log.host.readBuffers.give(buffer),
      }
    }
    log.host.readBuffers.give(buffer)
    if (outcome.kind === 'index') {
      await remakeIndex(log, segment)
      return readSegment(log, segment, want, true)
    }
    // The batch looked for begins, or ends, behind what was read.
    position += outcome.at
    if (position >= fileEnd) return null
    bytes = Math.max(outcome.needBytes, want.maxBytes) + SLACK_BYTES
    if (position + outcome.needBytes > fileEnd) {
      throw damage(log, segment, { from: outcome.offset, why: 'a batch ends behind its segment', position })
    }
  }
}

type Outcome =
  /** `next`: the offset behind what is served. */
  | {
      readonly kind: 'read'
      readonly start: number
      readonly end: number
      readonly next: Offset
      readonly bad: Bad | null
    }
  /** Look again from `at`, with at least `needBytes`. `offset`: of what is looked for. */
  | { readonly kind: 'more'; readonly at: number; readonly needBytes: number; readonly offset: Offset }
  | { readonly kind: 'index' }

interface Bad {
  readonly from: Offset
  readonly why: string
}

const walk = new BatchWalk()

/** Chooses from `count` bytes that begin at a batch. `hintOffset`: last offset of that batch, as the index says. */
function select(
  buffer: Uint8Array,
  count: number,
  by: { readonly want: SegmentRead; readonly segment: Segment; readonly hintOffset: Offset | null },
): Outcome {
  const { want, segment, hintOffset } = by
  walk.reset(buffer, 0, count, { minBaseOffset: segment.baseOffset })
  let start = -1
  let end = 0
  // Behind the last batch that is served.
  let next = want.from
  while (walk.next()) {
    const { header, position } = walk
    if (position === 0 && hintOffset !== null && lastOffset(header) !== hintOffset) {
      return { kind: 'index' }
    }
    // A batch of another place or another time (A9): its sum fits, its offsets do not.
    if (endOffset(header) > segment.endOffset) {
      return unreadable(start, end, { from: next, why: 'offsets of another place' })
    }
    if (start === -1) {
      if (endOffset(header) <= want.from) {
        end = position + header.sizeBytes
        continue
      }
      start = position
      end = position
    }
    // Only what is served is summed: damage before it hides nothing that lies behind it.
    if (!batchCrcMatches(buffer, position, header)) return unreadable(start, end, { from: next, why: 'crc' })
    if (!fits(header, position - start, { want })) return { kind: 'read', start, end, next, bad: null }
    next = endOffset(header)
    end = position + header.sizeBytes
  }
  if (walk.stop === 'end' && start === -1) return { kind: 'more', at: end, needBytes: HEADER_BYTES, offset: next }
  if (walk.stop === 'end') return { kind: 'read', start, end, next, bad: null }
  if (start !== -1 && end > start) return { kind: 'read', start, end, next, bad: null }
  if (hintOffset !== null && walk.position === 0 && walk.stop !== 'partial') return { kind: 'index' }
  if (walk.stop === 'partial') return { kind: 'more', at: end, needBytes: sizeAt(buffer, end, count), offset: next }
  return { kind: 'read', start: end, end, next, bad: { from: next, why: walk.stop ?? 'unreadable' } }
}

/** What was good before it is served all the same. */
function unreadable(start: number, end: number, bad: Bad): Outcome {
  const good = start !== -1 && end > start
  return { kind: 'read', start: good ? start : end, end, next: bad.from, bad: good ? null : bad }
}

function fits(header: BatchHeader, before: number, by: { want: SegmentRead }): boolean {
  const { want } = by
  if (endOffset(header) > want.upTo) return false
  return before + header.sizeBytes <= want.maxBytes || (before === 0 && want.minOneBatch)
}

/** Size of the batch whose first bytes stand at `at`; a header's size when not even that is there. */
function sizeAt(buffer: Uint8Array, at: number, count: number): number {
  if (count - at < HEADER_BYTES) return HEADER_BYTES
  return int32At(buffer, at + BATCH_LENGTH_AT) + LOG_OVERHEAD_BYTES
}

function damage(log: Log, segment: Segment, bad: Bad & { readonly position: number }): StorageCorruption {
  const path = segment.file('log')
  const { topic, partition } = log.id
  log.host.env.observe.log('error', 'log.damaged', {
    topic,
    partition,
    path,
    position: bad.position,
    from: bad.from,
    why: bad.why,
  })
  return new StorageCorruption(
    path,
    bad.from,
    `${path}: the batch at byte ${bad.position} is damaged (${bad.why}); offsets from ${bad.from} cannot be read`,
  )
}
