/**
 * A simulated disk and file system, behind the Disk port. It can lose power: only what was synced is sure to survive
 * (file-node.ts, directory-tree.ts say what else may). Faults, delays and crash points come in through its options, so
 * the same disk serves unit tests, crash-point enumeration and the simulator's world.
 */
import { assert } from '../../base/assert.ts'
import type { Prng } from '../../base/random.ts'
import type {
  CommitLane,
  Disk,
  DiskEntry,
  DiskFile,
  DiskLock,
  DiskStat,
  DiskVolume,
  OpenOptions,
} from '../../ports/disk.ts'
import { DirectoryTree, PathProblem } from './directory-tree.ts'
import { type DiskOperation, DiskOperations, type DiskVerdict } from './disk-operations.ts'
import { FileNode } from './file-node.ts'
import { MemoryCommitLane } from './memory-commit-lane.ts'
import { MemoryFile, type MemoryFileHost } from './memory-file.ts'

export interface MemoryDiskOptions {
  /** Bytes that files may take in all; more is ENOSPC. Unlimited when absent. */
  readonly capacityBytes?: number
  /** Whether files can be opened `direct`. True when absent. */
  readonly supportsDirect?: boolean
  readonly alignmentBytes?: number
  /** When an asynchronous operation takes effect and answers; in the microtask queue when absent. */
  readonly defer?: (finish: () => void, operation: DiskOperation) => void
  /** Asked before each operation. An injected ENOSPC leaves half of a write done; a failed sync forgets what was dirty. */
  readonly intercept?: (operation: DiskOperation) => DiskVerdict
  /** Whether a commit file takes its room when it is made, as on a real disk. True when absent. */
  readonly preallocates?: boolean
  /** For modification times. Always 0 when absent. */
  readonly wallMs?: () => number
}

/** `kill`: the process ended, the system lives on. `power`: everything stopped. */
export type CrashKind = 'kill' | 'power'

export class MemoryDisk implements Disk {
  readonly alignmentBytes: number
  readonly #options: MemoryDiskOptions
  readonly #operations: DiskOperations
  readonly #tree: DirectoryTree
  readonly #slabs = new WeakSet<ArrayBufferLike>()
  readonly #locks = new Set<string>()
  #sequence: number
  readonly #host: MemoryFileHost

