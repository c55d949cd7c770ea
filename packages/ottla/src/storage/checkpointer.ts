/**
 * Checkpoints (J3, J4): bring everything that the journal's older rounds hold into synced segments, write down where each
 * log stood, and only then let the ring be used again. Order, each step durable before the next:
 *
 *   1 note every changed log, and the newest round that is synced: what is in it and before it is noted
 *   2 write the noted bytes to the segments, log by log
 *   3 close sealed segments (trim, index, snapshot), sync what was written, then the log's folder
 *   4 replace the checkpoint file, sync the directory
 *   5 release the ring up to the noted round
 *
 * What was noted may be ahead of the journal: later rounds then repeat what the segments have, which replay knows. So a
 * checkpoint never waits for the journal, and a full ring can always be emptied.
 */

import { planted } from '../base/planted.ts'
import type { Millis, Offset } from '../base/units.ts'
import type { DiskFile } from '../ports/disk.ts'
import { CHECKPOINT_FILE, type CheckpointEntry, encodeCheckpoint, encodeEntry } from './checkpoint-file.ts'
import { eachOf, type LogPosition, type ProducerSnapshot } from './env.ts'
import { replaceFile } from './files.ts'
import { writeIndexFiles } from './index-files.ts'
import type { Ring } from './journal/ring.ts'
import type { Log } from './log.ts'
import type { LogHost } from './log-host.ts'
import { encodeProducerSnapshot, snapshotFileName } from './producer-snapshot.ts'
import type { Segment } from './segment.ts'

/** Logs that are written, synced and closed at once. More would take threads from reads. */
const WIDTH = 4
/** Producers that are encoded anew with each checkpoint; with more, only once the log has grown by so many offsets. */
const PRODUCERS_CHEAP = 5000
const PRODUCERS_EVERY_OFFSETS = 100_000
/** An active segment's index files are brought up to date when they lack this much of it. Bytes. */
const INDEX_EVERY_BYTES = 16 * 1024 * 1024

interface Noted {
  readonly log: Log
  readonly end: LogPosition
  readonly endOffset: Offset
  readonly startOffset: Offset
  readonly highWatermark: Offset
  readonly active: Segment
  readonly maxTimestamp: Millis
  readonly maxTimestampOffset: Offset
  readonly firstTimestamp: Millis
  readonly epochs: CheckpointEntry['epochs']
  readonly producers: ProducerSnapshot
  readonly cuts: number
}

interface LogSnapshot {
  readonly log: Log
  readonly snapshot: ProducerSnapshot
}

export class Checkpointer {
  readonly #host: LogHost
  readonly #ring: Ring
  readonly #ringId: Uint8Array
  readonly #path: string
  /** The newest entry of each log. */
  readonly #entries = new Map<Log, Uint8Array>()
  readonly #producers = new Map<Log, ProducerSnapshot>()
  #snapshots: LogSnapshot[] = []
  #changed = new Set<Log>()

  constructor(host: LogHost, parts: { readonly ring: Ring; readonly ringId: Uint8Array; readonly path: string }) {
    this.#host = host
    this.#ring = parts.ring
    this.#ringId = parts.ringId
    this.#path = parts.path
  }

  get changedCount(): number {
    return this.#changed.size
  }

  changed(log: Log): void {
    log.dirty = true
    this.#changed.add(log)
  }

  /** The log's producers when it began a new segment: for Kafka's snapshot file. */
  rolled(log: Log, snapshot: ProducerSnapshot): void {
    this.#snapshots.push({ log, snapshot })
  }

  /** The next run is the last: it notes all logs that were used, with the producers of that moment. */
  closing(logs: Iterable<Log>): void {
    for (const log of logs) {
      if (!log.touched || log.fault !== null || log.durability === 'memory') continue
      this.#producers.delete(log)
      this.changed(log)
    }
  }

  /** As the newest run noted them. */
  producersOf(log: Log): ProducerSnapshot {
    return this.#producers.get(log) ?? log.recovered.producers
  }

