/**
 * Fills the segment files from memory, behind the journal: full pieces as they come, the oldest first, and everything up
 * to a position when a checkpoint asks. Direct writes, whole blocks; a partial last block is padded with zeros and
 * written again when it has more (its first bytes are then the same: see docs/adr/0002-commit-journal.md). One write per
 * log at a time, so that two pieces that share a block are written in order.
 */
import { assert } from '../base/assert.ts'
import type { Cancel, Clock } from '../ports/clock.ts'
import { type Disk, type DiskFault, isDiskFault } from '../ports/disk.ts'
import type { DescriptorCache } from './descriptors.ts'
import { alignDown, alignUp, type LogPosition } from './env.ts'
import type { FileGate } from './file-gate.ts'
import type { Piece, PieceStore } from './piece.ts'

/** A log as the write-back sees it. */
export interface Written {
  /** The oldest piece that is not in its file as far as it has to be, or null. */
  nextToWrite(): Piece | null
  /** Everything before this is in the files. */
  readonly writtenTo: LogPosition
  /** Waits for room are behind it, or for its turn. Owned by the write-back. */
  queued: boolean
  /** Partial pieces are wanted too. Owned by the write-back. */
  flushing: boolean
  /** Writes by name pass here: the log's folder may be renamed. */
  readonly files: FileGate
  /** The file of a piece was written to. */
  fileWritten(piece: Piece): void
}

interface Waiter {
  readonly log: Written
  readonly target: LogPosition
  readonly done: () => void
  readonly refuse: (fault: DiskFault) => void
}

const RETRY_AFTER_MS = 1000

export class WriteBack {
  readonly #disk: Disk
  readonly #clock: Clock
  readonly #pieces: PieceStore
  readonly #descriptors: DescriptorCache
  readonly #width: number
  readonly #onFault: (fault: unknown) => void
  readonly #onProgress: () => void
  #queue: Written[] = []
  #queueFrom = 0
  #waiters: Waiter[] = []
  #retry: Cancel | null = null
  #fullBy: DiskFault | null = null
  readonly #writing = new Map<Written, Promise<void>>()
  #stopped = false
  #fault: DiskFault | null = null

  constructor(parts: {
    readonly disk: Disk
    readonly clock: Clock
    readonly pieces: PieceStore
    readonly descriptors: DescriptorCache
    /** Writes in flight at once. */
    readonly width: number
    readonly onFault: (fault: unknown) => void
    /** Something was written, or the disk is full, or has room again. */
    readonly onProgress: () => void
  }) {
    this.#disk = parts.disk
    this.#clock = parts.clock
    this.#pieces = parts.pieces
    this.#descriptors = parts.descriptors
    this.#width = parts.width
    this.#onFault = parts.onFault
    this.#onProgress = parts.onProgress
  }

  /** The disk is full: what waits stays in memory and in the journal, and is tried again now and then. */
  get isFull(): boolean {
    return this.#fullBy !== null
  }

  /** The log has a full piece. */
  enqueue(log: Written): void {
    if (log.queued || this.#stopped) return
    log.queued = true
    this.#queue.push(log)
    this.#pump()
  }

  /**
   * Resolves when the log is in its files up to `target`. Rejects when the directory has failed, and when the disk is full:
   * whoever waits would keep others from making room.
   */
  flush(log: Written, target: LogPosition): Promise<void> {
    if (this.#fault !== null) return Promise.reject(this.#fault)
    if (reached(log.writtenTo, target)) return Promise.resolve()
    log.flushing = true
    this.enqueue(log)
    if (this.#fullBy !== null && this.#retry !== null) return Promise.reject(this.#fullBy)
    return new Promise((done, refuse) => {
      this.#waiters.push({ log, target, done, refuse })
    })
  }

  /** Resolves when no write of the log is on its way. */
  async quiet(log: Written): Promise<void> {
    await this.#writing.get(log)
  }

  /** Begins nothing more. Nobody waits for a flush, nor will. */
  stop(): void {
    this.#stopped = true
    this.#retry?.()
    this.#queue = []
    this.#queueFrom = 0
  }

  /** The directory has failed: nothing more is written, and whoever waits is told that it is not. */
  poison(fault: DiskFault): void {
    this.stop()
    this.#fault = fault
    for (const waiter of this.#waiters.splice(0)) waiter.refuse(fault)
  }

  #pump(): void {
    while (!this.#stopped && this.#retry === null && this.#writing.size < this.#width) {
      const log = this.#queue[this.#queueFrom]
      if (log === undefined) {
        this.#queue = []
        this.#queueFrom = 0
        // Nothing waits, perhaps because what did is deleted; or else the last writes are on their way.
        if (this.#writing.size === 0) this.#fullBy = null
        return
      }
      this.#queueFrom++
      const piece = log.nextToWrite()
      if (piece === null) {
        log.queued = false
        log.flushing = false
        this.#tell()
        continue
      }
      const writing = this.#write(log, piece).then(
        () => this.#ended(log, null),
        fault => this.#ended(log, fault),
      )
      this.#writing.set(log, writing)
    }
  }

  #ended(log: Written, fault: unknown): void {
    this.#writing.delete(log)
    if (this.#stopped) return
    const full = isDiskFault(fault, 'ENOSPC') ? fault : null
    if (fault !== null && full === null) {
      this.#onFault(fault)
      return
    }
    // A log stays queued while it has more: behind the others, so that nobody starves.
    this.#queue.push(log)
    this.#fullBy = full
    this.#tell()
    if (full !== null) this.#waitForRoom(full)
    this.#onProgress()
    this.#pump()
  }

  #waitForRoom(full: DiskFault): void {
    for (const waiter of this.#waiters.splice(0)) waiter.refuse(full)
    this.#retry ??= this.#clock.after(RETRY_AFTER_MS, () => {
      this.#retry = null
      this.#onProgress()
      this.#pump()
    })
  }

  #tell(): void {
    if (this.#waiters.length === 0) return
    const waiting: Waiter[] = []
    for (const waiter of this.#waiters) {
      if (reached(waiter.log.writtenTo, waiter.target)) waiter.done()
      else waiting.push(waiter)
    }
    this.#waiters = waiting
  }

  async #write(log: Written, piece: Piece): Promise<void> {
    const block = this.#disk.alignmentBytes
    const from = alignDown(piece.writtenPosition, block)
    // The next piece of the segment has the last block too, and more of it.
    const carried = piece.carriedTo !== null
    const end = carried ? alignDown(piece.endPosition, block) : piece.endPosition
    const padded = alignUp(end, block)
    assert(piece.kind === 'direct' && from >= piece.startPosition, 'a direct piece is written block by block')
    if (padded > end) piece.view(end, padded).fill(0)
    piece.writing = true
    try {
      if (padded > from) {
        await log.files.shared(() =>
          this.#descriptors.with(piece.segment.file('log'), 'direct', file =>
            file.write(from, piece.view(from, padded)),
          ),
        )
        log.fileWritten(piece)
      }
    } finally {
      piece.writing = false
      this.#pieces.released(piece)
    }
    this.#pieces.written(piece, carried ? piece.endPosition : end)
    piece.segment.writtenBytes = Math.max(piece.segment.writtenBytes, end)
  }
}

function reached(at: LogPosition, target: LogPosition): boolean {
  return (
    at.segmentBase > target.segmentBase || (at.segmentBase === target.segmentBase && at.position >= target.position)
  )
}
