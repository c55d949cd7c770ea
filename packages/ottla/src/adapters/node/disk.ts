/** The real disk: node:fs behind the Disk port. */
import { constants, type Dirent, open, openSync, readdirSync, type Stats, statSync } from 'node:fs'
import { mkdir, readdir, rename, rmdir, stat, statfs, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { assert } from '../../base/assert.ts'
import type { CommitLane, Disk, DiskEntry, DiskLock, DiskStat, DiskVolume, OpenOptions } from '../../ports/disk.ts'
import { NodeCommitLane } from './commit-lane.ts'
import { takesDirect } from './direct-probe.ts'
import { diskFault, errnoName, faulting, faultingSync } from './disk-faults.ts'
import { NodeFile } from './node-file.ts'
import { lockFile } from './process-lock.ts'

const openFd = promisify(open)

/** Good for every block device in use (sectors of 512 or 4,096 bytes) and equal to the usual page. */
const ALIGNMENT_BYTES = 4096

const WASM_PAGE_BYTES = 65_536

/** Each write is synced, as by `fdatasync`. Elsewhere the flag is missing, or does not reach through the drive's cache. */
const SYNCED_WRITES = process.platform === 'linux' ? constants.O_DSYNC : 0

const flagsOf: Readonly<Record<OpenOptions['mode'], number>> = {
  read: constants.O_RDONLY,
  write: constants.O_RDWR,
  create: constants.O_RDWR | constants.O_CREAT,
  replace: constants.O_RDWR | constants.O_CREAT | constants.O_TRUNC,
}

/**
 * Slabs given back, by size. For the whole process: each takes gigabytes of its address space, and the collector, which
 * sees only a small object, frees one when it happens to.
 */
const spareSlabs = new Map<number, Uint8Array[]>()

let probeBlock: Uint8Array | null = null

export class NodeDisk implements Disk {
  readonly alignmentBytes = ALIGNMENT_BYTES

  /**
   * The memory of a WebAssembly.Memory is the only kind in Node that is aligned to a page; a Buffer or SharedArrayBuffer
   * is not, and direct I/O from it gives EINVAL.
   */
  slab(sizeBytes: number): Uint8Array {
    const spare = spareSlabs.get(sizeBytes)?.pop()
    if (spare !== undefined) return spare
    const pages = Math.max(1, Math.ceil(sizeBytes / WASM_PAGE_BYTES))
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true })
    return new Uint8Array(memory.buffer, 0, sizeBytes)
  }

  reuse(slab: Uint8Array): void {
    const spare = spareSlabs.get(slab.length) ?? []
    spareSlabs.set(slab.length, spare)
    assert(!spare.includes(slab), 'a slab is given back once', { sizeBytes: slab.length })
    spare.push(slab)
  }

  async commitLane(directory: string): Promise<CommitLane> {
    await faulting(directory, () => readdir(directory))
    return new NodeCommitLane({
      alignmentBytes: this.alignmentBytes,
      slab: sizeBytes => this.slab(sizeBytes),
      openPlain: path => this.open(path, { mode: 'create' }),
      openDirect: path => this.open(path, { mode: 'write', direct: true }),
      openForCommits: path => this.#open(path, { mode: 'write', direct: true }, SYNCED_WRITES),
    })
  }

  async open(path: string, options: OpenOptions): Promise<NodeFile> {
    return this.#open(path, options, 0)
  }

  openSync(path: string, options: OpenOptions): NodeFile {
    return faultingSync(path, () => {
      const direct = this.#takesDirect(path, options)
      const fd = openSync(path, flags(options, direct), 0o644)
      return this.#file(fd, { path, direct, syncsWrites: false })
    })
  }

  async list(path: string): Promise<readonly DiskEntry[]> {
    return entriesOf(await faulting(path, () => readdir(path, { withFileTypes: true })))
  }

  listSync(path: string): readonly DiskEntry[] {
    return entriesOf(faultingSync(path, () => readdirSync(path, { withFileTypes: true })))
  }

  async stat(path: string): Promise<DiskStat | null> {
    try {
      return statOf(await stat(path))
    } catch (error) {
      if (errnoName(error) === 'ENOENT') return null
      throw diskFault(error, path)
    }
  }

  statSync(path: string): DiskStat | null {
    try {
      return statOf(statSync(path))
    } catch (error) {
      if (errnoName(error) === 'ENOENT') return null
      throw diskFault(error, path)
    }
  }

  async makeDirectory(path: string): Promise<void> {
    await faulting(path, () => makeWithParents(path))
  }

  async rename(from: string, to: string): Promise<void> {
    await faulting(from, () => rename(from, to))
  }

  async remove(path: string): Promise<void> {
    await forgiving(path, () => unlink(path))
  }

  async removeDirectory(path: string): Promise<void> {
    await forgiving(path, () => rmdir(path))
  }

  /** Opened on the caller's thread: a name was just changed in it, so the system has it in memory. */
  async syncDirectory(path: string): Promise<void> {
    const fd = faultingSync(path, () => openSync(path, constants.O_RDONLY | constants.O_DIRECTORY))
    const directory = new NodeFile(fd, { path, direct: false, syncsWrites: false, unitBytes: 1 })
    try {
      await directory.sync()
    } finally {
      directory.closeSync()
    }
  }

  async volume(path: string): Promise<DiskVolume> {
    const { blocks, bavail, bsize } = await faulting(path, () => statfs(path))
    return { totalBytes: blocks * bsize, freeBytes: bavail * bsize }
  }

  lock(path: string): Promise<DiskLock | null> {
    return lockFile(path)
  }

  #open(path: string, options: OpenOptions, syncFlag: number): Promise<NodeFile> {
    return faulting(path, async () => {
      const direct = this.#takesDirect(path, options)
      const fd = await openFd(path, flags(options, direct) | syncFlag, 0o644)
      return this.#file(fd, { path, direct, syncsWrites: syncFlag !== 0 })
    })
  }

  #takesDirect(path: string, options: OpenOptions): boolean {
    if (options.direct !== true) return false
    probeBlock ??= this.slab(this.alignmentBytes)
    return takesDirect(dirname(path), probeBlock)
  }

  #file(fd: number, opened: { path: string; direct: boolean; syncsWrites: boolean }): NodeFile {
    return new NodeFile(fd, { ...opened, unitBytes: this.alignmentBytes })
  }
}