  removed(log: Log): void {
    this.#changed.delete(log)
    this.#entries.delete(log)
    this.#producers.delete(log)
    this.#snapshots = this.#snapshots.filter(each => each.log !== log)
  }

  /**
   * Runs alone in the directory; `rest` is waited for behind each log. Rejects with what failed; then the ring is not
   * released, and nothing is forgotten.
   */
  async run(rest?: () => Promise<void> | undefined): Promise<void> {
    const changed = [...this.#changed]
    const snapshots = this.#snapshots
    this.#changed = new Set()
    this.#snapshots = []
    try {
      await this.#run(changed, snapshots, rest)
    } catch (error) {
      for (const log of changed) if (!log.removed) this.changed(log)
      this.#snapshots = [...snapshots, ...this.#snapshots]
      throw error
    }
  }

  async #run(
    changed: readonly Log[],
    snapshots: readonly LogSnapshot[],
    rest?: () => Promise<void> | undefined,
  ): Promise<void> {
    const { journal } = this.#host
    // Nothing more of a log that is being dropped is written, and to wait for it would be to wait for ever.
    for (const log of changed) if (log.leaving) this.#changed.add(log)
    const noted = changed.filter(log => !log.leaving).map(log => this.#note(log))
    const { lastSynced } = journal
    if (planted('ring-reused-before-writeback-synced')) {
      this.#ring.release(lastSynced)
      journal.resume()
    }
    await this.#host.pageCache.drain()
    for (const { log, snapshot } of snapshots) await this.#writeSnapshot(log, snapshot)
    const closing: Segment[] = []
    // One log after another: its file is still open when it is synced.
    await eachOf(noted, WIDTH, async each => {
      await this.#host.writeBack.flush(each.log, each.end)
      closing.push(...(await this.#settle(each)))
      await rest?.()
    })
    for (const each of noted) if (each.cuts === each.log.cuts) this.#entries.set(each.log, this.#entryOf(each))
    await this.#writeFile(lastSynced + 1)
    // Not before the checkpoint is durable: until then recovery needs them.
    for (const segment of closing) segment.state = 'closed'
    for (const { log, producers } of noted) log.producersOffset = producers.offset
    this.#ring.release(lastSynced)
    journal.resume()
    for (const { log } of noted) this.#switchDurability(log)
  }

  /**
   * The checkpoint of a directory that was stopped cleanly: no journal, Kafka's own files say everything. The entries stay
   * for what those have no room for (producers' older batches), and count where they agree with them.
   */
  async writeClosed(): Promise<void> {
    await this.#writeFile(0)
  }

  #note(log: Log): Noted {
    log.dirty = false
    const { index } = log.active
    return {
      log,
      end: log.end,
      endOffset: log.endOffset,
      startOffset: log.startOffset,
      highWatermark: log.hooks?.highWatermark() ?? log.recovered.highWatermark ?? log.startOffset,
      active: log.active,
      maxTimestamp: index.maxTimestamp,
      maxTimestampOffset: index.maxTimestampOffset,
      firstTimestamp: index.firstTimestamp,
      epochs: [...log.epochs.entries],
      producers: this.#noteProducers(log),
      cuts: log.cuts,
    }
  }

  #noteProducers(log: Log): ProducerSnapshot {
    if (log.hooks === null) return this.producersOf(log)
    const before = this.#producers.get(log)
    const many = before !== undefined && before.entries.length > PRODUCERS_CHEAP
    const current = before !== undefined && before.offset <= log.endOffset
    if (many && current && log.endOffset - before.offset < PRODUCERS_EVERY_OFFSETS) return before
    const producers = log.hooks.producers()
    this.#producers.set(log, producers)
    return producers
  }

  /** Step 3 for one log, as it was noted: what was begun or sealed since is not in the files yet. */
  async #settle({ log, active }: Noted): Promise<Segment[]> {
    const closing: Segment[] = []
    const settled = log.segments.filter(segment => segment.baseOffset <= active.baseOffset)
    for (const segment of settled) {
      if (segment.state === 'closed') continue
      if (segment === active) await this.#syncActive(log, segment)
      else {
        await this.#close(log, segment)
        closing.push(segment)
      }
    }
    if (!active.named && active.writtenBytes > 0) {
      await this.#host.env.disk.syncDirectory(log.path)
      active.named = true
    }
    return closing
  }

