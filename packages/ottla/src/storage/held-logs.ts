/**
 * The logs of one directory: those that are served from it, and futures, which follow a log of another directory until
 * they take its place. Owns how a log is made, takes its place and is removed, each durable before anybody is told. What
 * fills a future is log-copy.ts; which log of a partition counts is its host's to say.
 */
import { assert } from '../base/assert.ts'
import type { Offset } from '../base/units.ts'
import { isUuid, type Uuid } from '../base/uuid.ts'
import { DiskFault, isDiskFault } from '../ports/disk.ts'
import type { TopicConfig } from '../spec/config/topic.ts'
import type { Checkpointer } from './checkpointer.ts'
import { type LogId, logName } from './env.ts'
import { readText, replaceFile } from './files.ts'
import { RecordKind } from './journal/format.ts'
import type { EpochStart } from './kafka-files.ts'
import { emptyStart, Log } from './log.ts'
import type { LogHost } from './log-host.ts'
import type { PartitionFolders } from './partition-folders.ts'
import { Segment } from './segment.ts'

/** Beside a log: the id of the directory that it was about to move to. */
const MOVED_TO = '.ottla-moved-to'

/** What a future begins with, of the log that it follows. */
export interface FutureStart {
  readonly config: TopicConfig
  readonly startOffset: Offset
  readonly epochs: readonly EpochStart[]
}

export class HeldLogs {
  readonly #host: LogHost
  readonly #folders: PartitionFolders
  readonly #checkpointer: Checkpointer
  readonly #current = new Map<string, Log>()
  readonly #futures = new Map<string, Log>()

  constructor(host: LogHost, parts: { readonly folders: PartitionFolders; readonly checkpointer: Checkpointer }) {
    this.#host = host
    this.#folders = parts.folders
    this.#checkpointer = parts.checkpointer
  }

  get count(): number {
    return this.#current.size
  }

  current(): Iterable<Log> {
    return this.#current.values()
  }

  futures(): Iterable<Log> {
    return this.#futures.values()
  }

  *all(): Generator<Log> {
    yield* this.#current.values()
    yield* this.#futures.values()
  }

  find(topicId: Uuid, partition: number): Log | undefined {
    return this.#current.get(logName({ topicId, partition }))
  }

  findFuture(topicId: Uuid, partition: number): Log | undefined {
    return this.#futures.get(logName({ topicId, partition }))
  }

  /** Found at start. */
  adopt(log: Log, isFuture: boolean): void {
    const logs = isFuture ? this.#futures : this.#current
    logs.set(logName(log.id), log)
  }

  /** Makes the partition's folder, durably. A log of `durability=memory` has none. Runs alone in the directory. */
  async create(id: LogId, config: TopicConfig): Promise<Log> {
    assert(this.find(id.topicId, id.partition) === undefined, 'a log is created once', { ...id })
    this.#throwFault()
    const path = this.#folders.pathOf(id)
    if (config.durability !== 'memory') await this.#host.guarded(() => this.#folders.make(id, path))
    const log = new Log(this.#host, id, { path, config, start: emptyStart(path) })
    // Recovery takes a log that no checkpoint knows for a journaled one unless the journal says otherwise.
    if (config.durability === 'page-cache') await this.#host.record(log, RecordKind.unjournaled, { offset: 0 })
    this.#current.set(logName(id), log)
    if (config.durability !== 'memory') this.#host.changed(log)
    return log
  }

  /**
   * Makes a log that is to follow one of another directory, in a folder of Kafka's name for such. That it is there is
   * durable. It is empty, and what is appended passes by the journal as long as its config has `durability=page-cache`.
   * Runs alone in the directory.
   */
  async createFuture(id: LogId, { config, startOffset, epochs }: FutureStart): Promise<Log> {
    const { topicId, partition } = id
    assert(this.find(topicId, partition) === undefined, 'a log does not move to where it is', { ...id })
    assert(this.findFuture(topicId, partition) === undefined, 'a future is made once', { ...id })
    this.#throwFault()
    const path = this.#folders.futurePathOf(id)
    const hasFiles = config.durability !== 'memory'
    if (hasFiles) await this.#host.guarded(() => this.#folders.make(id, path))
    const start = { ...emptyStart(path), segments: [new Segment(path, startOffset)], startOffset, epochs }
    const log = new Log(this.#host, id, { path, config, start })
    if (hasFiles) await this.#host.record(log, RecordKind.unjournaled, { offset: 0 })
    this.#futures.set(logName(id), log)
    if (hasFiles) this.#host.changed(log)
    return log
  }

  /** A future is the partition's log from now on, and its folder has that name. Runs alone in the directory. */
  async promote(log: Log): Promise<void> {
    if (log.removed) return
    const name = logName(log.id)
    assert(this.#futures.get(name) === log, 'a future takes its place once', { ...log.id })
    this.#throwFault()
    if (log.durability !== 'memory') await this.#host.guarded(() => this.#folders.promote(log))
    this.#futures.delete(name)
    this.#current.set(name, log)
  }

  /** Runs alone in the directory. */
  async noteMove(log: Log, to: Uuid): Promise<void> {
    if (log.durability === 'memory' || log.removed) return
    this.#throwFault()
    const { disk } = this.#host.env
    await this.#host.guarded(async () => {
      await replaceFile(disk, `${log.path}/${MOVED_TO}`, `${to}\n`)
      await disk.syncDirectory(log.path)
    })
  }

  async movedTo(log: Log): Promise<Uuid | null> {
    if (log.durability === 'memory') return null
    const text = (await readText(this.#host.env.disk, `${log.path}/${MOVED_TO}`))?.trim()
    return text !== undefined && isUuid(text) ? text : null
  }

  /** Deletes the log: durable in the journal, then the folder is renamed, its files go later. Runs alone in the directory. */
  async remove(log: Log): Promise<void> {
    if (log.removed) return
    this.#throwFault()
    if (log.durability !== 'memory') {
      await this.#recordDrop(log)
      // A log made later under this name was never compacted.
      if (log.cleanedTo !== null) await this.#host.guarded(() => this.#host.cleaner.takeBackOffsets(log))
    }
    log.removed = true
    log.fault = new DiskFault('ENOENT', log.path, `${log.path} was deleted`)
    for (const logs of [this.#current, this.#futures]) {
      if (logs.get(logName(log.id)) === log) logs.delete(logName(log.id))
    }
    this.#checkpointer.removed(log)
    log.tail.drop()
    if (log.durability !== 'memory') await this.#host.guarded(() => this.#folders.retire(log))
  }

  /** Nothing more of the log is written: what it has goes with it, and a full disk must not keep it. */
  async #recordDrop(log: Log): Promise<void> {
    const { host } = log
    log.leaving = true
    try {
      await host.pageCache.drain().catch(error => {
        if (!isDiskFault(error, 'ENOSPC')) throw error
      })
      await host.writeBack.quiet(log)
      await host.record(log, RecordKind.drop, { offset: 0 })
    } catch (error) {
      log.leaving = false
      throw error
    }
  }

  #throwFault(): void {
    const { fault } = this.#host
    if (fault !== null) throw fault
  }
}
