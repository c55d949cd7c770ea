/** An open file, by its descriptor: cheaper per call than a FileHandle. */
import { close, closeSync, fdatasync, fstat, ftruncate, read, readSync } from 'node:fs'
import { promisify } from 'node:util'
import { assert } from '../../base/assert.ts'
import { DiskFault, type DiskFile } from '../../ports/disk.ts'
import { diskFault, faulting, faultingSync } from './disk-faults.ts'
import { writeWhole, writeWholeSync } from './whole-write.ts'

const closeFd = promisify(close)
const truncateFd = promisify(ftruncate)
const statFd = promisify(fstat)
const syncFd = promisify(fdatasync)

export class NodeFile implements DiskFile {
  readonly path: string
  readonly direct: boolean
  /** A write is durable when it is done. */
  readonly syncsWrites: boolean
  readonly #fd: number
  readonly #unitBytes: number
  #open = true

  /** `unitBytes` is the alignment of direct I/O. */
  constructor(fd: number, opened: { path: string; direct: boolean; syncsWrites: boolean; unitBytes: number }) {
    this.#fd = fd
    this.path = opened.path
    this.direct = opened.direct
    this.syncsWrites = opened.syncsWrites
    this.#unitBytes = opened.direct ? opened.unitBytes : 1
  }

  async read(position: number, into: Uint8Array): Promise<number> {
    this.#checkAlignment(position, into)
    const fd = this.#used
    let done = 0
    while (done < into.length) {
      const count = await new Promise<number>((resolve, reject) => {
        read(fd, into, done, into.length - done, position + done, (error, count) => {
          if (error) reject(diskFault(error, this.path))
          else resolve(count)
        })
      })
      if (count === 0) break
      done += count
    }
    return done
  }

  readSync(position: number, into: Uint8Array): number {
    this.#checkAlignment(position, into)
    return faultingSync(this.path, () => {
      let done = 0
      while (done < into.length) {
        const count = readSync(this.#used, into, done, into.length - done, position + done)
        if (count === 0) break
        done += count
      }
      return done
    })
  }

  async write(position: number, bytes: Uint8Array): Promise<void> {
    this.#checkAlignment(position, bytes)
    await faulting(this.path, () => writeWhole(this.#used, position, bytes, this.#unitBytes))
  }

  writeSync(position: number, bytes: Uint8Array): void {
    this.#checkAlignment(position, bytes)
    faultingSync(this.path, () => writeWholeSync(this.#used, position, bytes, this.#unitBytes))
  }

  /**
   * Linux: fdatasync, which also makes the size durable. macOS has no such call with that meaning; Node's library (libuv)
   * calls fcntl(F_FULLFSYNC) there, which empties the drive's cache too.
   */
  sync(): Promise<void> {
    return faulting(this.path, () => syncFd(this.#used))
  }

  truncate(sizeBytes: number): Promise<void> {
    return faulting(this.path, () => truncateFd(this.#used, sizeBytes))
  }

  async size(): Promise<number> {
    return faulting(this.path, async () => (await statFd(this.#used)).size)
  }

  /** Devices differ in what they refuse (often less than a page), so the port's rule is kept here, alike on all. */
  #checkAlignment(position: number, bytes: Uint8Array): void {
    const unit = this.#unitBytes
    if (position % unit === 0 && bytes.length % unit === 0 && bytes.byteOffset % unit === 0) return
    throw new DiskFault(
      'EINVAL',
      this.path,
      `EINVAL: ${bytes.length} bytes at ${position} are not aligned for direct I/O`,
    )
  }

  get #used(): number {
    assert(this.#open, 'only an open file is used', { path: this.path })
    return this.#fd
  }

  async close(): Promise<void> {
    if (!this.#open) return
    this.#open = false
    await faulting(this.path, () => closeFd(this.#fd))
  }

  closeSync(): void {
    if (!this.#open) return
    this.#open = false
    faultingSync(this.path, () => closeSync(this.#fd))
  }
}
