/**
 * One log while it is recovered: where the checkpoint left it, what the journal adds, and what its files then must hold
 * (J2, J4, J5). Replay is a redo at the recorded position, the same however often it is done. A gap, or bytes below the
 * journaled end that are not what was written, is damage: the log gets a fault and its files are left alone.
 */
import { planted } from '../base/planted.ts'
import type { Offset } from '../base/units.ts'
import { type CheckpointEntry, namedTo } from './checkpoint-file.ts'
import { type LogPosition, NO_PRODUCERS, type ProducerSnapshot, StorageCorruption, type StorageEnv } from './env.ts'
import type { PartitionFolder } from './folder.ts'
import { type JournalRecord, RecordKind } from './journal/format.ts'
import { LeaderEpochs } from './leader-epochs.ts'
import { Redo, rewrite, WorkFile } from './redo.ts'
import { closeFound, removeSegmentFiles, Segment } from './segment.ts'
import { type NoteBatch, noteInto } from './segment-scan.ts'

export class RecoveringLog {
  readonly folder: PartitionFolder
  readonly segments: Segment[]
  readonly epochs: LeaderEpochs
  startOffset: Offset
  endOffset: Offset
  highWatermark: Offset | null = null
  producers: ProducerSnapshot = NO_PRODUCERS
  /** Every byte below the end is covered by the journal or a checkpoint. Else the tail is what the scan finds whole. */
  journaled = true
  fault: StorageCorruption | null = null
  readonly #env: StorageEnv
  readonly #intervalBytes: number
  /** All that may have files: those found, and those that replay began, whether they are still part of the log or not. */
  readonly #withFiles: Set<Segment>
  /** From where the batches of a segment are to be summed and noted; absent: not at all. */
  readonly #unchecked = new Map<Segment, number>()
  /** Size of the active segment without the first parts of a batch that never got its end. */
  #wholeBytes = 0
  /**
   * Files that lack bytes which were durable, and what they have of them. Damage, unless a later record cuts below that:
   * files may be in any later state than the record at hand.
   */
  readonly #short = new Map<Segment, number>()
  /** Up to here the checkpoint has the log, or an earlier cut of it. */
  #covered: LogPosition
  /** Records that do not follow what is there are passed over: nobody was told that they are durable. */
  #passing = false
  readonly #file: WorkFile
  readonly #redo: Redo
  /** The checkpoint found the names of segments up to this base durable. */
  readonly #namedTo: Offset
  /**
   * Files were removed, or cut and perhaps made again, or the folder is younger than the checkpoint and may lack even its
   * partition.metadata after a power cut: what of its names is durable nobody knows.
   */
  #namesChanged: boolean
  /** From here on every batch is looked at; whether one of them is of an idempotent producer. */
  readonly #lookedAtFrom: Offset
  #sawProducer = false

  constructor(env: StorageEnv, folder: PartitionFolder, intervalBytes: number, entry: CheckpointEntry | null) {
    this.#env = env
    this.#intervalBytes = intervalBytes
    this.folder = folder
    this.#file = new WorkFile(env.disk)
    this.#redo = new Redo(this.#file)
    this.#withFiles = new Set(folder.segments)
    this.#namedTo = namedTo(entry)
    this.#namesChanged = entry === null
    this.#lookedAtFrom = entry?.endOffset ?? 0
    this.epochs = new LeaderEpochs(entry?.epochs ?? [], () => {})
    this.startOffset = entry?.startOffset ?? 0
    this.endOffset = entry?.endOffset ?? 0
    const active = this.#activeOf(entry)
    const closed = folder.segments.filter(segment => segment.baseOffset < active.baseOffset)
    this.segments = [...closed, active]
    for (const segment of closed) closeFound(segment, this.segments)
    this.#wholeBytes = active.sizeBytes
    this.#covered = { segmentBase: active.baseOffset, position: active.sizeBytes }
    if (entry === null) return
    this.highWatermark = entry.highWatermark
    this.producers = entry.producers
    this.journaled = entry.journaled
  }

  get active(): Segment {
    return this.segments[this.segments.length - 1] as Segment
  }

  /** Whether a batch behind `producers` may be of an idempotent producer. */
  get producersBehind(): boolean {
    return this.#sawProducer || this.producers.offset < this.#lookedAtFrom
  }

