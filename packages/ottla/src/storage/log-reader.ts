/**
 * Reads of a log: from the pieces when they have it, as views and at once; else from the file, checked batch by batch, so
 * that damaged bytes are never served. Finds where a read begins and ends through the sparse index, then header by header.
 */
import { assert } from '../base/assert.ts'
import type { Offset } from '../base/units.ts'
import { int32At, int53At } from '../wire/batch/fixed.ts'
import { BASE_OFFSET_AT, BATCH_LENGTH_AT, LAST_OFFSET_DELTA_AT, LOG_OVERHEAD_BYTES } from '../wire/batch/header.ts'
import { readCold } from './cold-read.ts'
import type { Log } from './log.ts'
import { type LogRead, NOTHING_READ, type ReadRange } from './log-read.ts'
import type { Piece } from './piece.ts'

export function readLog(log: Log, from: Offset, range: ReadRange): LogRead | Promise<LogRead> {
  const fault = log.host.fault
  if (fault !== null) throw fault
  if (log.removed) throw log.fault
  if (from >= range.upTo || from >= log.endOffset) return NOTHING_READ
  const first = log.pieces[0]
  if (first !== undefined && from >= first.baseOffset) return readPieces(log, from, range)
  if (log.durability === 'memory') return first === undefined ? NOTHING_READ : readPieces(log, first.baseOffset, range)
  return readFiles(log, from, range)
}

async function readFiles(log: Log, from: Offset, range: ReadRange): Promise<LogRead> {
  const first = log.pieces[0]
  const read = await log.files.shared(() => readCold(log, from, range, first))
  if (read !== null) return read
  // What was in memory then may be in the files now, and nowhere else.
  if (log.pieces[0] !== first) return readLog(log, from, range)
  // No batch in the files reaches so far: offsets that a cut or compaction left unused, before what is in memory.
  const inMemory = first !== undefined && first.baseOffset >= from && first.baseOffset < range.upTo
  return inMemory ? readPieces(log, first.baseOffset, range) : NOTHING_READ
}

function readPieces(log: Log, from: Offset, range: ReadRange): LogRead {
  const { pieces } = log
  let index = lastPieceAtOrBefore(pieces, from)
  let piece = pieces[index] as Piece
  let start = findBatch(piece, from)
  if (start === piece.endPosition && index + 1 < pieces.length) {
    piece = pieces[++index] as Piece
    start = piece.firstBatchPosition
  }
  const chunks: Uint8Array[] = []
  const held: Piece[] = []
  let bytes = 0
  for (;;) {
    const end = cutAt(piece, start, {
      upTo: range.upTo,
      maxBytes: range.maxBytes - bytes,
      oneBatch: range.minOneBatch && bytes === 0,
    })
    if (end > start) {
      chunks.push(piece.view(start, end))
      held.push(piece)
      piece.references++
      bytes += end - start
    }
    const next = pieces[++index]
    if (next === undefined || end < piece.endPosition) break
    piece = next
    start = piece.firstBatchPosition
  }
  return { chunks, bytes, release: () => releaseAll(log, held) }
}

function releaseAll(log: Log, held: Piece[]): void {
  assert(held.length === 0 || (held[0] as Piece).references > 0, 'a read is released once')
  for (const piece of held.splice(0)) {
    piece.references--
    log.host.pieces.released(piece)
  }
}

function lastPieceAtOrBefore(pieces: readonly Piece[], offset: Offset): number {
  let low = 0
  let high = pieces.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((pieces[middle] as Piece).baseOffset <= offset) low = middle + 1
    else high = middle
  }
  return Math.max(0, low - 1)
}

/** Position of the first batch that ends after `offset`; the piece's end when it has none. */
export function findBatch(piece: Piece, offset: Offset): number {
  const hint = piece.segment.index.atOrBefore(offset)
  const inside = hint !== null && hint.position >= piece.firstBatchPosition && hint.position < piece.endPosition
  let position = inside ? hint.position : piece.firstBatchPosition
  while (position < piece.endPosition) {
    const at = position - piece.startPosition
    if (batchEndAt(piece.memory, at) > offset) return position
    position += batchSizeAt(piece.memory, at)
  }
  return position
}

/** Where a read that begins at `start` ends: after the last batch that fits. */
function cutAt(
  piece: Piece,
  start: number,
  limits: { readonly upTo: Offset; readonly maxBytes: number; readonly oneBatch: boolean },
): number {
  const { upTo, maxBytes } = limits
  const lastPosition = start + maxBytes
  if (piece.endPosition <= lastPosition && piece.endOffset <= upTo) return piece.endPosition
  const { index } = piece.segment
  let position = start
  const byBytes = index.atOrBeforePosition(lastPosition)
  const byOffset = index.atOrBefore(upTo - 1)
  if (byBytes !== null && byOffset !== null) position = Math.max(start, Math.min(byBytes.position, byOffset.position))
  while (position < piece.endPosition) {
    const at = position - piece.startPosition
    const end = position + batchSizeAt(piece.memory, at)
    if (batchEndAt(piece.memory, at) > upTo) break
    if (end > lastPosition && !(limits.oneBatch && position === start)) break
    position = end
  }
  return position
}

function batchEndAt(bytes: Uint8Array, at: number): Offset {
  return int53At(bytes, at + BASE_OFFSET_AT) + int32At(bytes, at + LAST_OFFSET_DELTA_AT) + 1
}

function batchSizeAt(bytes: Uint8Array, at: number): number {
  return int32At(bytes, at + BATCH_LENGTH_AT) + LOG_OVERHEAD_BYTES
}
