/**
 * A piece: memory that mirrors a range of a segment's file. Batches are copied into the log's newest piece; the write-back
 * takes them from there to the file; tail reads are views of it. Once written it stays for readers until the memory is
 * needed (J11). A batch never lies in two pieces: a new piece begins with a copy of the last, partial block of the one
 * before it, because direct writes are whole blocks.
 */
import { assert } from '../base/assert.ts'
import { copyBytes } from '../base/copy-bytes.ts'
import type { Bytes, Offset } from '../base/units.ts'
import { type Block, type MemoryBudget, powerOfTwoAtLeast, powerOfTwoAtMost } from './memory-budget.ts'
import type { Segment } from './segment.ts'

/** How the bytes of a piece get to where they belong. */
export type PieceKind = 'direct' | 'cached' | 'memory'

/** Whoever serves reads from the pieces of a log. */
export interface PieceOwner {
  /** The oldest piece that is still served. */
  readonly oldestPiece: Piece | undefined
  /** The piece is written and its memory is wanted: it must not be read from any more. */
  pieceEvicted(piece: Piece): void
}

export class Piece {
  readonly owner: PieceOwner
  readonly segment: Segment
  readonly kind: PieceKind
  readonly memory: Uint8Array
  readonly block: Block | null
  /** Of its first byte, in the segment's file. */
  readonly startPosition: number
  /** Of the first batch that begins in it, and that batch's offset. */
  readonly firstBatchPosition: number
  readonly baseOffset: Offset
  endPosition: number
  /** Bytes before this position are in the file. */
  writtenPosition: number
  /** Takes no more batches. */
  closed = false
  /** Reads that hold views of it. */
  references = 0
  /** A write from it is in flight. */
  writing = false
  /** Stands in the list of pieces whose memory may be wanted back. */
  listed = false
  /** First offset after its last batch. */
  endOffset: Offset
  /**
   * The piece that begins with a copy of this one's last, partial block. Until that block is written from there, the end
   * of this piece is in no file.
   */
  carriedTo: Piece | null = null
  /** Where that copy came from; null once it is written. */
  carriedFrom: Piece | null = null
  dropped = false

  constructor(
    owner: PieceOwner,
    segment: Segment,
    place: {
      readonly kind: PieceKind
      readonly memory: Uint8Array
      readonly block: Block | null
      readonly startPosition: number
      readonly baseOffset: Offset
    },
  ) {
    this.owner = owner
    this.segment = segment
    this.kind = place.kind
    this.memory = place.memory
    this.block = place.block
    this.startPosition = place.startPosition
    this.endPosition = segment.sizeBytes
    this.firstBatchPosition = segment.sizeBytes
    this.baseOffset = place.baseOffset
    this.endOffset = place.baseOffset
    this.writtenPosition = segment.sizeBytes
  }

  get roomBytes(): number {
    return this.startPosition + this.memory.length - this.endPosition
  }

  get unwrittenBytes(): number {
    return this.endPosition - this.writtenPosition
  }

  /** Everything in the segment before this position is in the file, as far as this piece knows. */
  get writtenTo(): number {
    return this.carriedFrom === null ? this.writtenPosition : this.startPosition
  }

  /** Whether the file has all of it, and it may be read from there. */
  get isWritten(): boolean {
    return this.unwrittenBytes === 0 && (this.carriedTo === null || this.carriedTo.carriedFrom === null)
  }

  append(bytes: Uint8Array, endOffset: Offset): void {
    assert(!this.closed && bytes.length <= this.roomBytes, 'a batch fits into its piece', { bytes: bytes.length })
    copyBytes(bytes, this.memory, this.endPosition - this.startPosition)
    this.endPosition += bytes.length
    this.endOffset = endOffset
  }

  /** The bytes from `from` to `to`, positions in the segment. */
  view(from: number, to: number): Uint8Array {
    return this.memory.subarray(from - this.startPosition, to - this.startPosition)
  }
}

export const PIECE_BYTES_MAX = 1024 * 1024
const PIECE_BYTES_MIN = 4096

/** All pieces of a directory: gives them memory, counts what is not written, gives back what is only kept for reading. */
export class PieceStore {
  readonly #budget: MemoryBudget
  readonly #stopReclaiming: () => void
  /** Written pieces, the longest unused first. May hold some that changed since: checked when their turn comes. */
  #clean: Piece[] = []
  #cleanFrom = 0
  #openPieces = 0
  #unwrittenBytes = 0