  constructor(options: MemoryDiskOptions = {}, survived: { tree: DirectoryTree; sequence: number } | null = null) {
    this.#options = options
    this.alignmentBytes = options.alignmentBytes ?? 4096
    this.#tree = survived?.tree ?? new DirectoryTree()
    this.#sequence = survived?.sequence ?? 0
    this.#operations = new DiskOperations({
      defer: options.defer ?? (finish => queueMicrotask(finish)),
      intercept: options.intercept ?? (() => 'go'),
    })
    this.#host = {
      operations: this.#operations,
      alignmentBytes: this.alignmentBytes,
      newestChange: () => this.#sequence,
      nextChange: () => ++this.#sequence,
      freeBytes: () => this.#freeBytes(),
      wallMs: () => options.wallMs?.() ?? 0,
      isSlab: buffer => this.#slabs.has(buffer),
    }
  }

  /** Operations begun so far that change something: the crash points of a run. */
  get changeCount(): number {
    return this.#operations.changeCount
  }

  /** Resolves when the machine has stopped, by `crash` or by a verdict of the fault hook. */
  get stopped(): Promise<void> {
    return this.#operations.stopped
  }

  /**
   * Stops this disk for ever (asynchronous operations never settle, synchronous ones throw DiskStopped) and returns
   * what the next start of the process finds. `options` are those of the new disk; the old ones when absent.
   */
  crash(kind: CrashKind, rng: Prng, options: MemoryDiskOptions = this.#options): MemoryDisk {
    this.#operations.stop()
    this.#operations.interruptAll(rng)
    if (kind === 'power') {
      this.#tree.losePower(rng)
      for (const { file } of this.#tree.files()) file.losePower(rng)
    }
    return new MemoryDisk(options, { tree: this.#tree, sequence: this.#sequence })
  }

  /**
   * Lets the medium change under everyone: `change` is called with each file, and what it returns becomes the file's
   * durable content; null leaves it alone.
   */
  damage(change: (path: string, content: Uint8Array) => Uint8Array | null): void {
    for (const { path, file } of this.#tree.files()) {
      const content = new Uint8Array(file.sizeBytes)
      file.read(0, content)
      const damaged = change(path, content)
      if (damaged !== null) file.damage(damaged)
    }
  }

  slab(sizeBytes: number): Uint8Array {
    const buffer = new SharedArrayBuffer(sizeBytes)
    this.#slabs.add(buffer)
    return new Uint8Array(buffer)
  }

  /** Ordinary memory: the collector sees to it. */
  reuse(slab: Uint8Array): void {
    assert(this.#slabs.delete(slab.buffer), 'a slab of this disk is given back once', { sizeBytes: slab.length })
  }

  commitLane(directory: string): Promise<CommitLane> {
    return this.#operations.run(
      { kind: 'stat', path: directory },
      {
        apply: () => {
          this.#tree.directory(directory)
          return new MemoryCommitLane(this, this.#options.preallocates ?? true)
        },
      },
    )
  }

  open(path: string, options: OpenOptions): Promise<DiskFile> {
    return this.#operations.run(this.#openShape(path, options), { apply: () => this.#open(path, options) })
  }

  openSync(path: string, options: OpenOptions): DiskFile {
    return this.#operations.runSync(this.#openShape(path, options), { apply: () => this.#open(path, options) })
  }

  list(path: string): Promise<readonly DiskEntry[]> {
    return this.#operations.run({ kind: 'list', path }, { apply: () => this.#list(path) })
  }

  listSync(path: string): readonly DiskEntry[] {
    return this.#operations.runSync({ kind: 'list', path }, { apply: () => this.#list(path) })
  }

  stat(path: string): Promise<DiskStat | null> {
    return this.#operations.run({ kind: 'stat', path }, { apply: () => this.#stat(path) })
  }

  statSync(path: string): DiskStat | null {
    return this.#operations.runSync({ kind: 'stat', path }, { apply: () => this.#stat(path) })
  }

  makeDirectory(path: string): Promise<void> {
    return this.#changeNames('makeDirectory', path, sequence => this.#tree.makeDirectories(path, sequence))
  }

  rename(from: string, to: string): Promise<void> {
    return this.#changeNames('rename', from, sequence => this.#tree.rename(from, to, sequence))
  }

  remove(path: string): Promise<void> {
    return this.#changeNames('remove', path, sequence => this.#tree.remove(path, 'file', sequence))
  }

  removeDirectory(path: string): Promise<void> {
    return this.#changeNames('removeDirectory', path, sequence => this.#tree.remove(path, 'directory', sequence))
  }

  syncDirectory(path: string): Promise<void> {
    const covered = this.#sequence
    const apply = () => this.#tree.synced(this.#tree.directory(path), covered)
    return this.#operations.run({ kind: 'syncDirectory', path, changes: true }, { apply })
  }

  volume(path: string): Promise<DiskVolume> {
    const apply = () => {
      const freeBytes = this.#freeBytes()
      return { totalBytes: this.#options.capacityBytes ?? freeBytes, freeBytes }
    }
    return this.#operations.run({ kind: 'volume', path }, { apply })
  }

  lock(path: string): Promise<DiskLock | null> {
    const apply = () => {
      if (this.#locks.has(path)) return null
      if (this.#tree.find(path) === null) this.#tree.add(path, new FileNode(this.#host.wallMs()), ++this.#sequence)
      this.#locks.add(path)
      return {
        release: async () => {
          this.#locks.delete(path)
        },
      }
    }
    return this.#operations.run({ kind: 'lock', path, changes: true }, { apply })
  }

  #changeNames(
    kind: 'makeDirectory' | 'rename' | 'remove' | 'removeDirectory',
    path: string,
    change: (sequence: number) => void,
  ): Promise<void> {
    return this.#operations.run({ kind, path, changes: true }, { apply: () => change(++this.#sequence) })
  }

  #list(path: string): DiskEntry[] {
    const entries = [...this.#tree.directory(path).entries].map(([name, { kind }]): DiskEntry => ({ name, kind }))
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  #stat(path: string): DiskStat | null {
    const node = this.#tree.find(path)
    if (node === null) return null
    if (node.kind === 'directory') return { kind: node.kind, sizeBytes: 0, modifiedAtMs: 0 }
    return { kind: node.kind, sizeBytes: node.sizeBytes, modifiedAtMs: node.modifiedAtMs }
  }

  #openShape(path: string, { mode }: OpenOptions) {
    return { kind: 'open', path, changes: mode === 'create' || mode === 'replace' } as const
  }

  #open(path: string, { mode, direct }: OpenOptions): DiskFile {
    let node = this.#tree.find(path)
    if (node === null) {
      if (mode === 'read' || mode === 'write') throw new PathProblem('ENOENT', path)
      node = new FileNode(this.#host.wallMs())
      this.#tree.add(path, node, ++this.#sequence)
    }
    if (node.kind === 'directory') throw new PathProblem('EISDIR', path)
    if (mode === 'replace') node.truncate(0, ++this.#sequence)
    const isDirect = (direct ?? false) && (this.#options.supportsDirect ?? true)
    return new MemoryFile(this.#host, node, { path, direct: isDirect, writable: mode !== 'read' })
  }

  #freeBytes(): number {
    if (this.#options.capacityBytes === undefined) return Number.MAX_SAFE_INTEGER
    let used = 0
    for (const { file } of this.#tree.files()) used += file.allocatedBytes
    assert(used >= 0, 'files take no negative room', { used })
    return Math.max(0, this.#options.capacityBytes - used)
  }
}
