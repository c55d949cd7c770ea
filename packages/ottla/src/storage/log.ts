/**
 * One replica of one partition: a chain of segments, the newest of which takes batches. Owns the order of its bytes, its
 * offsets and what of them is durable; where the bytes wait is piece.ts, how they become durable is journal/, page-cache.ts
 * and write-back.ts, how they are read is log-reader.ts. One writer: the partition's host.
 */
import { assert } from '../base/assert.ts'
import type { Millis, Offset } from '../base/units.ts'
import { uuidToBytes } from '../base/uuid.ts'
import type { DiskFault } from '../ports/disk.ts'
import type { TopicConfig } from '../spec/config/topic.ts'
import { type BatchHeader, endOffset } from '../wire/batch/header.ts'
import {
  type LogHooks,
  type LogId,
  type LogPosition,
  NO_PRODUCERS,
  type ProducerSnapshot,
  type TimestampedOffset,
} from './env.ts'
import { FileGate } from './file-gate.ts'
import { logKey, RecordKind } from './journal/format.ts'
import type { Journaled } from './journal/journal.ts'
import type { EpochStart } from './kafka-files.ts'
import { LeaderEpochs } from './leader-epochs.ts'
import type { LogHost } from './log-host.ts'
import type { LogRead, ReadRange } from './log-read.ts'
import { readLog } from './log-reader.ts'
import { findMaxTimestamp, findTimestamp, visitHeaders } from './log-scan.ts'
import { LogTail } from './log-tail.ts'
import type { Piece } from './piece.ts'
import { Segment } from './segment.ts'
import { truncateLog } from './truncate.ts'
import type { Written } from './write-back.ts'

export type { LogRead, ReadRange } from './log-read.ts'

export type Durability = TopicConfig['durability']

/** What recovery knows of a log, or what a new one begins with. */
export interface LogStart {
  readonly segments: readonly Segment[]
  readonly startOffset: Offset
  readonly epochs: readonly EpochStart[]
  readonly highWatermark: Offset | null
  readonly producers: ProducerSnapshot
  /** Batches behind that snapshot may be of idempotent producers: whoever takes the log has to replay them. */
  readonly producersBehind: boolean
  readonly fault: DiskFault | null
}

const DONE = Promise.resolve()

export class Log implements Journaled, Written {
  readonly id: LogId
  readonly key: Uint8Array
  readonly epochs: LeaderEpochs
  /** As found at start: the host rebuilds its state from it. */
  readonly recovered: Pick<LogStart, 'highWatermark' | 'producers' | 'producersBehind'>
  /** Oldest first; never empty. Storage's own. */
  readonly segments: Segment[]
  /** Its newest part, in memory. Storage's own. */
  readonly tail: LogTail
  /** Who reads closed segments by their names passes here, and who renames them. Storage's own. */
  readonly files = new FileGate()
  startOffset: Offset
  endOffset: Offset
  /**
   * Everything below is safe in the sense of the topic's `durability`: disk: synced; page-cache: handed to the system;
   * memory: the end.
   */
  durableEndOffset: Offset
  /** How appends are made durable now; `config.durability` once it could be changed. */
  durability: Durability
  /** Counts cuts of the end: a read that was under way meanwhile is void. */
  cuts = 0
  /** Counts changes of closed segments: whoever walks over them one by one begins again. */
  changes = 0
  /** As of this offset the newest checkpoint has the producers: batches above are replayed at a start. */
  producersOffset: Offset
  /** Compacted up to here; null: never. At most what `cleaner-offset-checkpoint` says, where a cut came later. */
  cleanedTo: Offset | null = null
  /** Differs from what the last checkpoint says. */
  dirty = false
  /** Differs from what the last stop left, so that the next one has to write its files. */
  touched = false
  /** About to be removed: nothing of it is written any more. */
  leaving = false
  removed = false
  /** Another log follows it, to take its place: nothing that may be copied later goes by compaction meanwhile. */
  followed = false
  /** Its start stays where it is: retention waits. */
  startHeld = false
  roundNumber = 0
  roundSlot = 0
  queued = false
  flushing = false
  #fault: DiskFault | null
  #config: TopicConfig
  #hooks: LogHooks | null = null
  #cutting = false
  #path: string
  readonly #host: LogHost