  async #syncActive(log: Log, segment: Segment): Promise<void> {
    if (segment.index.stored === null && segment.sizeBytes - segment.index.coveredBytes >= INDEX_EVERY_BYTES) {
      await this.#syncIndexes(log, segment)
    }
    if (!segment.unsynced) return
    segment.unsynced = false
    const use = log.durability === 'disk' ? 'direct' : 'cached'
    await this.#host.descriptors.with(segment.file('log'), use, file => this.#sync(file))
  }

  /** After a failed sync nobody knows what is on the disk: it is never tried again (A13). */
  async #sync(file: DiskFile): Promise<void> {
    try {
      await file.sync()
    } catch (error) {
      this.#host.failed(error)
      throw error
    }
  }

  /** J6: trimmed to its last byte, and that, its indexes and their names synced. Doing it again changes nothing. */
  async #close(log: Log, segment: Segment): Promise<void> {
    await this.#syncIndexes(log, segment)
    segment.unsynced = false
    await this.#host.descriptors.with(segment.file('log'), 'cached', async file => {
      await file.truncate(segment.sizeBytes)
      await this.#sync(file)
    })
    await this.#host.env.disk.syncDirectory(log.path)
    segment.named = true
  }

  async #syncIndexes(log: Log, segment: Segment): Promise<void> {
    await writeIndexFiles(log, segment)
    for (const kind of ['index', 'timeindex'] as const) {
      await this.#host.descriptors.with(segment.file(kind), 'cached', file => this.#sync(file))
    }
  }

  async #writeSnapshot(log: Log, snapshot: ProducerSnapshot): Promise<void> {
    const path = `${log.path}/${snapshotFileName(snapshot.offset)}`
    await replaceFile(this.#host.env.disk, path, encodeProducerSnapshot(snapshot.entries))
  }

  #entryOf(noted: Noted): Uint8Array {
    const { log, active } = noted
    return encodeEntry({
      topicId: log.id.topicId,
      partition: log.id.partition,
      // A log that changes over is scanned as if it were the weaker of the two.
      journaled: log.durability === 'disk' && log.config.durability === 'disk',
      startOffset: noted.startOffset,
      endOffset: noted.endOffset,
      highWatermark: noted.highWatermark,
      active: {
        baseOffset: active.baseOffset,
        sizeBytes: noted.end.position,
        indexEntries: active.index.fileEntries,
        timeEntries: active.index.fileTimeEntries,
        indexedBytes: active.index.coveredBytes,
        maxTimestamp: noted.maxTimestamp,
        maxTimestampOffset: noted.maxTimestampOffset,
        firstTimestamp: noted.firstTimestamp,
      },
      epochs: noted.epochs,
      producers: noted.producers,
    })
  }

  async #writeFile(replayFrom: number): Promise<void> {
    // J7: a write or a sync of somebody else may have failed meanwhile, and what it was for is not in the segments.
    const { fault } = this.#host
    if (fault !== null) throw fault
    const bytes = encodeCheckpoint({ ringId: this.#ringId, replayFrom }, [...this.#entries.values()])
    await replaceFile(this.#host.env.disk, `${this.#path}/${CHECKPOINT_FILE}`, bytes)
    await this.#host.env.disk.syncDirectory(this.#path)
  }

  /**
   * Another durability begins here, where the checkpoint has all of the log; with appends since, the next one is waited
   * for. Memory is for a log's whole life: such a log has no files.
   */
  #switchDurability(log: Log): void {
    const wanted = log.config.durability
    if (log.durability === wanted || log.durability === 'memory' || wanted === 'memory' || log.removed) return
    const unchanged = !log.dirty && log.writtenTo.position === log.end.position
    if (unchanged) log.durability = wanted
    else this.#host.durabilityWanted(log)
  }
}