  /** Puts what replay holds into the file: see redo.ts. No file is open behind it. */
  write(): void {
    this.#redo.write()
    this.#file.close()
  }

  apply(record: JournalRecord): Promise<void> | undefined {
    if (this.fault !== null) return undefined
    switch (record.kind) {
      case RecordKind.append:
        return this.#passing ? undefined : this.#append(record)
      case RecordKind.truncate:
        return this.journaled ? this.#truncate(record) : this.#truncateScanned(record)
      case RecordKind.start:
        this.startOffset = Math.max(this.startOffset, record.offset)
        this.epochs.cutStart(record.offset)
        return undefined
      case RecordKind.epoch:
        this.epochs.note(record.leaderEpoch, record.offset)
        return undefined
      case RecordKind.unjournaled:
        this.journaled = false
        return undefined
      case RecordKind.drop:
        // Whoever replays takes the log out.
        return undefined
    }
  }

  /** After the last record: checks what was not checked, cuts what lies behind the end, and syncs. */
  async finish(): Promise<void> {
    try {
      await this.#finish()
    } finally {
      this.#file.close()
    }
  }

  async #finish(): Promise<void> {
    this.#redo.write()
    this.active.sizeBytes = this.#wholeBytes
    this.active.endOffset = this.endOffset
    if (!this.journaled && this.fault === null) await this.#scanToEnd()
    // A crash in the middle of this may have come before: then files that are removed anyway are short.
    const isWhole = this.fault === null && (!this.journaled || this.#short.size === 0)
    if (isWhole && this.endOffset < this.startOffset) await this.#beginAgain()
    const [short] = this.#short.keys()
    if (short !== undefined && this.fault === null) {
      this.fault = this.#damage(short.baseOffset, `${short.file('log')} is shorter than it was synced`)
    }
    for (const segment of this.segments) if (this.fault === null) await this.#check(segment)
    if (this.fault !== null) {
      const { topic, partition } = this.folder
      this.#env.observe.log('error', 'log.damaged', {
        topic,
        partition,
        from: this.fault.from,
        why: this.fault.message,
      })
      return
    }
    if (this.producers.offset > this.endOffset) this.producers = { offset: this.startOffset, entries: [] }
    this.epochs.cutEnd(this.endOffset + 1)
    await this.#removeLater()
    for (const segment of this.segments) await this.#cut(segment)
    if (this.#namesChanged || !this.journaled || this.segments.some(segment => this.#mayLackName(segment))) {
      await this.#env.disk.syncDirectory(this.folder.path)
    }
    for (const segment of this.segments) if (segment.writtenBytes > 0) segment.named = true
  }

  #activeOf(entry: CheckpointEntry | null): Segment {
    if (entry === null) {
      // Made after the checkpoint: everything it has is in the journal.
      const segment = this.#segmentAt(0)
      segment.sizeBytes = 0
      this.#unchecked.set(segment, 0)
      return segment
    }
    const { active } = entry
    const segment = this.#segmentAt(active.baseOffset)
    if (segment.writtenBytes < active.sizeBytes) this.#short.set(segment, segment.writtenBytes)
    segment.sizeBytes = active.sizeBytes
    segment.endOffset = entry.endOffset
    segment.index.restore(active)
    this.#unchecked.set(segment, active.sizeBytes)
    return segment
  }

  /** Found, or to be made: either way its files are removed when it does not stay in the log. */
  #segmentAt(baseOffset: Offset): Segment {
    const segment = this.#found(baseOffset) ?? new Segment(this.folder.path, baseOffset)
    this.#withFiles.add(segment)
    return segment
  }

  #found(baseOffset: Offset): Segment | undefined {
    for (const segment of this.#withFiles) if (segment.baseOffset === baseOffset) return segment
    return undefined
  }

  async #append(record: JournalRecord): Promise<void> {
    if (this.#isThere(record)) return
    if (record.segmentBase > this.active.baseOffset && record.position === 0) this.#roll(record.segmentBase)
    const segment = this.active
    if (record.segmentBase !== segment.baseOffset || record.position > segment.sizeBytes) {
      if (!(await this.#reaches(record))) return
    }
    if (!this.#redo.leadsTo(segment, record.position)) this.write()
    this.#redo.append(segment, record.position, record.bytes)
    segment.sizeBytes = record.position + record.bytes.length
    if (!record.complete) return
    this.#wholeBytes = segment.sizeBytes
    this.endOffset = record.offset
    segment.endOffset = record.offset
  }

  /** The checkpoint may be ahead of the journal: then the segments had the bytes, synced, whatever came of them later. */
  #isThere(record: JournalRecord): boolean {
    const covered = this.#covered
    if (record.segmentBase !== covered.segmentBase) return record.segmentBase < covered.segmentBase
    return record.position + record.bytes.length <= covered.position
  }

  /** Whether what is in the file, beyond what is known, leads up to the record: so when the log was not journaled before. */
  async #reaches(record: JournalRecord): Promise<boolean> {
    const segment = this.active
    const follows = record.segmentBase === segment.baseOffset && record.position > segment.sizeBytes
    if (this.journaled || !follows) {
      if (this.journaled) {
        const where = `segment ${record.segmentBase} byte ${record.position}`
        this.fault = this.#damage(this.endOffset, `the journal goes on at ${where}, behind a gap`)
      } else this.#passing = true
      return false
    }
    this.write()
    const end = await this.#file.scan(segment, {
      from: segment.sizeBytes,
      to: record.position,
      minBaseOffset: this.endOffset,
    })
    this.#file.close()
    if (end.position !== record.position) {
      this.#passing = true
      return false
    }
    this.endOffset = end.endOffset
    segment.sizeBytes = record.position
    this.#wholeBytes = record.position
    return true
  }

  #roll(baseOffset: Offset): void {
    this.write()
    const old = this.active
    old.sizeBytes = this.#wholeBytes
    old.endOffset = this.endOffset
    old.state = 'sealed'
    const segment = this.#segmentAt(baseOffset)
    segment.state = 'active'
    segment.sizeBytes = 0
    segment.endOffset = baseOffset
    this.segments.push(segment)
    this.#unchecked.set(segment, 0)
    this.#wholeBytes = 0
    this.endOffset = Math.max(this.endOffset, baseOffset)
  }

  async #truncate(record: JournalRecord): Promise<void> {
    this.write()
    let index = this.segments.findIndex(segment => segment.baseOffset >= record.segmentBase)
    if (index === -1 || this.segments[index]?.baseOffset !== record.segmentBase) {
      // A later cut removed it: a place is kept for it until that is replayed.
      const missing = this.#segmentAt(record.segmentBase)
      if (index === -1) index = this.segments.length
      this.segments.splice(index, 0, missing)
    }
    const segment = this.segments[index] as Segment
    if (segment.writtenBytes < record.position) this.#short.set(segment, segment.writtenBytes)
    await this.#cutTo(index, record)
  }

  /** What a log that is not journaled holds is known by looking. When the cut is done already, nothing is above it. */
  async #truncateScanned(record: JournalRecord): Promise<void> {
    this.write()
    await this.#scanToEnd()
    this.#file.close()
    const index = this.segments.findIndex(segment => segment.baseOffset === record.segmentBase)
    const segment = this.segments[index]
    if (segment !== undefined && record.position <= segment.sizeBytes) await this.#cutTo(index, record)
  }

  /** The segment at `index` is the last, and ends at the record's position. */
  async #cutTo(index: number, record: JournalRecord): Promise<void> {
    const segment = this.segments[index] as Segment
    for (const later of this.segments.splice(index + 1)) this.#short.delete(later)
    if (record.position <= (this.#short.get(segment) ?? -1)) this.#short.delete(segment)
    this.#covered = { segmentBase: segment.baseOffset, position: record.position }
    this.#namesChanged = true
    segment.state = 'active'
    segment.sizeBytes = record.position
    segment.endOffset = record.offset
    this.#wholeBytes = record.position
    this.endOffset = record.offset
    this.epochs.cutEnd(record.offset)
    // What the checkpoint and the files say of its times and entries does not hold any more: they are made again.
    segment.index.forget()
    this.#unchecked.set(segment, 0)
    // The file has the old bytes until the end of recovery; what replay writes next must not be followed by them.
    const file = await this.#env.disk.open(segment.file('log'), { mode: 'create' })
    try {
      await file.truncate(record.position)
    } finally {
      await file.close()
    }
    segment.writtenBytes = record.position
    segment.unsynced = true
  }

  /** Sums and notes what was not yet. */
  async #check(segment: Segment): Promise<void> {
    const from = this.#unchecked.get(segment)
    if (from === undefined) return
    const noteBatch = noteInto(segment, this.#intervalBytes, this.epochs)
    const note: NoteBatch = (header, position) => {
      noteBatch(header, position)
      if (header.hasProducerId && header.baseOffset >= this.producers.offset) this.#sawProducer = true
    }
    const range = { from: Math.min(from, segment.sizeBytes), to: segment.sizeBytes, minBaseOffset: segment.baseOffset }
    const end = await this.#file.scan(segment, range, note)
    if (segment !== this.active) segment.index.noteTime()
    if (end.position === segment.sizeBytes) return
    const why = `the batch at byte ${end.position} of ${segment.file('log')} is damaged (${end.stop ?? 'short'})`
    this.fault = this.#damage(end.endOffset, why)
  }

  /** To the end of what follows in the last segment, and in segments that follow it. */
  async #scanToEnd(): Promise<void> {
    do await this.#scanOn(this.active)
    while (this.#goOn())
  }

  /** Takes in whole batches behind the known end of the last segment. */
  async #scanOn(segment: Segment): Promise<void> {
    if (segment.writtenBytes <= segment.sizeBytes) return
    const range = { from: segment.sizeBytes, to: segment.writtenBytes, minBaseOffset: this.endOffset }
    const end = await this.#file.scan(segment, range)
    if (end.position === segment.sizeBytes) return
    await rewrite(this.#env.disk, segment, { from: segment.sizeBytes, to: end.position })
    segment.sizeBytes = end.position
    segment.endOffset = end.endOffset
    this.endOffset = end.endOffset
    this.#wholeBytes = end.position
  }

  /** The log rolled after the checkpoint, and the journal does not tell: the next segment begins where this one ends. */
  #goOn(): boolean {
    const next = this.#found(this.endOffset)
    if (next === undefined || this.active.sizeBytes === 0 || this.active.baseOffset === next.baseOffset) return false
    this.#roll(next.baseOffset)
    return true
  }

  /**
   * The end that was kept lies below the start that was promised: what is left was deleted. The log goes on at its start,
   * so that no offset is given twice.
   */
  async #beginAgain(): Promise<void> {
    const segment = new Segment(this.folder.path, this.startOffset)
    // Behind a hole there may be a file of that very name.
    for (const old of this.#withFiles) await removeSegmentFiles(this.#env.disk, old)
    this.#namesChanged = true
    this.segments.splice(0, this.segments.length, segment)
    this.#short.clear()
    this.endOffset = this.startOffset
    this.epochs.cutStart(this.startOffset)
  }

  /** Segments that are not part of the log: behind its end, never acknowledged, or cut off and made again by the replay. */
  async #removeLater(): Promise<void> {
    const kept = new Set(this.segments.map(segment => segment.baseOffset))
    for (const segment of this.#withFiles) {
      if (kept.has(segment.baseOffset)) continue
      await removeSegmentFiles(this.#env.disk, segment)
      this.#namesChanged = true
    }
  }

  #mayLackName(segment: Segment): boolean {
    return segment.writtenBytes > 0 && segment.baseOffset > this.#namedTo
  }

  /** J5: what stands behind the end goes, durably, before anything is appended there. */
  async #cut(segment: Segment): Promise<void> {
    const behind = segment.writtenBytes > segment.sizeBytes
    if (!behind && !segment.unsynced) return
    if (!planted('stale-tail-kept') || segment.unsynced) {
      const file = this.#file.of(segment)
      if (behind && !planted('stale-tail-kept')) await file.truncate(segment.sizeBytes)
      await file.sync()
    }
    segment.writtenBytes = segment.sizeBytes
    segment.unsynced = false
  }

  #damage(from: Offset, why: string): StorageCorruption {
    return new StorageCorruption(this.folder.path, from, why)
  }
}
