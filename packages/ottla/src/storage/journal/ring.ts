/**
 * The ring: preallocated files of one size that rounds are written into and that are reused once a checkpoint says so
 * (J3). Any free file may come next, so the ring grows by one more free file at a time, in the background (J12). What
 * rounds hold is format.ts; when they are written is journal.ts.
 */
import { assert } from '../../base/assert.ts'
import type { Bytes } from '../../base/units.ts'
import type { CommitFile, CommitLane, Disk } from '../../ports/disk.ts'

const NAME = /^\.ottla-journal-(\d{8})$/

export interface JournalOptions {
  /** Size of one ring file; at least four rounds. Bytes. */
  readonly fileBytes: Bytes
  /** How far the ring may grow. Bytes. */
  readonly totalBytes: Bytes
  /** A round is at most this long. Bytes, a multiple of the disk's alignment. */
  readonly roundBytes: Bytes
}

/** docs/adr/0002-commit-journal.md has the measurements. */
export const JOURNAL_DEFAULTS: JournalOptions = {
  fileBytes: 8 * 1024 * 1024,
  totalBytes: 256 * 1024 * 1024,
  roundBytes: 2 * 1024 * 1024,
}

interface RingFile {
  readonly file: CommitFile
  /** Where the next round goes; 0: nothing is needed of this file. */
  headBytes: number
  /** The newest round in it. */
  lastRound: number
}

export interface RingPlace {
  readonly file: CommitFile
  readonly position: number
}

export class Ring {
  readonly #disk: Disk
  readonly #lane: CommitLane
  readonly #path: string
  readonly #options: JournalOptions
  readonly #free: RingFile[] = []
  /** Oldest first; the last is the one being filled. */
  readonly #inUse: RingFile[] = []
  #filesMade = 0
  #growing: Promise<void> | null = null

  constructor(disk: Disk, lane: CommitLane, directory: string, options: JournalOptions) {
    assert(options.fileBytes >= 4 * options.roundBytes, 'a ring file holds several rounds', { ...options })
    this.#disk = disk
    this.#lane = lane
    this.#path = directory
    this.#options = options
  }

  /** Files that may be filled again or are in use. Bytes. */
  get totalBytes(): Bytes {
    return this.#filesMade * this.#options.fileBytes
  }

  /** Bytes of rounds that are still needed. */
  get usedBytes(): Bytes {
    return this.#inUse.reduce((sum, file) => sum + file.headBytes, 0)
  }

  /** Share of all there may ever be that is in use, 0 to 1. */
  get usedShare(): number {
    const filesMax = Math.max(1, Math.floor(this.#options.totalBytes / this.#options.fileBytes))
    return this.usedBytes / (filesMax * this.#options.fileBytes)
  }

  /** Takes over the files that an earlier life left, as far as they are wanted, and makes the first one when there is none. */
  async open(): Promise<void> {
    const names = await this.#disk.list(this.#path)
    for (const { name, kind } of names) {
      const number = Number(NAME.exec(name)?.[1] ?? 0)
      if (kind !== 'file' || number === 0) continue
      if (number !== this.#filesMade + 1 || number * this.#options.fileBytes > this.#options.totalBytes) {
        await this.#disk.remove(`${this.#path}/${name}`)
      } else await this.#addFile()
    }
    if (this.#filesMade === 0) await this.#addFile()
  }

  /** Where the round goes, or null while every file is needed: then `release` or `grow` makes room. */
  place(round: number, bytes: Bytes): RingPlace | null {
    let current = this.#inUse.at(-1)
    if (current === undefined || current.headBytes + bytes > this.#options.fileBytes) {
      current = this.#free.shift()
      if (current === undefined) return null
      this.#inUse.push(current)
    }
    const position = current.headBytes
    assert(position + bytes <= this.#options.fileBytes, 'a round fits into a file', { bytes })
    current.headBytes += bytes
    current.lastRound = round
    return { file: current.file, position }
  }

  /** Rounds up to `round` are not needed any more: a durable checkpoint moved the replay start past them. */
  release(round: number): void {
    while (this.#inUse.length > 0) {
      const oldest = this.#inUse[0] as RingFile
      if (oldest.lastRound > round) return
      this.#inUse.shift()
      oldest.headBytes = 0
      this.#free.push(oldest)
    }
  }

  /** Whether another file may be made now. */
  get canGrow(): boolean {
    return this.#growing === null && this.totalBytes + this.#options.fileBytes <= this.#options.totalBytes
  }

  get hasFreeFile(): boolean {
    return this.#free.length > 0
  }

  /** Makes one more file. Rejects with a DiskFault; the ring then stays as it is. */
  grow(): Promise<void> {
    assert(this.canGrow, 'the ring grows within its bounds, one file at a time')
    this.#growing = this.#addFile().finally(() => {
      this.#growing = null
    })
    return this.#growing
  }

  async close(): Promise<void> {
    await this.#growing?.catch(() => {})
    for (const { file } of [...this.#inUse, ...this.#free]) await file.close()
  }

  async #addFile(): Promise<void> {
    const path = `${this.#path}/${ringFileName(this.#filesMade + 1)}`
    const file = await this.#lane.open(path, this.#options.fileBytes)
    // Without its name durable, a round in it could be synced and yet be gone after a power cut.
    await this.#disk.syncDirectory(this.#path)
    this.#filesMade++
    this.#free.push({ file, headBytes: 0, lastRound: 0 })
  }
}

export function ringFileName(number: number): string {
  return `.ottla-journal-${String(number).padStart(8, '0')}`
}

export function isRingFileName(name: string): boolean {
  return NAME.test(name)
}