  constructor(host: LogHost, id: LogId, options: { path: string; config: TopicConfig; start: LogStart }) {
    const { path, config, start } = options
    this.#host = host
    this.tail = new LogTail(host)
    this.id = id
    this.#path = path
    this.key = logKey(id.partition, uuidToBytes(id.topicId))
    this.#config = config
    this.durability = config.durability
    this.segments = [...start.segments]
    this.startOffset = start.startOffset
    this.endOffset = this.active.endOffset
    this.durableEndOffset = this.endOffset
    this.#fault = start.fault
    this.epochs = new LeaderEpochs(start.epochs, entry => this.#epochAssigned(entry))
    const { highWatermark, producers, producersBehind } = start
    this.recovered = { highWatermark, producers, producersBehind }
    this.producersOffset = start.producers.offset
  }

  /** Its folder. */
  get path(): string {
    return this.#path
  }

  get config(): TopicConfig {
    return this.#config
  }

  get active(): Segment {
    return this.segments[this.segments.length - 1] as Segment
  }

  get activeBase(): Offset {
    return this.active.baseOffset
  }

  /** All segments. Bytes. */
  get sizeBytes(): number {
    return this.segments.reduce((sum, segment) => sum + segment.sizeBytes, 0)
  }

  get hooks(): LogHooks | null {
    return this.#hooks
  }

  /** Oldest first, without gaps, up to the end. */
  get pieces(): readonly Piece[] {
    return this.tail.pieces
  }

  get end(): LogPosition {
    return { segmentBase: this.activeBase, position: this.active.sizeBytes }
  }

  get host(): LogHost {
    return this.#host
  }

  /** The partition host takes over. Call once, right after `create` or the start. */
  attach(hooks: LogHooks): void {
    this.#hooks = hooks
  }

  /** Topic settings in force from now on. Another durability takes effect with a coming checkpoint; see checkpointer.ts. */
  setConfig(config: TopicConfig): void {
    this.#config = config
    if (config.durability !== this.durability) this.#host.durabilityWanted(this)
    this.#host.pageCache.configured(this)
  }

  /**
   * Appends one validated batch whose base offset and leader epoch are set. The batch is copied; the log has it when this
   * returns. The promise is shared by all appends of a round; it rejects with a DiskFault, and when the log or its
   * directory had failed before, nothing was appended.
   */
  append(batch: Uint8Array, header: BatchHeader): Promise<void> {
    const { fault } = this
    if (fault !== null) return refused(fault)
    assert(!this.#cutting, 'nothing is appended while the log is cut', { topic: this.id.topic })
    assert(header.baseOffset >= this.endOffset, 'offsets never go back', {
      baseOffset: header.baseOffset,
      endOffset: this.endOffset,
    })
    assert(header.lastOffsetDelta >= 0 && header.sizeBytes === batch.length, 'exactly one whole batch', {
      sizeBytes: header.sizeBytes,
      bytes: batch.length,
    })
    if (this.active.mustRoll(header, this.#config, this.#host.env.clock.wallMs())) this.roll(header.baseOffset)
    const segment = this.active
    const kind = PIECE_KINDS[this.durability]
    const { piece, opened } = this.tail.pieceFor(segment, { kind, baseOffset: header.baseOffset, bytes: batch.length })
    if (opened && kind === 'direct') this.#host.writeBack.enqueue(this)
    const end = endOffset(header)
    piece.append(batch, end)
    this.#host.pieces.appended(piece, batch.length)
    if (segment.sizeBytes === 0) segment.firstAppendAtMs = this.#host.env.clock.wallMs()
    const position = segment.note(header, this.#config.indexIntervalBytes)
    this.epochs.note(header.partitionLeaderEpoch, header.baseOffset)
    this.endOffset = end
    return this.#makeDurable(batch, header, position)
  }

  /**
   * Whole batches from the one that holds `from`, whose first offset may be lower. At once when they are in memory.
   * Rejects or throws with a DiskFault; a StorageCorruption names the first offset that cannot be read.
   */
  read(from: Offset, range: ReadRange): LogRead | Promise<LogRead> {
    return readLog(this, from, range)
  }

  /** Calls `visit` for each batch from the one that holds `from`; header and bytes are only valid during the call. */
  headers(from: Offset, visit: (header: BatchHeader, bytes: Uint8Array, at: number) => void): Promise<void> {
    return visitHeaders(this, from, visit)
  }

  /** The first record below `upTo` whose time is `timestampMs` or later. */
  offsetForTimestamp(timestampMs: number, upTo: Offset): Promise<TimestampedOffset | null> {
    return findTimestamp(this, timestampMs, upTo)
  }

  /** The first record with the largest timestamp below `upTo`. */
  maxTimestamp(upTo: Offset): Promise<TimestampedOffset | null> {
    return findMaxTimestamp(this, upTo)
  }

  /** Cuts what lies at `offset` and above. Durable in the journal before any file changes (J2). No append meanwhile. */
  async truncateTo(offset: Offset): Promise<void> {
    assert(!this.#cutting, 'one cut at a time')
    this.#cutting = true
    try {
      await this.#host.exclusively(() => truncateLog(this, offset))
    } finally {
      this.#cutting = false
    }
  }

  /** The log begins at `offset` from now on; segments below go with the next retention. Durable when it resolves. */
  advanceStart(offset: Offset): Promise<void> {
    assert(offset <= this.endOffset, 'a log does not begin behind its end', { offset, endOffset: this.endOffset })
    return this.#host.exclusively(() => this.startAt(offset))
  }

  /** Ends the active segment; the next one begins at `baseOffset`, which is not below the end. */
  roll(baseOffset: Offset): void {
    const old = this.active
    assert(baseOffset > old.baseOffset, 'segments have different bases', { baseOffset, topic: this.id.topic })
    old.index.noteTime()
    old.state = this.durability === 'memory' ? 'closed' : 'sealed'
    this.tail.seal()
    const next = new Segment(this.path, baseOffset, this.#rollJitterMs())
    next.endOffset = baseOffset
    this.segments.push(next)
    this.endOffset = baseOffset
    if (this.durability === 'memory') return
    this.#host.rolled(this, this.#hooks?.producers() ?? null)
    this.#host.changed(this)
    this.#host.writeBack.enqueue(this)
  }

  /** The log cannot be appended to, or not be read from some offset on: damaged or removed, or its directory failed. */
  get fault(): DiskFault | null {
    return this.#fault ?? this.#host.fault
  }

  set fault(fault: DiskFault) {
    this.#fault = fault
  }

  /** There is no room on its disk: nothing should be appended, though what was can still be read. */
  get isDiskFull(): boolean {
    return this.durability !== 'memory' && this.#host.isFull
  }

  throwFault(): void {
    const { fault } = this
    if (fault !== null) throw fault
  }

  roundSynced(endOffset: Offset): void {
    if (endOffset <= this.durableEndOffset) return
    this.durableEndOffset = endOffset
    this.#hooks?.durable(endOffset)
  }

  // What follows is for the other parts of storage.

  /** Its folder has another name from now on. For whoever is alone with the log's files. */
  moveTo(path: string): void {
    this.#path = path
    for (const segment of this.segments) segment.moveTo(path)
  }

  /** `advanceStart` for whoever runs exclusively. */
  async startAt(offset: Offset): Promise<void> {
    if (offset <= this.startOffset) return
    this.throwFault()
    if (this.durability !== 'memory') {
      await this.#host.record(this, RecordKind.start, { offset })
      this.#host.changed(this)
    }
    this.startOffset = offset
    this.epochs.cutStart(offset)
  }

  nextToWrite(): Piece | null {
    if (this.leaving) return null
    return this.tail.nextToWrite(this.flushing)
  }

  get writtenTo(): LogPosition {
    return this.tail.writtenTo ?? this.end
  }

  fileWritten(piece: Piece): void {
    piece.segment.unsynced = true
  }

  /** The end was cut: everything in memory above `endOffset` is gone, and of a log with files all of it. */
  endCut(endOffset: Offset): void {
    this.cuts++
    this.endOffset = endOffset
    this.durableEndOffset = Math.min(this.durableEndOffset, endOffset)
    this.epochs.cutEnd(endOffset)
  }

  #makeDurable(batch: Uint8Array, header: BatchHeader, position: number): Promise<void> {
    switch (this.durability) {
      case 'disk':
        this.#host.changed(this)
        return this.#host.journal.append(this, batch, header, position)
      case 'page-cache':
        this.#host.changed(this)
        return this.#host.pageCache.append(this)
      case 'memory':
        this.roundSynced(this.endOffset)
        return DONE
    }
  }

  /** How much earlier than `segment.ms` a new segment is to be rolled, drawn once for each. */
  #rollJitterMs(): Millis {
    const { segmentJitterMs, segmentMs } = this.#config
    const most = Math.min(segmentJitterMs, segmentMs, 2 ** 31)
    return most <= 0 ? 0 : this.#host.env.random.int(0, most)
  }

  #epochAssigned(entry: EpochStart): void {
    if (this.durability === 'memory' || this.fault !== null) return
    this.#host.changed(this)
    const { epoch, startOffset } = entry
    // Whoever appends in the new term waits for a later round; a failure reaches the host through the directory.
    void this.#host.journal.control(this, RecordKind.epoch, { offset: startOffset, leaderEpoch: epoch })
  }
}

const PIECE_KINDS = { disk: 'direct', 'page-cache': 'cached', memory: 'memory' } as const

/** A new log's start. */
export function emptyStart(folder: string): LogStart {
  return {
    segments: [new Segment(folder, 0)],
    startOffset: 0,
    epochs: [],
    highWatermark: null,
    producers: NO_PRODUCERS,
    producersBehind: false,
    fault: null,
  }
}

function refused(fault: DiskFault): Promise<void> {
  const promise = Promise.reject(fault)
  // With acks=0 nobody waits for it.
  promise.catch(() => {})
  return promise
}
