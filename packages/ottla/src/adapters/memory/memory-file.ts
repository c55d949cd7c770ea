/** An open file of the simulated disk. */
import { assert } from '../../base/assert.ts'
import type { Prng } from '../../base/random.ts'
import type { DiskFaultCode, DiskFile } from '../../ports/disk.ts'
import { PathProblem } from './directory-tree.ts'
import type { DiskOperations } from './disk-operations.ts'
import { type FileNode, SECTOR_BYTES } from './file-node.ts'

/** What a file needs of its disk. */
export interface MemoryFileHost {
  readonly operations: DiskOperations
  readonly alignmentBytes: number
  /** Number of the newest change applied to the disk. */
  newestChange(): number
  nextChange(): number
  freeBytes(): number
  wallMs(): number
  isSlab(buffer: ArrayBufferLike): boolean
}

export class MemoryFile implements DiskFile {
  readonly path: string
  readonly direct: boolean
  readonly #host: MemoryFileHost
  readonly #node: FileNode
  readonly #writable: boolean
  #open = true

  constructor(
    host: MemoryFileHost,
    node: FileNode,
    { path, direct, writable }: { path: string; direct: boolean; writable: boolean },
  ) {
    this.#host = host
    this.#node = node
    this.path = path
    this.direct = direct
    this.#writable = writable
  }

  read(position: number, into: Uint8Array): Promise<number> {
    return this.#host.operations.run(this.#shape('read', into.length), { apply: () => this.#read(position, into) })
  }

  readSync(position: number, into: Uint8Array): number {
    return this.#host.operations.runSync(this.#shape('read', into.length), { apply: () => this.#read(position, into) })
  }

  write(position: number, bytes: Uint8Array): Promise<void> {
    return this.#host.operations.run(this.#shape('write', bytes.length), this.#writing(position, bytes))
  }

  writeSync(position: number, bytes: Uint8Array): void {
    this.#host.operations.runSync(this.#shape('write', bytes.length), this.#writing(position, bytes))
  }

  sync(): Promise<void> {
    const covered = this.#host.newestChange()
    return this.#host.operations.run(this.#shape('sync', 0), {
      apply: () => this.#node.synced(covered),
      fail: () => this.#node.syncFailed(covered),
    })
  }

  truncate(sizeBytes: number): Promise<void> {
    return this.#host.operations.run(this.#shape('truncate', 0), {
      apply: () => {
        this.#requireWritable()
        this.#node.truncate(sizeBytes, this.#host.nextChange())
        this.#node.modifiedAtMs = this.#host.wallMs()
      },
    })
  }

  async size(): Promise<number> {
    return this.#host.operations.run({ kind: 'stat', path: this.path }, { apply: () => this.#node.sizeBytes })
  }

  async close(): Promise<void> {
    this.closeSync()
  }

  closeSync(): void {
    this.#open = false
  }

  #shape(kind: 'read' | 'write' | 'sync' | 'truncate', bytes: number) {
    assert(this.#open, 'only an open file is used', { path: this.path, kind })
    return { kind, path: this.path, bytes, changes: kind !== 'read' }
  }

  #read(position: number, into: Uint8Array): number {
    this.#checkAlignment(position, into)
    return this.#node.read(position, into)
  }

  #writing(position: number, bytes: Uint8Array) {
    return {
      apply: () => this.#write(position, bytes),
      interrupt: (rng: Prng) => {
        const part = rng.int(0, Math.floor(bytes.length / SECTOR_BYTES)) * SECTOR_BYTES
        this.#write(position, bytes.subarray(0, part))
      },
      fail: (code: DiskFaultCode) => {
        const half = Math.floor(bytes.length / (2 * SECTOR_BYTES)) * SECTOR_BYTES
        if (code === 'ENOSPC') this.#node.write(position, bytes.subarray(0, half), this.#host.nextChange())
      },
    }
  }

  /** Bytes are taken when the write finishes, as a device may: changing them before is the caller's bug and shows. */
  #write(position: number, bytes: Uint8Array): void {
    this.#requireWritable()
    this.#checkAlignment(position, bytes)
    const fitting = this.#fittingBytes(position, bytes.length)
    this.#node.write(position, bytes.subarray(0, fitting), this.#host.nextChange())
    this.#node.modifiedAtMs = this.#host.wallMs()
    if (fitting < bytes.length) throw new PathProblem('ENOSPC', this.path)
  }

  #fittingBytes(position: number, count: number): number {
    const free = this.#host.freeBytes()
    if (this.#node.growthBytes(position, count) <= free) return count
    let fitting = 0
    for (
      let next = SECTOR_BYTES;
      next < count && this.#node.growthBytes(position, next) <= free;
      next += SECTOR_BYTES
    ) {
      fitting = next
    }
    return fitting
  }

  #requireWritable(): void {
    if (!this.#writable) throw new PathProblem('EINVAL', this.path)
  }

  #checkAlignment(position: number, bytes: Uint8Array): void {
    if (!this.direct) return
    const alignment = this.#host.alignmentBytes
    const aligned =
      position % alignment === 0 &&
      bytes.length % alignment === 0 &&
      bytes.byteOffset % alignment === 0 &&
      this.#host.isSlab(bytes.buffer)
    if (!aligned) throw new PathProblem('EINVAL', this.path)
  }
}
