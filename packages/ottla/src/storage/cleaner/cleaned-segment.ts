/**
 * Writes what is left of a group of segments beside them: batches to `<base>.log.cleaned`, indexes to `.index.swap` and
 * `.timeindex.swap`. Until the swap (swap.ts) these files mean nothing, and a start removes them.
 */
import type { Millis, Offset } from '../../base/units.ts'
import { DiskFault, type DiskFile } from '../../ports/disk.ts'
import { emptyBatchHeader, readBatchHeader } from '../../wire/batch/header.ts'
import type { Log } from '../log.ts'
import { Segment } from '../segment.ts'
import { CleaningStopped, type Pace } from './pace.ts'
import { CLEANED_SUFFIX, SWAP_SUFFIX } from './swap.ts'

/** Positions in index files are 32-bit signed. */
const POSITION_MAX = 0x7fff_ffff

export class CleanedSegment {
  readonly segment: Segment
  readonly #log: Log
  readonly #file: DiskFile
  readonly #pace: Pace
  readonly #buffer: Uint8Array
  readonly #header = emptyBatchHeader()
  #buffered = 0
  #flushed = 0

  private constructor(log: Log, file: DiskFile, parts: { segment: Segment; pace: Pace; bufferBytes: number }) {
    this.#log = log
    this.#file = file
    this.segment = parts.segment
    this.#pace = parts.pace
    this.#buffer = new Uint8Array(parts.bufferBytes)
  }

  static async create(
    log: Log,
    baseOffset: Offset,
    parts: { readonly pace: Pace; readonly bufferBytes: number },
  ): Promise<CleanedSegment> {
    const segment = new Segment(log.path, baseOffset)
    const file = await log.host.env.disk.open(segment.file('log') + CLEANED_SUFFIX, { mode: 'replace' })
    return new CleanedSegment(log, file, { segment, ...parts })
  }

  /** Takes the batch at `at`. Copies it. */
  async append(bytes: Uint8Array, at: number): Promise<void> {
    const header = readBatchHeader(bytes, at, this.#header)
    // Records that were taken out make a batch smaller; compressed anew, a few of many may not.
    if (this.segment.sizeBytes + header.sizeBytes > POSITION_MAX)
      throw new CleaningStopped('a segment would be too long')
    this.segment.note(header, this.#log.config.indexIntervalBytes)
    const batch = bytes.subarray(at, at + header.sizeBytes)
    if (batch.length > this.#buffer.length - this.#buffered) await this.#flush()
    if (batch.length > this.#buffer.length) await this.#write(batch)
    else {
      this.#buffer.set(batch, this.#buffered)
      this.#buffered += batch.length
    }
  }

  /** Everything is written and synced, names excepted. The segment ends where the group did. */
  async finish(group: { readonly endOffset: Offset; readonly firstAppendAtMs: Millis }): Promise<Segment> {
    const { segment } = this
    await this.#flush()
    await this.#file.sync()
    await this.#file.close()
    segment.endOffset = group.endOffset
    segment.firstAppendAtMs = group.firstAppendAtMs
    segment.writtenBytes = segment.sizeBytes
    segment.state = 'closed'
    segment.named = true
    const { index } = segment
    index.noteTime()
    await this.#writeIndex('index', index.encodeOffsets(0))
    await this.#writeIndex('timeindex', index.encodeTimes(0))
    index.fileEntries = index.count
    index.fileTimeEntries = index.timeCount
    index.coveredBytes = segment.sizeBytes
    return segment
  }

  /** The files go; those that cannot be removed now go with the next start, or are written over. */
  async discard(): Promise<void> {
    const { disk, observe } = this.#log.host.env
    const { segment } = this
    try {
      await this.#file.close()
      await disk.remove(segment.file('log') + CLEANED_SUFFIX)
      for (const kind of ['index', 'timeindex'] as const) await disk.remove(segment.file(kind) + SWAP_SUFFIX)
    } catch (error) {
      if (!(error instanceof DiskFault)) throw error
      observe.log('warn', 'storage.leftover', { path: segment.stem, reason: error.message })
    }
  }

  async #writeIndex(kind: 'index' | 'timeindex', bytes: Uint8Array): Promise<void> {
    const file = await this.#log.host.env.disk.open(this.segment.file(kind) + SWAP_SUFFIX, { mode: 'replace' })
    try {
      if (bytes.length > 0) await file.write(0, bytes)
      await file.sync()
    } finally {
      await file.close()
    }
  }

  async #flush(): Promise<void> {
    if (this.#buffered === 0) return
    await this.#write(this.#buffer.subarray(0, this.#buffered))
    this.#buffered = 0
  }

  async #write(bytes: Uint8Array): Promise<void> {
    await this.#file.write(this.#flushed, bytes)
    this.#flushed += bytes.length
    await this.#pace.spend(bytes.length)
  }
}
