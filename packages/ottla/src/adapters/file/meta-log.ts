/**
 * The metadata log of a broker that is alone: a file of entries, each synced before it is answered, and a snapshot that
 * stands for those before it. Two plain files in the log directory, whose lock keeps other processes out.
 *
 * Since an entry is written only when the one before it is durable, a bad entry with a sound one behind it is damage, and
 * opening refuses; a bad last one was never answered, and is gone before anything is written behind it.
 */
import { assert } from '../../base/assert.ts'
import { type Disk, DiskFault, type DiskFile } from '../../ports/disk.ts'
import type { MetaAppendResult, MetaEntry, MetaLog, MetaOffset, MetaSnapshot } from '../../ports/meta-log.ts'
import { decodeEntry, encodeEntry, hasEntryAfter, LOG_MAGIC, SNAPSHOT_MAGIC } from './meta-log-format.ts'
import { readFile, replaceFile } from './whole-file.ts'

export const METADATA_LOG_NAME = '.ottla-metadata.log'
export const METADATA_SNAPSHOT_NAME = '.ottla-metadata.snapshot'

/** Metadata that was promised cannot be read. For a person to decide. */
export class MetaLogDamage extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'MetaLogDamage'
  }
}

function damageAt(path: string, at: number, why: string): MetaLogDamage {
  return new MetaLogDamage(
    `${path} is damaged at byte ${at}: ${why}. Nothing was changed; restore the file from a copy`,
  )
}

const NO_TORN_END = 'entries behind it are sound, so it was not cut short by a crash'

export class FileMetaLog implements MetaLog {
  readonly #disk: Disk
  readonly #directory: string
  #file: DiskFile
  #endBytes: number
  #entries: MetaEntry[]
  #snapshotEnd: MetaOffset
  #head: MetaOffset
  #epoch: number
  /** One write to the files at a time. */
  #last: Promise<unknown> = Promise.resolve()
  /** After a failed sync nobody knows what is on the disk. */
  #failed = false
  readonly #watchers = new Set<() => void>()

  private constructor(disk: Disk, directory: string, file: DiskFile, found: Found) {
    this.#disk = disk
    this.#directory = directory
    this.#file = file
    this.#endBytes = found.endBytes
    this.#entries = found.entries
    this.#snapshotEnd = found.snapshot?.endOffset ?? 0
    this.#head = found.entries.at(-1)?.offset ?? this.#snapshotEnd - 1
    this.#head += 1
    this.#epoch = found.entries.at(-1)?.epoch ?? found.snapshot?.epoch ?? 0
  }

  /** The directory is there, and durably. Throws MetaLogDamage, or a DiskFault. */
  static async open(disk: Disk, directory: string): Promise<FileMetaLog> {
    const path = `${directory}/${METADATA_LOG_NAME}`
    const found = await find(disk, directory)
    const file = await disk.open(path, { mode: 'create' })
    await disk.syncDirectory(directory)
    const log = new FileMetaLog(disk, directory, file, found)
    // Written anew, which also cuts a bad end: of what was found, the system may hold a part in memory only, and after a
    // failed sync in an earlier life it takes that for clean and no later sync would write it.
    await log.#rewrite()
    return log
  }

  append(epoch: number, expectedHead: MetaOffset, records: readonly Uint8Array[]): Promise<MetaAppendResult> {
    assert(records.length > 0, 'an entry has records')
    return this.#inTurn(() => this.#append(epoch, expectedHead, records))
  }

