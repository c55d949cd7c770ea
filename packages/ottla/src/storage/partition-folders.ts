/**
 * Folders of partitions: made durably, set aside when something else has the name, renamed when a future takes its place,
 * retired when the log is deleted.
 */
import type { Millis } from '../base/units.ts'
import type { DescriptorCache } from './descriptors.ts'
import type { LogId, StorageEnv } from './env.ts'
import { lastName, replaceFile } from './files.ts'
import {
  folderName,
  formatPartitionMetadata,
  futureFolderName,
  PARTITION_METADATA,
  retiredFolderName,
} from './kafka-files.ts'
import type { Log } from './log.ts'
import { removeTree } from './remove-tree.ts'

export class PartitionFolders {
  readonly #env: StorageEnv
  readonly #path: string
  readonly #descriptors: DescriptorCache
  /** Removals that are to come. */
  readonly #waiting = new Set<() => void>()
  readonly #stopped: () => boolean

  constructor(env: StorageEnv, path: string, parts: { descriptors: DescriptorCache; stopped: () => boolean }) {
    this.#env = env
    this.#path = path
    this.#descriptors = parts.descriptors
    this.#stopped = parts.stopped
  }

  pathOf(id: LogId): string {
    return `${this.#path}/${folderName(id.topic, id.partition)}`
  }

  /** Another one each time. */
  futurePathOf(id: LogId): string {
    return `${this.#path}/${futureFolderName(folderName(id.topic, id.partition), this.#drawnId())}`
  }

  /** The topic id, and both names, are durable before the log takes a batch. */
  async make(id: LogId, path: string): Promise<void> {
    const { disk, observe } = this.#env
    if ((await disk.stat(path)) !== null) await this.#setAside(path)
    await disk.makeDirectory(path)
    try {
      await replaceFile(disk, `${path}/${PARTITION_METADATA}`, formatPartitionMetadata(id.topicId))
      await disk.syncDirectory(path)
      await disk.syncDirectory(this.#path)
    } catch (error) {
      // On a full disk it is tried again and again: nothing is left behind.
      await removeTree(disk, path).catch(reason =>
        observe.log('warn', 'storage.leftover', { path, reason: `${reason}` }),
      )
      throw error
    }
  }

  /** A future's folder becomes the partition's, while its log is in use. The name is durable. */
  async promote(log: Log): Promise<void> {
    const { disk } = this.#env
    const path = this.pathOf(log.id)
    if ((await disk.stat(path)) !== null) await this.#setAside(path)
    await log.files.alone(async () => {
      this.#forget(log)
      await disk.rename(log.path, path)
      log.moveTo(path)
    })
    await disk.syncDirectory(this.#path)
  }

  /** After the drop record is durable: a crash in between is completed by recovery. */
  async retire(log: Log): Promise<void> {
    const { disk } = this.#env
    const retired = this.#retiredPath(log.path, 'delete')
    // A sync that flush.ms asked for may be under way, by names.
    await log.files.alone(async () => {
      this.#forget(log)
      await disk.rename(log.path, retired)
    })
    await disk.syncDirectory(this.#path)
    this.#later(log.config.fileDeleteDelayMs, () => removeTree(disk, retired))
  }

  /** Removes files after a while; a stop before that leaves them to the next start. */
  removeLater(paths: readonly string[], delayMs: Millis): void {
    if (paths.length === 0) return
    this.#later(delayMs, async () => {
      for (const path of paths) await this.#env.disk.remove(path)
    })
  }

  /** Something else has the folder's name: it is kept under another. */
  async #setAside(path: string): Promise<void> {
    const { disk, observe } = this.#env
    const entries = await disk.list(path)
    if (entries.length === 0) return
    const to = this.#retiredPath(path, 'stray')
    observe.log('warn', 'log.stray-set-aside', { path, to })
    await disk.rename(path, to)
  }

  #retiredPath(path: string, why: 'delete' | 'stray'): string {
    return `${this.#path}/${retiredFolderName(lastName(path), this.#drawnId(), why)}`
  }

  #drawnId(): string {
    return Array.from(this.#env.crypto.randomUuid(), byte => byte.toString(16).padStart(2, '0')).join('')
  }

  #forget(log: Log): void {
    for (const segment of log.segments) {
      for (const kind of ['log', 'index', 'timeindex'] as const) this.#descriptors.forget(segment.file(kind))
    }
  }

  /** What was to be removed later is left to the next start. */
  stop(): void {
    for (const cancel of this.#waiting) cancel()
    this.#waiting.clear()
  }

  #later(delayMs: Millis, work: () => Promise<void>): void {
    const cancel = this.#env.clock.after(delayMs, () => {
      this.#waiting.delete(cancel)
      if (this.#stopped()) return
      work().catch(error =>
        this.#env.observe.log('warn', 'storage.leftover', { path: this.#path, reason: String(error) }),
      )
    })
    this.#waiting.add(cancel)
  }
}
