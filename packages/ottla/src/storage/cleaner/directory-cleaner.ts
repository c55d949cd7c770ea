/**
 * The compaction of one log directory: which log is next, how far each one is (`cleaner-offset-checkpoint`, Kafka's
 * format), and what a failure means. How one log is compacted is log-cleaner.ts. One run at a time; appends, reads,
 * checkpoints and retention go on meanwhile.
 */
import type { Offset } from '../../base/units.ts'
import { DiskFault, isDiskFault } from '../../ports/disk.ts'
import { StorageCorruption, type StorageEnv } from '../env.ts'
import { replaceFile } from '../files.ts'
import { CLEANER_OFFSETS, formatOffsets } from '../kafka-files.ts'
import type { Log } from '../log.ts'
import { type Cleanable, cleanableOf } from './cleanable.ts'
import { type CleanerOptions, LogCleaner } from './log-cleaner.ts'
import { CleaningStopped, Pace } from './pace.ts'
import { finishSwaps } from './swap.ts'

/** The directory, as its cleaner sees it. */
export interface CleanedDirectory {
  readonly env: StorageEnv
  readonly path: string
  readonly fault: DiskFault | null
  logs(): Iterable<Log>
  exclusively<T>(work: () => Promise<T>): Promise<T>
  failed(error: unknown): void
}

export class DirectoryCleaner {
  readonly #directory: CleanedDirectory
  /** Logs that could not be read: tried again after the next start. */
  readonly #uncleanable = new WeakSet<Log>()
  #pace: Pace | null = null
  #running: Promise<unknown> = Promise.resolve()
  #stopped = false

  constructor(directory: CleanedDirectory) {
    this.#directory = directory
  }

  /** Compacts every log that is due, the dirtiest first. Returns how many were. */
  run(options: CleanerOptions): Promise<number> {
    const run = this.#running.then(() => this.#run(options))
    this.#running = run.catch(() => {})
    return run
  }

  /** Ends a run before its next step, for good. What was under way leaves no trace. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#pace?.stop()
    await this.#running
  }

  /** Finishes what a full disk was in the way of. Runs alone in the directory. */
  async finish(): Promise<void> {
    for (const log of this.#directory.logs()) await finishSwaps(log)
  }

  /** Writes how far the logs are compacted; `but`: a log that is about to go. Runs alone in the directory. */
  async writeOffsets(but: Log | null = null): Promise<void> {
    const { env, path } = this.#directory
    const offsets: (readonly [string, number, Offset])[] = []
    for (const log of this.#directory.logs()) {
      if (log.cleanedTo !== null && log !== but) offsets.push([log.id.topic, log.id.partition, log.cleanedTo])
    }
    await replaceFile(env.disk, `${path}/${CLEANER_OFFSETS}`, formatOffsets(offsets))
    await env.disk.syncDirectory(path)
  }

  /**
   * Writes that less is compacted than the file says, or that `but` goes. Where the disk is too full for that, the file
   * goes: then every log is compacted from its start after the next one, which costs time and loses nothing.
   */
  async takeBackOffsets(but: Log | null = null): Promise<void> {
    const { env, path } = this.#directory
    try {
      await this.writeOffsets(but)
    } catch (error) {
      if (!isDiskFault(error, 'ENOSPC')) throw error
      await env.disk.remove(`${path}/${CLEANER_OFFSETS}`)
      await env.disk.syncDirectory(path)
    }
  }

  async #run(options: CleanerOptions): Promise<number> {
    if (this.#stopped) return 0
    const pace = new Pace(this.#directory.env.clock, options.bytesPerSecond)
    this.#pace = pace
    let count = 0
    try {
      for (const { log } of await this.#due(pace)) {
        if (pace.stopped || this.#directory.fault !== null) break
        if (await this.#clean(log, pace, options)) count++
      }
    } catch (error) {
      this.#failed(error)
    } finally {
      this.#pace = null
    }
    return count
  }

  /** Logs to compact, the dirtiest first. */
  async #due(pace: Pace): Promise<Cleanable[]> {
    const due: Cleanable[] = []
    for (const log of [...this.#directory.logs()]) {
      const cleanable = await this.#look(log)
      if (cleanable !== null) due.push(cleanable)
      if (pace.isDue) await pace.turn()
      if (pace.stopped) return []
    }
    return due.sort((a, b) => b.dirtyRatio - a.dirtyRatio)
  }

  async #look(log: Log): Promise<Cleanable | null> {
    if (this.#uncleanable.has(log)) return null
    try {
      return await cleanableOf(log, this.#directory.env.clock.wallMs())
    } catch (error) {
      this.#leave(log, error)
      return null
    }
  }

  /** True when the log is compacted as far as it could be. Throws what ends the run. */
  async #clean(log: Log, pace: Pace, options: CleanerOptions): Promise<boolean> {
    await this.#directory.exclusively(() => finishSwaps(log))
    // Others were compacted meanwhile, and much may have changed.
    const cleanable = await this.#look(log)
    if (cleanable === null) return false
    const nowMs = this.#directory.env.clock.wallMs()
    const { cuts } = log
    const cleanedTo = (offset: Offset) => this.#cleanedTo(log, offset, cuts)
    const cleaner = new LogCleaner(log, { options, pace, nowMs, cleanedTo })
    const [beforeBytes, spentBytes] = [log.sizeBytes, pace.spentBytes]
    try {
      await cleaner.clean(cleanable)
    } catch (error) {
      if (error instanceof StorageCorruption) this.#leave(log, error)
      else if (!(error instanceof CleaningStopped) && !log.removed) throw error
      return false
    }
    const { topic, partition } = log.id
    const { from, upTo } = cleanable
    const saved = { sizeBytes: log.sizeBytes, beforeBytes, spentBytes: pace.spentBytes - spentBytes }
    this.#directory.env.observe.log('info', 'log.cleaned', { topic, partition, from, upTo, ...saved, ...cleaner.done })
    return true
  }

  #cleanedTo(log: Log, offset: Offset, cuts: number): Promise<void> {
    return this.#directory.exclusively(async () => {
      // A cut may have come after the last swap: what was appended above it is not compacted. And whoever follows the log
      // must not miss a tombstone, having copied what it deletes: no other pass takes away what this one marked.
      if (log.removed || log.followed || log.cuts !== cuts)
        throw new CleaningStopped('the log was cut, or is copied, while it was cleaned')
      log.cleanedTo = offset
      await this.writeOffsets()
    })
  }

  /** The log cannot be read where it would be compacted. It is served as far as it can be, and stays as it is. */
  #leave(log: Log, error: unknown): void {
    if (!(error instanceof DiskFault)) throw error
    this.#uncleanable.add(log)
    const { topic, partition } = log.id
    this.#directory.env.observe.log('error', 'log.uncleanable', { topic, partition, reason: error.message })
  }

  /** A full disk: tried again with the next run. Any other fault, and the directory is not to be trusted (J7). */
  #failed(error: unknown): void {
    if (!(error instanceof DiskFault)) throw error
    const { env, path } = this.#directory
    env.observe.log('warn', 'log.cleaning-failed', { path, reason: error.message })
    if (error.code !== 'ENOSPC') this.#directory.failed(error)
  }
}
