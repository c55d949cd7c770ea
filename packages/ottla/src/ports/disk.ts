/**
 * Files. Two rules hold for every adapter: a write is whole or a fault (short writes are continued inside), and data is
 * durable only after a `sync` that began after the write finished. A failed sync says nothing about what is on the disk,
 * now or later: its caller stops trusting the directory (docs/reliability.md A13) and never retries it.
 */
import type { Bytes } from '../base/units.ts'

/** Kinds that callers treat differently; everything else the system may say is `EIO`. */
export type DiskFaultCode =
  | 'ENOENT'
  | 'EEXIST'
  | 'ENOSPC'
  | 'EACCES'
  | 'EMFILE'
  | 'ENOTDIR'
  | 'EISDIR'
  | 'ENOTEMPTY'
  | 'EROFS'
  | 'EINVAL'
  | 'EIO'

export class DiskFault extends Error {
  readonly code: DiskFaultCode
  readonly path: string

  constructor(code: DiskFaultCode, path: string, message: string) {
    super(message)
    this.name = 'DiskFault'
    this.code = code
    this.path = path
  }
}

/** Whether something thrown is a fault of this kind. */
export function isDiskFault(thrown: unknown, code: DiskFaultCode): thrown is DiskFault {
  return thrown instanceof DiskFault && thrown.code === code
}

export interface DiskEntry {
  readonly name: string
  readonly kind: 'file' | 'directory' | 'other'
}

export interface DiskStat {
  readonly kind: DiskEntry['kind']
  readonly sizeBytes: Bytes
  readonly modifiedAtMs: number
}

export interface OpenOptions {
  /** `read`: must exist. `write`: read and write, must exist. `create`: read and write, made when missing. `replace`: like create, and emptied. */
  readonly mode: 'read' | 'write' | 'create' | 'replace'
  /**
   * Past the page cache where the file system can: then the memory of every read and write lies in a slab, and its
   * address, the position and the length are multiples of `alignmentBytes` (else EINVAL). Where the file system cannot,
   * the file opens without and `file.direct` is false.
   */
  readonly direct?: boolean
}

/** An open file. Operations on one file that are not awaited may run in any order. */
export interface DiskFile {
  readonly path: string
  readonly direct: boolean
  /** Bytes read into the start of `into`, from `position`; fewer than asked only at the end of the file. */
  read(position: number, into: Uint8Array): Promise<number>
  /** The same on the caller's thread: for what is likely in memory. */
  readSync(position: number, into: Uint8Array): number
  write(position: number, bytes: Uint8Array): Promise<void>
  writeSync(position: number, bytes: Uint8Array): void
  /** Makes everything written before, and the size, durable (fdatasync). */
  sync(): Promise<void>
  /** Cuts or extends (with zeros). Durable only after `sync`. */
  truncate(sizeBytes: Bytes): Promise<void>
  size(): Promise<Bytes>
  close(): Promise<void>
  /** The same on the caller's thread. */
  closeSync(): void
}

/** A file of the commit journal's ring: what is written to it is synced. One commit of a lane is done after another. */
export interface CommitFile {
  readonly path: string
  readonly direct: boolean
  /**
   * Writes and syncs. `bytes` lie in a slab, aligned as for `direct`, and stay unchanged until both are done. Rejects with
   * a DiskFault.
   */
  commit(position: number, bytes: Uint8Array): Promise<void>
  close(): Promise<void>
}

/** The ring files of one directory. A commit that hangs holds up neither the event loop nor another lane. */
export interface CommitLane {
  /**
   * Makes the file at least `sizeBytes` (a multiple of `alignmentBytes`) long, really written, not sparse, so that later
   * writes only overwrite, and syncs it. A file that could not be filled is as long as it was. A new file's name is durable after `syncDirectory`, as ever.
   */
  open(path: string, sizeBytes: Bytes): Promise<CommitFile>
  /** Resolves when everything that was asked for is done. */
  close(): Promise<void>
}

/** The file system that a path is on. */
export interface DiskVolume {
  readonly totalBytes: Bytes
  /** What this process may still use. */
  readonly freeBytes: Bytes
}

export interface DiskLock {
  release(): Promise<void>
}

export interface Disk {
  /** What addresses, positions and lengths of direct writes are multiples of. A power of two, 4,096 unless measured otherwise. */
  readonly alignmentBytes: Bytes
  /**
   * Memory, aligned for direct writes, shareable with threads; it may hold what its last user left. The system gets none
   * of it back (a process can have some thousands): ask for a few large ones and divide them.
   */
  slab(sizeBytes: Bytes): Uint8Array
  /** Takes back a slab that nobody uses any more, nor a thread or the system on anybody's behalf: for the next of its size. */
  reuse(slab: Uint8Array): void
  /** For the journal of the directory. */
  commitLane(directory: string): Promise<CommitLane>
  open(path: string, options: OpenOptions): Promise<DiskFile>
  openSync(path: string, options: OpenOptions): DiskFile
  /** Names without the path, sorted. */
  list(path: string): Promise<readonly DiskEntry[]>
  /** The same on the caller's thread: for a start, where nobody waits and a call that waits costs ten that do not. */
  listSync(path: string): readonly DiskEntry[]
  /** Null when nothing is there. */
  stat(path: string): Promise<DiskStat | null>
  /** The same on the caller's thread. */
  statSync(path: string): DiskStat | null
  /** Makes the directory and those above it; no fault when it exists. Each is durable after `syncDirectory` of its parent. */
  makeDirectory(path: string): Promise<void>
  /** Atomic; replaces a file, or an empty directory, at `to`. Durable after `syncDirectory` of both parents. */
  rename(from: string, to: string): Promise<void>
  /** Removes a file; no fault when it is gone already. */
  remove(path: string): Promise<void>
  /** Removes an empty directory; no fault when it is gone already. */
  removeDirectory(path: string): Promise<void>
  /** Makes names created, renamed and removed in the directory durable. */
  syncDirectory(path: string): Promise<void>
  volume(path: string): Promise<DiskVolume>
  /** Takes an exclusive lock that ends with the process, or null when another process holds it. */
  lock(path: string): Promise<DiskLock | null>
}
