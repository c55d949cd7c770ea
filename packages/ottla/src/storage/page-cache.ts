/**
 * Logs of `durability=page-cache` (J8): what is appended goes to the segment's file through the page cache, and the reply
 * follows the completed write; nothing is claimed durable. Small writes are done at once on the caller's thread, large ones,
 * and all of them while the disk is slow, in the background. `flush.messages` and `flush.ms` add syncs, as in Kafka.
 */
import type { Millis } from '../base/units.ts'
import type { Cancel } from '../ports/clock.ts'
import { type DiskFault, isDiskFault } from '../ports/disk.ts'
import type { DescriptorCache } from './descriptors.ts'
import type { StorageEnv } from './env.ts'
import type { Log } from './log.ts'
import type { Piece, PieceStore } from './piece.ts'

/** Up to here a write in place costs less than handing it to another thread (facts: 0.5 µs and 24-40 µs for 1 KB). */
const IN_PLACE_BYTES_MAX = 32_768
/** A write in place that took longer than this moves the directory to the background for a while. */
const SLOW_WRITE_MS = 20
const SLOW_FOR_MS = 10_000
const RETRY_AFTER_MS = 1000

export class PageCacheWriter {
  readonly #env: StorageEnv
  readonly #pieces: PieceStore
  readonly #descriptors: DescriptorCache
  readonly #onFault: (fault: unknown) => void
  readonly #onProgress: () => void
  #waiting = new Set<Log>()
  #written: PromiseWithResolvers<void> = Promise.withResolvers()
  #running: Promise<void> | null = null
  #slowUntilMs: Millis = 0
  #fullBy: DiskFault | null = null
  /** Until the disk that is full is tried again. */
  #sleeping = false
  /** To tell those who drain that the disk turned out to be full. */
  readonly #refuseDrain = new Set<(full: DiskFault) => void>()
  #fault: DiskFault | null = null
  /** Offsets that were synced because of flush.messages or flush.ms. */
  readonly #syncedTo = new WeakMap<Log, number>()
  /** Syncs that flush.ms will make: when, and how to call one off. */
  readonly #timed = new WeakMap<Log, { readonly atMs: Millis; readonly cancel: Cancel }>()

  constructor(parts: {
    readonly env: StorageEnv
    readonly pieces: PieceStore
    readonly descriptors: DescriptorCache
    readonly onFault: (fault: unknown) => void
    /** Something was written, or the disk is full, or has room again. */
    readonly onProgress: () => void
  }) {
    this.#onProgress = parts.onProgress
    this.#env = parts.env
    this.#pieces = parts.pieces
    this.#descriptors = parts.descriptors
    this.#onFault = parts.onFault
  }

  get isFull(): boolean {
    return this.#fullBy !== null
  }

  /** The log has bytes that are in no file. Resolves when they are; all logs of a turn share the promise. */
  append(log: Log): Promise<void> {
    this.#waiting.add(log)
    this.#running ??= Promise.resolve().then(() => this.#run())
    return this.#written.promise
  }

