/**
 * The newest part of a log in memory: its pieces, oldest first and without gaps up to the end, and the bytes of the last,
 * partial block when no piece has them. What pieces are for is piece.ts; who fills them is log.ts.
 */
import { assert } from '../base/assert.ts'
import type { Offset } from '../base/units.ts'
import { alignDown, type LogPosition } from './env.ts'
import type { LogHost } from './log-host.ts'
import type { Piece, PieceKind, PieceOwner } from './piece.ts'
import type { Segment } from './segment.ts'

/** Bytes of a segment's last, partial block, for the next piece to begin with. */
interface PartialBlock {
  readonly segment: Segment
  readonly startPosition: number
  readonly bytes: Uint8Array
}

export interface PieceNeed {
  readonly kind: PieceKind
  readonly baseOffset: Offset
  /** Of the batch. */
  readonly bytes: number
}

export class LogTail implements PieceOwner {
  readonly pieces: Piece[] = []
  readonly #host: LogHost
  #block: PartialBlock | null = null
  /** Size of the next piece, before the budget has its say; 0: the first. */
  #wishedBytes = 0

  constructor(host: LogHost) {
    this.#host = host
  }

  get oldestPiece(): Piece | undefined {
    return this.pieces[0]
  }

  /** The piece that takes a batch at the segment's end. `opened`: an older one is full, and can be written. */
  pieceFor(segment: Segment, need: PieceNeed): { readonly piece: Piece; readonly opened: boolean } {
    const last = this.pieces.at(-1)
    if (last !== undefined && !last.closed && last.kind === need.kind && last.roomBytes >= need.bytes) {
      return { piece: last, opened: false }
    }
    return { piece: this.#open(segment, need), opened: last !== undefined }
  }

  /** The segment takes no more: its last piece is full, whatever room it has. */
  seal(): void {
    const last = this.pieces.at(-1)
    if (last !== undefined) this.#host.pieces.close(last)
    this.#block = null
  }

  /** The oldest piece that is not in its file as far as it has to be: full ones, and all when `flushing`. */
  nextToWrite(flushing: boolean): Piece | null {
    for (const piece of this.pieces) {
      if (piece.kind !== 'direct' || piece.unwrittenBytes === 0) continue
      if (piece.closed || flushing) return piece
    }
    return null
  }

  /** Everything before this is in the files; null: all of it. */
  get writtenTo(): LogPosition | null {
    for (const piece of this.pieces) {
      if (piece.unwrittenBytes > 0 || piece.carriedFrom !== null) {
        return { segmentBase: piece.segment.baseOffset, position: piece.writtenTo }
      }
    }
    return null
  }

  pieceEvicted(piece: Piece): void {
    assert(this.pieces[0] === piece, 'the oldest piece goes first')
    this.pieces.shift()
    if (this.pieces.length > 0) return
    // So much stood idle: the log has become slower.
    if (piece.roomBytes > (3 * piece.memory.length) / 4) this.#wishedBytes = piece.memory.length / GROWTH
    if (piece.kind !== 'direct') return
    const startPosition = alignDown(piece.endPosition, this.#host.env.disk.alignmentBytes)
    const bytes = piece.view(startPosition, piece.endPosition).slice()
    this.#block = { segment: piece.segment, startPosition, bytes }
  }

  /** Gives all memory back. */
  drop(): void {
    for (const piece of this.pieces.splice(0)) this.#host.pieces.drop(piece)
    this.#block = null
  }

  /** Drops pieces of the segments that were removed from the front. */
  dropSegments(segments: ReadonlySet<Segment>): void {
    while (this.pieces.length > 0 && segments.has((this.pieces[0] as Piece).segment)) {
      this.#host.pieces.drop(this.pieces.shift() as Piece)
    }
  }

  /** The end of a log in memory was cut to a position of the segment. */
  cut(segment: Segment, position: number): void {
    const kept = this.pieces.findLastIndex(piece => piece.segment === segment && piece.firstBatchPosition < position)
    const before = this.pieces.findLastIndex(piece => piece.segment.baseOffset < segment.baseOffset)
    for (const piece of this.pieces.splice(Math.max(kept, before) + 1)) this.#host.pieces.drop(piece)
    const last = this.pieces.at(-1)
    if (last === undefined) return
    // Readers may hold views of what is cut off: new batches go to a new piece.
    this.#host.pieces.close(last)
    if (last.segment !== segment) return
    last.endPosition = position
    last.endOffset = segment.endOffset
  }

  #open(segment: Segment, need: PieceNeed): Piece {
    const { pieces, env } = this.#host
    const block = env.disk.alignmentBytes
    const startPosition = need.kind === 'direct' ? alignDown(segment.sizeBytes, block) : segment.sizeBytes
    const piece = pieces.open(this, segment, { ...need, startPosition, wishedBytes: this.#wish() })
    this.#wishedBytes = piece.memory.length
    // Taking memory may have evicted what was the last piece: look again.
    const source = this.pieces.at(-1)
    if (source !== undefined) pieces.close(source)
    if (startPosition < segment.sizeBytes) this.#carry(piece, source)
    this.pieces.push(piece)
    return piece
  }

  /** Larger when the last piece lacks room for a batch; as it was when a segment ended, which says nothing of the log. */
  #wish(): number {
    const last = this.pieces.at(-1)
    return last === undefined || last.closed ? this.#wishedBytes : GROWTH * last.memory.length
  }

  /** Copies the last, partial block of the segment to the start of its next piece. */
  #carry(piece: Piece, source: Piece | undefined): void {
    const { startPosition, segment } = piece
    const into = piece.view(startPosition, segment.sizeBytes)
    if (source !== undefined && source.segment === segment && source.startPosition <= startPosition) {
      into.set(source.view(startPosition, segment.sizeBytes))
      if (source.kind === 'direct' && !(source.unwrittenBytes === 0 && source.carriedFrom === null)) {
        source.carriedTo = piece
        piece.carriedFrom = source
      }
      return
    }
    const known = this.#block?.segment === segment && this.#block.startPosition === startPosition
    if (known && this.#block !== null) into.set(this.#block.bytes)
    else this.#read(piece, into)
    this.#block = null
  }

  /** The first append since the start: the block is in the file, and it is one small read. */
  #read(piece: Piece, into: Uint8Array): void {
    const file = this.#host.env.disk.openSync(piece.segment.file('log'), { mode: 'read' })
    const count = file.readSync(piece.startPosition, into)
    file.close().catch(error => this.#host.failed(error))
    assert(count === into.length, 'the file has what the log has', { count, wanted: into.length })
  }
}

/** A log's piece is this much larger than its last one, while it fills them. */
const GROWTH = 4