  async read(
    from: MetaOffset,
  ): Promise<{ snapshot: MetaSnapshot | null; entries: readonly MetaEntry[]; head: MetaOffset }> {
    if (from >= this.#snapshotEnd) {
      return { snapshot: null, entries: this.#entries.filter(entry => entry.offset >= from), head: this.#head }
    }
    return this.#inTurn(async () => {
      const snapshot = await readSnapshot(this.#disk, this.#directory)
      assert(snapshot?.endOffset === this.#snapshotEnd, 'the snapshot is the one written last')
      return { snapshot, entries: [...this.#entries], head: this.#head }
    })
  }

  watch(changed: () => void): () => void {
    this.#watchers.add(changed)
    return () => this.#watchers.delete(changed)
  }

  writeSnapshot(snapshot: MetaSnapshot): Promise<void> {
    return this.#inTurn(async () => {
      const { endOffset, epoch, records } = snapshot
      assert(endOffset <= this.#head, 'a snapshot is of what was appended', { endOffset, head: this.#head })
      if (endOffset <= this.#snapshotEnd) return
      const bytes = encodeEntry(SNAPSHOT_MAGIC, { offset: endOffset, epoch, records })
      await replaceFile(this.#disk, this.#directory, METADATA_SNAPSHOT_NAME, bytes)
      this.#snapshotEnd = endOffset
      this.#entries = this.#entries.filter(entry => entry.offset >= endOffset)
      await this.#rewrite()
    })
  }

  async close(): Promise<void> {
    this.#watchers.clear()
    await this.#inTurn(() => this.#file.close())
  }

  async #append(epoch: number, expectedHead: MetaOffset, records: readonly Uint8Array[]): Promise<MetaAppendResult> {
    if (this.#failed) return { kind: 'unknown' }
    if (epoch < this.#epoch) return { kind: 'fenced', epoch: this.#epoch }
    if (expectedHead !== this.#head) return { kind: 'conflict', head: this.#head }
    const entry = { offset: this.#head, epoch, records: records.map(record => record.slice()) }
    const bytes = encodeEntry(LOG_MAGIC, entry)
    try {
      await this.#file.write(this.#endBytes, bytes)
    } catch (fault) {
      if (!(fault instanceof DiskFault)) throw fault
      return this.#takeBack(fault)
    }
    try {
      await this.#file.sync()
    } catch (fault) {
      if (!(fault instanceof DiskFault)) throw fault
      this.#failed = true
      return { kind: 'unknown' }
    }
    this.#endBytes += bytes.length
    this.#entries.push(entry)
    this.#head += 1
    this.#epoch = epoch
    for (const changed of this.#watchers) changed()
    return { kind: 'ok', head: this.#head }
  }

  /** A write that failed may have left a part: it must be gone before the next one is written at the same place. */
  async #takeBack(fault: DiskFault): Promise<MetaAppendResult> {
    try {
      await this.#file.truncate(this.#endBytes)
      await this.#file.sync()
    } catch (second) {
      if (!(second instanceof DiskFault)) throw second
      this.#failed = true
      return { kind: 'unknown' }
    }
    return { kind: 'refused', reason: fault.message }
  }

  /** The log without what the snapshot stands for. A crash before the end leaves the longer file, which says the same. */
  async #rewrite(): Promise<void> {
    const parts = this.#entries.map(entry => encodeEntry(LOG_MAGIC, entry))
    const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
    let at = 0
    for (const part of parts) {
      bytes.set(part, at)
      at += part.length
    }
    const path = `${this.#directory}/${METADATA_LOG_NAME}`
    const file = await this.#disk.open(`${path}.tmp`, { mode: 'replace' })
    try {
      await file.write(0, bytes)
      await file.sync()
      await this.#disk.rename(`${path}.tmp`, path)
    } catch (fault) {
      await file.close()
      throw fault
    }
    // From here on the old file has no name: what is written there would be lost.
    const before = this.#file
    this.#file = file
    this.#endBytes = bytes.length
    try {
      await this.#disk.syncDirectory(this.#directory)
    } catch (fault) {
      // The old one may be back after a power cut.
      this.#failed = true
      throw fault
    } finally {
      await before.close()
    }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work)
    this.#last = done.catch(() => {})
    return done
  }
}

interface Found {
  readonly snapshot: MetaSnapshot | null
  readonly entries: MetaEntry[]
  /** Where the sound part of the log file ends. */
  readonly endBytes: number
}

async function find(disk: Disk, directory: string): Promise<Found> {
  const snapshot = await readSnapshot(disk, directory)
  const path = `${directory}/${METADATA_LOG_NAME}`
  const bytes = (await readFile(disk, path)) ?? new Uint8Array(0)
  const entries: MetaEntry[] = []
  let at = 0
  for (let next = decodeEntry(LOG_MAGIC, bytes, at); next !== null; next = decodeEntry(LOG_MAGIC, bytes, at)) {
    const previous = entries.at(-1)
    const follows = previous === undefined || next.entry.offset === previous.offset + 1
    if (!follows) throw damageAt(path, at, 'it does not follow the entry before it')
    entries.push(next.entry)
    at = next.end
  }
  if (hasEntryAfter(LOG_MAGIC, bytes, at)) throw damageAt(path, at, NO_TORN_END)
  const from = snapshot?.endOffset ?? 0
  if ((entries[0]?.offset ?? from) > from)
    throw damageAt(path, 0, `it does not follow the snapshot, which ends at ${from}`)
  return { snapshot, entries: entries.filter(entry => entry.offset >= from), endBytes: at }
}

async function readSnapshot(disk: Disk, directory: string): Promise<MetaSnapshot | null> {
  const path = `${directory}/${METADATA_SNAPSHOT_NAME}`
  const bytes = await readFile(disk, path)
  if (bytes === null) return null
  const read = decodeEntry(SNAPSHOT_MAGIC, bytes, 0)
  // It was replaced atomically, so it is whole unless the disk damaged it.
  if (read === null || read.end !== bytes.length) throw damageAt(path, 0, 'it is not what was written')
  const { offset, epoch, records } = read.entry
  return { endOffset: offset, epoch, records }
}