const flags = ({ mode }: OpenOptions, direct: boolean) => flagsOf[mode] | (direct ? constants.O_DIRECT : 0)

function entriesOf(found: readonly Dirent[]): DiskEntry[] {
  return found
    .map(entry => ({ name: entry.name, kind: kindOf(entry) }))
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
}

function statOf(found: Stats): DiskStat {
  return { kind: kindOf(found), sizeBytes: found.size, modifiedAtMs: Math.floor(found.mtimeMs) }
}

function kindOf(entry: { isFile(): boolean; isDirectory(): boolean }): DiskEntry['kind'] {
  if (entry.isFile()) return 'file'
  return entry.isDirectory() ? 'directory' : 'other'
}

/**
 * Each parent is made once at most: what is still missing after that cannot be made. Node's own recursive mkdir asks for
 * ever where a file system, as procfs, answers ENOENT though the parent is there.
 */
async function makeWithParents(path: string): Promise<void> {
  try {
    await mkdir(path)
    return
  } catch (error) {
    if (await isDirectory(path)) return
    if (errnoName(error) !== 'ENOENT' || (await isDirectory(dirname(path)))) throw error
  }
  await makeWithParents(dirname(path))
  try {
    await mkdir(path)
  } catch (error) {
    if (!(await isDirectory(path))) throw error
  }
}

async function isDirectory(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => null)
  return found?.isDirectory() ?? false
}

async function forgiving(path: string, remove: () => Promise<void>): Promise<void> {
  try {
    await remove()
  } catch (error) {
    if (errnoName(error) !== 'ENOENT') await faulting(path, () => Promise.reject(error))
  }
}
