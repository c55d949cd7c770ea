/**
 * The log directories of this broker: where a new partition goes, which ones still work, whether appends have room. What
 * is inside one is storage's.
 */
import { assert } from '../base/assert.ts'
import type { Uuid } from '../base/uuid.ts'
import { DiskFault } from '../ports/disk.ts'
import type { TopicConfig } from '../spec/config/topic.ts'
import type { WireErrorName } from '../spec/errors.ts'
import type { CleanerOptions } from '../storage/cleaner/log-cleaner.ts'
import type { LogId } from '../storage/env.ts'
import type { Log } from '../storage/log.ts'
import type { LogDirectory } from '../storage/log-directory.ts'
import { faultToWire } from './faults.ts'
import type { DirectoryReply, HeldLog } from './services.ts'

export class DataDirectories {
  readonly #directories: readonly LogDirectory[]
  /** Logs that are being made in each directory, which does not count them yet. */
  readonly #creating = new Map<LogDirectory, number>()
  /** Paths of directories that were configured and could not be opened at this start. */
  readonly failedAtStart: readonly string[]

  constructor(directories: readonly LogDirectory[], failedAtStart: readonly string[]) {
    assert(directories.length > 0, 'a broker has a log directory')
    this.#directories = directories
    this.failedAtStart = failedAtStart
  }

  [Symbol.iterator](): IterableIterator<LogDirectory> {
    return this.#directories[Symbol.iterator]()
  }

  get ids(): readonly Uuid[] {
    return this.#directories.map(directory => directory.directoryId)
  }

  get online(): readonly LogDirectory[] {
    return this.#directories.filter(directory => directory.fault === null)
  }

  *logs(): IterableIterator<Log> {
    for (const directory of this.#directories) yield* directory.logs()
  }

  *futures(): IterableIterator<Log> {
    for (const directory of this.#directories) yield* directory.futures()
  }

  find(topicId: Uuid, partition: number): Log | undefined {
    for (const directory of this.#directories) {
      const log = directory.find(topicId, partition)
      if (log !== undefined) return log
    }
    return undefined
  }

  /** By its path, as it is configured; also one that failed since the start. */
  at(path: string): LogDirectory | undefined {
    return this.#directories.find(directory => directory.path === path)
  }

  byId(id: Uuid): LogDirectory | undefined {
    return this.#directories.find(directory => directory.directoryId === id)
  }

  /** Of a future too. */
  directoryOf(log: Log): LogDirectory {
    const { topicId, partition } = log.id
    const directory = this.#directories.find(
      each => each.find(topicId, partition) === log || each.findFuture(topicId, partition) === log,
    )
    assert(directory !== undefined, 'an open log is in a directory', { topicId, partition })
    return directory
  }

  /**
   * Makes a log in the wanted directory, or when that does not work in the working one with the fewest partitions that is
   * not full. Rejects with a DiskFault.
   */
  async create(id: LogId, config: TopicConfig, wanted?: LogDirectory): Promise<Log> {
    const directory = wanted !== undefined && wanted.fault === null ? wanted : this.#emptiest()
    this.#creating.set(directory, this.#creatingIn(directory) + 1)
    try {
      return await directory.create(id, config)
    } finally {
      this.#creating.set(directory, this.#creatingIn(directory) - 1)
    }
  }

  hasRoom(): boolean {
    for (const directory of this.#directories) if (!directory.hasRoom()) return false
    return true
  }

  onRoom(listener: () => void): () => void {
    const stops = this.#directories.map(directory => directory.onRoom(listener))
    return () => {
      for (const stop of stops) stop()
    }
  }

  /** Calls `listener` when a directory goes out of service, for the rest of the process's life. */
  onFault(listener: (directory: LogDirectory, fault: DiskFault) => void): void {
    for (const directory of this.#directories) directory.onFault(fault => listener(directory, fault))
  }

  /** Compacts what is due, all directories at once: each is a disk of its own. Returns how many logs were. */
  async runCleaner(options: CleanerOptions): Promise<number> {
    const { online } = this
    // What may be used is for the broker as a whole.
    const mapBytes = Math.floor(options.mapBytes / online.length)
    const bytesPerSecond = options.bytesPerSecond / online.length
    const share = { ...options, mapBytes, bytesPerSecond }
    const counts = await Promise.all(online.map(directory => directory.cleaner.run(share)))
    return counts.reduce((sum, count) => sum + count, 0)
  }

  /** Ends a run, for good. */
  async stopCleaner(): Promise<void> {
    await Promise.all(this.#directories.map(directory => directory.cleaner.stop()))
  }

  /** What each configured directory holds, and the room of its volume. One that failed, or does so now, holds nothing. */
  describe(): Promise<readonly DirectoryReply[]> {
    const failed = this.failedAtStart.map(path => offline(path, 'KAFKA_STORAGE_ERROR'))
    return Promise.all([...this.#directories.map(directory => this.#describe(directory)), ...failed])
  }

  async close(): Promise<void> {
    await Promise.all(this.#directories.map(directory => directory.close()))
  }

  #emptiest(): LogDirectory {
    const count = (directory: LogDirectory) => directory.logCount + this.#creatingIn(directory)
    const { online } = this
    const withRoom = online.filter(directory => !directory.isFull)
    let best: LogDirectory | null = null
    for (const directory of withRoom.length > 0 ? withRoom : online) {
      if (best === null || count(directory) < count(best)) best = directory
    }
    if (best === null) throw new DiskFault('EIO', '', 'every log directory is offline')
    return best
  }

  #creatingIn(directory: LogDirectory): number {
    return this.#creating.get(directory) ?? 0
  }

  async #describe(directory: LogDirectory): Promise<DirectoryReply> {
    const { path, fault } = directory
    if (fault !== null) return offline(path, faultToWire(fault))
    try {
      const { totalBytes, freeBytes } = await directory.volume()
      return { path, error: 'NONE', totalBytes, usableBytes: freeBytes, logs: () => this.#heldIn(directory) }
    } catch (thrown) {
      return offline(path, faultToWire(thrown))
    }
  }

  *#heldIn(directory: LogDirectory): Generator<HeldLog> {
    const row = ({ id: { topic, partition }, sizeBytes }: Log) => ({ topic, partition, sizeBytes })
    for (const log of directory.logs()) yield { ...row(log), offsetLag: 0, isFuture: false }
    for (const log of directory.futures()) {
      const followed = this.find(log.id.topicId, log.id.partition)
      const offsetLag = followed === undefined ? -1 : Math.max(0, followed.endOffset - log.endOffset)
      yield { ...row(log), offsetLag, isFuture: true }
    }
  }
}

function offline(path: string, error: WireErrorName): DirectoryReply {
  return { path, error, totalBytes: -1, usableBytes: -1, logs: () => [] }
}