  constructor(budget: MemoryBudget) {
    this.#budget = budget
    this.#stopReclaiming = budget.onPressure(() => this.#reclaim())
  }

  /** Bytes that are in no file yet. */
  get unwrittenBytes(): Bytes {
    return this.#unwrittenBytes
  }

  /** True while what waits for the disk leaves memory for more. */
  get hasRoom(): boolean {
    return this.#unwrittenBytes < this.#budget.capacityBytes / 2
  }

  /** True when much waits in pieces that are not full, and only a checkpoint would write those. */
  get isCrowded(): boolean {
    const { capacityBytes, inUseBytes } = this.#budget
    return this.#unwrittenBytes > (inUseBytes > capacityBytes ? capacityBytes / 16 : capacityBytes / 4)
  }

  /** A piece that begins at `startPosition`, with room for `bytes` after the segment's end. */
  open(
    owner: PieceOwner,
    segment: Segment,
    need: {
      readonly kind: PieceKind
      readonly startPosition: number
      readonly baseOffset: Offset
      readonly bytes: number
      /** What the log would fill; it gets no more than its share of the budget. 0: not known yet. */
      readonly wishedBytes: number
    },
  ): Piece {
    const share = this.#budget.capacityBytes / 4 / (this.#openPieces + 1)
    const fair = Math.max(PIECE_BYTES_MIN, Math.min(PIECE_BYTES_MAX, powerOfTwoAtMost(share)))
    const wished = need.wishedBytes === 0 ? 2 * PIECE_BYTES_MIN : Math.max(need.wishedBytes, PIECE_BYTES_MIN)
    const least = powerOfTwoAtLeast(segment.sizeBytes - need.startPosition + need.bytes)
    const bytes = Math.max(least, Math.min(wished, fair))
    const block = need.kind === 'memory' ? null : this.#budget.take(bytes)
    const memory = block?.bytes ?? new Uint8Array(bytes)
    if (need.kind !== 'memory') this.#openPieces++
    return new Piece(owner, segment, { ...need, memory, block })
  }

  /** Bytes were appended to the piece. */
  appended(piece: Piece, bytes: number): void {
    if (piece.kind !== 'memory') this.#unwrittenBytes += bytes
  }

  /** The piece is in its file up to `position`. */
  written(piece: Piece, position: number): void {
    const bytes = Math.max(0, position - piece.writtenPosition)
    this.#unwrittenBytes -= bytes
    piece.writtenPosition += bytes
    const before = piece.carriedFrom
    if (before !== null && position > piece.startPosition) {
      piece.carriedFrom = null
      this.#list(before)
    }
    this.#list(piece)
  }

  #list(piece: Piece): void {
    if (!piece.isWritten || piece.listed || piece.dropped) return
    piece.listed = true
    this.#clean.push(piece)
  }

  close(piece: Piece): void {
    if (piece.closed) return
    piece.closed = true
    if (piece.kind !== 'memory') this.#openPieces--
  }

  /** The piece is not served any more: its memory goes back when the last reader is done. */
  drop(piece: Piece): void {
    if (piece.dropped) return
    this.close(piece)
    piece.dropped = true
    if (piece.kind !== 'memory') this.#unwrittenBytes -= piece.unwrittenBytes
    this.#free(piece)
  }

  /** A reader, or a write, is done with the piece. */
  released(piece: Piece): void {
    if (piece.dropped) this.#free(piece)
  }

  end(): void {
    this.#stopReclaiming()
  }

  #free(piece: Piece): void {
    if (piece.block !== null && piece.references === 0 && !piece.writing) this.#budget.give(piece.block)
  }

  #reclaim(): boolean {
    while (this.#cleanFrom < this.#clean.length) {
      const piece = this.#clean[this.#cleanFrom++] as Piece
      piece.listed = false
      if (this.#cleanFrom > 1024 && 2 * this.#cleanFrom > this.#clean.length) {
        this.#clean = this.#clean.slice(this.#cleanFrom)
        this.#cleanFrom = 0
      }
      if (piece.dropped || !piece.isWritten || piece.writing || piece.owner.oldestPiece !== piece) continue
      piece.owner.pieceEvicted(piece)
      this.drop(piece)
      if (piece.references === 0) return true
    }
    return false
  }
}