  /** The log's flush.ms may have become shorter: what was written and not synced is synced within it from now. */
  configured(log: Log): void {
    const { flushMs } = log.config
    if (this.#fault !== null || log.durability !== 'page-cache' || flushMs >= Number.MAX_SAFE_INTEGER) return
    if (log.segments.some(segment => segment.unsynced)) this.#syncLater(log, flushMs)
  }

  /** Resolves when everything appended so far is in the files. Rejects when the disk is full, or the directory failed. */
  async drain(): Promise<void> {
    if (this.#running !== null && this.#fault === null) {
      if (this.#fullBy !== null && this.#sleeping) throw this.#fullBy
      const { promise: becomesFull, reject } = Promise.withResolvers<never>()
      this.#refuseDrain.add(reject)
      await Promise.race([this.#running, becomesFull]).finally(() => this.#refuseDrain.delete(reject))
    }
    // It ends with a fault too, and what was to be written is not.
    if (this.#fault !== null) throw this.#fault
  }

  poison(fault: DiskFault): void {
    this.#fault = fault
    this.#refuse(this.#written, fault)
  }

  async #run(): Promise<void> {
    while (this.#waiting.size > 0 && this.#fault === null) {
      const logs = this.#waiting
      const written = this.#written
      this.#waiting = new Set()
      this.#written = Promise.withResolvers()
      const ends = Array.from(logs, log => log.endOffset)
      try {
        await this.#writeAll(logs)
        await this.#flushAsked(logs)
      } catch (error) {
        if (isDiskFault(error, 'ENOSPC')) await this.#waitForRoom(error, { logs, written })
        else {
          this.#refuse(written, error)
          this.#onFault(error)
        }
        continue
      }
      this.#fullBy = null
      let i = 0
      for (const log of logs) log.roundSynced(ends[i++] as number)
      written.resolve()
      this.#onProgress()
    }
    this.#running = null
  }

  #refuse(written: PromiseWithResolvers<void>, error: unknown): void {
    written.promise.catch(() => {})
    written.reject(error)
  }

  /** Those who waited go on waiting, with whoever came meanwhile. */
  async #waitForRoom(
    full: DiskFault,
    { logs, written }: { readonly logs: ReadonlySet<Log>; readonly written: PromiseWithResolvers<void> },
  ): Promise<void> {
    this.#fullBy = full
    for (const refuse of this.#refuseDrain) refuse(full)
    this.#onProgress()
    for (const log of logs) this.#waiting.add(log)
    this.#written.promise.then(written.resolve, error => this.#refuse(written, error))
    this.#sleeping = true
    await new Promise<void>(resolve => {
      this.#env.clock.after(RETRY_AFTER_MS, resolve)
    })
    this.#sleeping = false
  }

  async #writeAll(logs: ReadonlySet<Log>): Promise<void> {
    const later: Promise<void>[] = []
    for (const log of logs) {
      const pending = this.#writeLog(log)
      if (pending !== null) later.push(pending)
    }
    if (later.length === 0) return
    for (const result of await Promise.allSettled(later)) if (result.status === 'rejected') throw result.reason
  }

  /** Null when it is done already. */
  #writeLog(log: Log): Promise<void> | null {
    if (log.leaving) return null
    const pieces = log.pieces.filter(piece => piece.kind === 'cached' && piece.unwrittenBytes > 0)
    if (pieces.length === 1 && this.#writeInPlace(pieces[0] as Piece)) return null
    return this.#writeInBackground(log, pieces)
  }

  #writeInPlace(piece: Piece): boolean {
    const { monoMs } = this.#env.clock
    const startedMs = monoMs.call(this.#env.clock)
    if (piece.unwrittenBytes > IN_PLACE_BYTES_MAX || startedMs < this.#slowUntilMs) return false
    const file = this.#descriptors.opened(piece.segment.file('log'), 'cached')
    if (file === null) return false
    const end = piece.endPosition
    try {
      file.writeSync(piece.writtenPosition, piece.view(piece.writtenPosition, end))
    } catch {
      // Tried again in the background, which tells what is wrong.
      return false
    }
    this.#done(piece, end)
    const nowMs = monoMs.call(this.#env.clock)
    if (nowMs - startedMs > SLOW_WRITE_MS) this.#slowUntilMs = nowMs + SLOW_FOR_MS
    return true
  }

  async #writeInBackground(log: Log, pieces: readonly Piece[]): Promise<void> {
    for (const piece of pieces) {
      const end = piece.endPosition
      piece.writing = true
      try {
        await log.files.shared(() =>
          this.#descriptors.with(piece.segment.file('log'), 'cached', file =>
            file.write(piece.writtenPosition, piece.view(piece.writtenPosition, end)),
          ),
        )
      } finally {
        piece.writing = false
        this.#pieces.released(piece)
      }
      this.#done(piece, end)
    }
  }

  #done(piece: Piece, end: number): void {
    piece.segment.unsynced = true
    piece.segment.writtenBytes = Math.max(piece.segment.writtenBytes, end)
    this.#pieces.written(piece, end)
  }

  async #flushAsked(logs: ReadonlySet<Log>): Promise<void> {
    for (const log of logs) {
      const { flushMessages, flushMs } = log.config
      const synced = this.#syncedTo.get(log) ?? log.durableEndOffset
      if (log.endOffset - synced >= flushMessages) await this.#sync(log)
      else if (flushMs < Number.MAX_SAFE_INTEGER) this.#syncLater(log, flushMs)
    }
  }

  async #sync(log: Log): Promise<void> {
    const end = log.endOffset
    await log.files.shared(async () => {
      for (const segment of log.segments) {
        if (log.removed) return
        if (!segment.unsynced) continue
        await this.#descriptors.with(segment.file('log'), 'cached', file => file.sync())
        if (segment.named) continue
        // A file whose name is not durable is not there after a power cut.
        await this.#env.disk.syncDirectory(log.path)
        segment.named = true
      }
    })
    this.#syncedTo.set(log, end)
  }

  /** One at a time for each log: the soonest that was asked for, for flush.ms may have become shorter meanwhile. */
  #syncLater(log: Log, flushMs: Millis): void {
    const { clock } = this.#env
    const atMs = clock.monoMs() + flushMs
    const planned = this.#timed.get(log)
    if (planned !== undefined && planned.atMs <= atMs) return
    planned?.cancel()
    const cancel = clock.after(flushMs, () => {
      this.#timed.delete(log)
      if (this.#fault !== null || log.removed) return
      this.#sync(log).catch(this.#onFault)
    })
    this.#timed.set(log, { atMs, cancel })
  }
}
