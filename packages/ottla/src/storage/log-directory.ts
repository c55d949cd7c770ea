/**
 * One log directory: its logs, the journal and the write-back that they share, and its life from start to stop or failure
 * (J7, J10). What was found at start is recovery.ts; what a checkpoint is, checkpointer.ts.
 */
import { assert } from '../base/assert.ts'
import type { Bytes, Millis } from '../base/units.ts'
import type { Uuid } from '../base/uuid.ts'
import { type CommitLane, DiskFault, type DiskLock, type DiskVolume, isDiskFault } from '../ports/disk.ts'
import type { TopicConfig } from '../spec/config/topic.ts'
import { CHECKPOINT_AFTER_MS, CHECKPOINT_UNJOURNALED_AFTER_MS, CheckpointSchedule } from './checkpoint-schedule.ts'
import { Checkpointer } from './checkpointer.ts'
import { finishCleanly } from './clean-stop.ts'
import { DirectoryCleaner } from './cleaner/directory-cleaner.ts'
import type { DescriptorCache } from './descriptors.ts'
import type { LogId, ProducerSnapshot, StorageEnv } from './env.ts'
import { type FutureStart, HeldLogs } from './held-logs.ts'
import { type Control, type ControlKind, Journal } from './journal/journal.ts'
import type { JournalOptions, Ring } from './journal/ring.ts'
import { folderName, type OffsetsByPartition } from './kafka-files.ts'
import { Log, type LogStart } from './log.ts'
import type { LogHost } from './log-host.ts'
import type { MemoryBudget } from './memory-budget.ts'
import { PageCacheWriter } from './page-cache.ts'
import { PartitionFolders } from './partition-folders.ts'
import { PieceStore } from './piece.ts'
import { ReadAhead } from './read-ahead.ts'
import { ReadBuffers } from './read-buffers.ts'
import { retainLogs } from './retention.ts'
import { Turnstile } from './turnstile.ts'
import { WriteBack } from './write-back.ts'

export interface LogDirectoryOptions {
  readonly path: string
  readonly nodeId: number
  readonly clusterId: string
  /** `maxBytes`: how far the ring may grow. The rest is measured (ADR 0002); tests make it small. */
  readonly journal: { readonly maxBytes: Bytes; readonly fileBytes?: Bytes; readonly roundBytes?: Bytes }
  readonly memory: MemoryBudget
  /** Config of a log that was found at start, until its host says otherwise. The built-in defaults when absent. */
  readonly defaultConfig?: TopicConfig
  /** Segment files open at once. Default 512. */
  readonly descriptorsMax?: number
}

/** Share of the ring's bound that is filled before a checkpoint begins. */
const RING_SHARE = 0.5
const WRITE_BACK_WIDTH = 2

/** What recovery hands over. */
export interface Opened {
  readonly directoryId: Uuid
  readonly cleanStart: boolean
  readonly defaultConfig: TopicConfig
  readonly journal: JournalOptions
  readonly lock: DiskLock
  readonly lane: CommitLane
  readonly ring: Ring
  readonly ringId: Uint8Array
  readonly descriptors: DescriptorCache
  /** How far logs were compacted, by the names of their folders. */
  readonly cleaned: OffsetsByPartition
  readonly logs: readonly {
    readonly id: LogId
    readonly path: string
    readonly start: LogStart
    readonly journaled: boolean
    readonly isFuture: boolean
  }[]
}

export class LogDirectory implements LogHost {
  readonly path: string
  readonly directoryId: Uuid
  /** The last stop was clean: nothing had to be recovered. */
  readonly cleanStart: boolean
  readonly env: StorageEnv
  readonly journal: Journal
  readonly pieces: PieceStore
  readonly writeBack: WriteBack
  readonly pageCache: PageCacheWriter
  readonly descriptors: DescriptorCache
  readonly readBuffers = new ReadBuffers()
  readonly readAhead: ReadAhead
  readonly cleaner = new DirectoryCleaner(this)
  readonly #checkpointer: Checkpointer
  readonly #schedule: CheckpointSchedule
  readonly #folders: PartitionFolders
  readonly #opened: Opened
  readonly #turnstile = new Turnstile()
  readonly #held: HeldLogs
  readonly #roomListeners = new Set<() => void>()
  readonly #faultListeners: ((fault: DiskFault) => void)[] = []
  #fault: DiskFault | null = null
  #hadRoom = true
  #wasFull = false
  #closing = false
  #nextStall = Promise.withResolvers<void>()

  /** For recovery.ts, which makes one. */
  constructor(env: StorageEnv, options: LogDirectoryOptions, opened: Opened) {
    this.env = env
    this.path = options.path
    this.#opened = opened
    this.directoryId = opened.directoryId
    this.cleanStart = opened.cleanStart
    const { disk, clock } = env
    const onFault = (error: unknown): void => this.failed(error)
    const onProgress = (): void => this.#progressed()
    this.pieces = new PieceStore(options.memory)
    this.descriptors = opened.descriptors
    const { pieces, descriptors } = this
    this.readAhead = new ReadAhead({ buffers: this.readBuffers, descriptors })
    this.journal = new Journal({
      disk,
      ring: opened.ring,
      ringId: opened.ringId,
      roundBytes: opened.journal.roundBytes,
      onStalled: () => this.#ringFull(),
      onCommitted: onProgress,
      onFault,
    })
    this.writeBack = new WriteBack({ disk, clock, pieces, descriptors, width: WRITE_BACK_WIDTH, onFault, onProgress })
    this.pageCache = new PageCacheWriter({ env, pieces, descriptors, onFault, onProgress })
    const stopped = (): boolean => this.#closing || this.#fault !== null
    const checkpoint = (): Promise<void> => this.#turnstile.enter(() => this.checkpointNow(() => this.#schedule.rest()))
    this.#schedule = new CheckpointSchedule({ clock, checkpoint, stopped, onEnd: onProgress })
    this.#folders = new PartitionFolders(env, options.path, { descriptors, stopped })
    this.#checkpointer = new Checkpointer(this, { ring: opened.ring, ringId: opened.ringId, path: options.path })
    this.#held = new HeldLogs(this, { folders: this.#folders, checkpointer: this.#checkpointer })
    for (const log of opened.logs) this.#adopt(log)
  }

  get logCount(): number {
    return this.#held.count
  }

  get fault(): DiskFault | null {
    return this.#fault
  }

  /** Those that are served from here. */
  logs(): Iterable<Log> {
    return this.#held.current()
  }

  /** Those that follow a log of another directory, to take its place. */
  futures(): Iterable<Log> {
    return this.#held.futures()
  }

  find(topicId: Uuid, partition: number): Log | undefined {
    return this.#held.find(topicId, partition)
  }

  findFuture(topicId: Uuid, partition: number): Log | undefined {
    return this.#held.findFuture(topicId, partition)
  }

  /** Makes the partition's folder, durably. A log of `durability=memory` has none. Rejects with a DiskFault. */
  create(id: LogId, config: TopicConfig): Promise<Log> {
    return this.exclusively(() => this.#held.create(id, config))
  }

  /** Makes, durably, a log that is to follow one of another directory. Rejects with a DiskFault. */
  createFuture(id: LogId, start: FutureStart): Promise<Log> {
    return this.exclusively(() => this.#held.createFuture(id, start))
  }

  /** A future is the partition's log here from now on. Rejects with a DiskFault. */
  promote(log: Log): Promise<void> {
    return this.exclusively(() => this.#held.promote(log))
  }

  /** Notes beside the log, durably, that it is about to be superseded by one in the directory `to`. Rejects with a DiskFault. */
  noteMove(log: Log, to: Uuid): Promise<void> {
    return this.exclusively(() => this.#held.noteMove(log, to))
  }

  /** The directory that `noteMove` named, if it ever did: whether the log is superseded is known to the metadata. */
  movedTo(log: Log): Promise<Uuid | null> {
    return this.#held.movedTo(log)
  }

  /** Deletes the log: durable in the journal, then the folder is renamed, its files go later. */
  remove(log: Log): Promise<void> {
    return this.exclusively(() => this.#held.remove(log))
  }

  /** The room of the file system that it is on. Rejects with a DiskFault. */
  volume(): Promise<DiskVolume> {
    return this.env.disk.volume(this.path)
  }

  /** Called once when the directory stops working. */
  onFault(listener: (fault: DiskFault) => void): void {
    this.#faultListeners.push(listener)
  }

  /** The disk is full (A12): what was appended waits, or is in the journal; new appends must be refused meanwhile. */
  get isFull(): boolean {
    return this.writeBack.isFull || this.pageCache.isFull || this.#schedule.isFull
  }

  /** False: the disk is behind; hold appends back until `onRoom` calls. A failed or full directory refuses at once. */
  hasRoom(): boolean {
    if (this.#fault !== null || this.isFull) return true
    const hasRoom = this.journal.hasRoom && this.pieces.hasRoom
    if (!hasRoom) this.#hadRoom = false
    return hasRoom
  }

  onRoom(listener: () => void): () => void {
    this.#roomListeners.add(listener)
    return () => {
      this.#roomListeners.delete(listener)
    }
  }

  /** Deletes what every log's config says is too old or too much. */
  async runRetention(nowWallMs: Millis): Promise<void> {
    // Segments that were just ended can go once they are closed, which a checkpoint does.
    if (!(await this.#retainAll(nowWallMs))) return
    await this.checkpoint()
    await this.#retainAll(nowWallMs)
  }

  /** Brings everything into the segments, and the journal's ring back to use. */
  checkpoint(): Promise<void> {
    return this.exclusively(() => this.checkpointNow())
  }

  /** A checkpoint that has the log as it is now, whether it was appended to since the last one or not. */
  checkpointOf(log: Log): Promise<void> {
    this.changed(log)
    return this.checkpoint()
  }

  /** Clean stop (J10). Appends must have ended. After a fault nothing is written any more. */
  async close(): Promise<void> {
    assert(!this.#closing, 'a directory is closed once')
    this.#closing = true
    await this.cleaner.stop()
    await this.exclusively(async () => {
      if (this.#fault !== null) return
      await this.guarded(() => this.cleaner.finish())
      this.#checkpointer.closing(this.#held.all())
      await this.guarded(() => this.#checkpointer.run())
      await this.journal.drain()
      await this.guarded(() => finishCleanly(this, [...this.#held.all()], this.#checkpointer))
    }).catch(error => this.env.observe.log('error', 'storage.stop-failed', { path: this.path, reason: String(error) }))
    for (const part of [this.writeBack, this.#schedule, this.#folders]) part.stop()
    for (const log of this.#held.all()) log.tail.drop()
    this.pieces.end()
    await this.readAhead.close()
    this.descriptors.close()
    await this.journal.close()
    await this.#opened.lane.close()
    await this.#opened.lock.release()
  }

  // What follows is for the other parts of storage.

  exclusively<T>(work: () => Promise<T>): Promise<T> {
    this.#schedule.hurry()
    return this.#turnstile.enter(work)
  }

  async guarded<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if (!isDiskFault(error, 'ENOSPC')) this.failed(error)
      throw error
    }
  }

  async record(log: Log, kind: ControlKind, control: Control): Promise<void> {
    // The directory may have failed while its caller waited for something else of it.
    this.#throwFault()
    let durable = false
    const recorded = this.journal.control(log, kind, control).then(() => {
      durable = true
    })
    while (!durable) {
      const stalled = this.journal.isStalled ? Promise.resolve() : this.#nextStall.promise
      await Promise.race([recorded, stalled])
      if (!durable && this.journal.isStalled) await this.checkpointNow()
    }
  }

  async checkpointNow(rest?: () => Promise<void> | undefined): Promise<void> {
    this.#throwFault()
    try {
      await this.#schedule.noting(() => this.guarded(() => this.#checkpointer.run(rest)))
    } finally {
      this.#logFull()
    }
  }

  changed(log: Log): void {
    if (log.dirty) return
    log.touched = true
    this.#checkpointer.changed(log)
    this.#schedule.within(log.durability === 'disk' ? CHECKPOINT_AFTER_MS : CHECKPOINT_UNJOURNALED_AFTER_MS)
  }

  rolled(log: Log, producers: ProducerSnapshot | null): void {
    if (producers !== null) this.#checkpointer.rolled(log, producers)
  }

  durabilityWanted(log: Log): void {
    const { topic, partition } = log.id
    if (log.durability === 'memory' || log.config.durability === 'memory') {
      const [from, to] = [log.durability, log.config.durability]
      this.env.observe.log('warn', 'log.durability-unchanged', { topic, partition, from, to })
      return
    }
    this.changed(log)
    this.#schedule.within(0)
  }

  removeLater(paths: readonly string[], delayMs: Millis): void {
    this.#folders.removeLater(paths, delayMs)
  }

  /** J7: after a failed write of the journal, or any failed sync, nothing of the directory is trusted. */
  failed(error: unknown): void {
    if (!(error instanceof DiskFault)) throw error
    if (this.#fault !== null) return
    this.#fault = error
    this.env.observe.log('error', 'storage.failed', { path: this.path, reason: error.message })
    this.journal.poison(error)
    this.pageCache.poison(error)
    this.writeBack.poison(error)
    this.#schedule.hurry()
    for (const listener of this.#faultListeners) listener(error)
    this.#tellRoom()
  }

  #adopt({ id, path, start, journaled, isFuture }: Opened['logs'][number]): void {
    // It goes on as it was until its host says how it is to be.
    const durability = journaled ? 'disk' : 'page-cache'
    const log = new Log(this, id, { path, config: { ...this.#opened.defaultConfig, durability }, start })
    log.touched = !this.cleanStart
    if (!isFuture) log.cleanedTo = this.#opened.cleaned.get(folderName(id.topic, id.partition)) ?? null
    this.#held.adopt(log, isFuture)
    this.#checkpointer.changed(log)
  }

  #retainAll(nowWallMs: Millis): Promise<boolean> {
    // Nobody waits for it: a checkpoint under way need not hurry.
    return this.#turnstile.enter(() => this.guarded(() => retainLogs([...this.#held.current()], nowWallMs)))
  }

  #throwFault(): void {
    if (this.#fault !== null) throw this.#fault
  }

  #progressed(): void {
    const { ring } = this.#opened
    if (!ring.hasFreeFile && ring.canGrow) this.#growRing()
    if (ring.usedShare > RING_SHARE || this.pieces.isCrowded) this.#schedule.soon()
    this.#logFull()
    this.#tellRoom()
  }

  #logFull(): void {
    const { path, isFull } = this
    if (isFull === this.#wasFull) return
    this.#wasFull = isFull
    if (isFull) this.env.observe.log('error', 'storage.disk-full', { path, appends: 'refused until there is room' })
    else this.env.observe.log('info', 'storage.disk-has-room', { path })
  }

  /** Whoever was told that there is no room hears when there is again. */
  #tellRoom(): void {
    if (this.#hadRoom || !this.hasRoom()) return
    this.#hadRoom = true
    for (const listener of [...this.#roomListeners]) listener()
  }

  #growRing(): void {
    this.#opened.ring.grow().then(
      () => this.journal.resume(),
      // The ring stays as large as it is; a checkpoint frees it.
      error => {
        if (isDiskFault(error, 'ENOSPC')) this.#schedule.soon()
        else this.failed(error)
      },
    )
  }

  #ringFull(): void {
    this.#nextStall.resolve()
    this.#nextStall = Promise.withResolvers()
    this.#progressed()
    this.#schedule.soon()
  }
}
