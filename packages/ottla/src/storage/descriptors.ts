/**
 * Open files, a bounded number of them: 10,000 partitions must not need 10,000 descriptors (J12). A file is borrowed for
 * one operation and stays open until others push it out. Opening again by path is always right, because paths of files in
 * use do not change; `forget` comes before a rename or a removal.
 */
import { assert } from '../base/assert.ts'
import type { Disk, DiskFile } from '../ports/disk.ts'

/** How a segment's file is opened: for reads, for direct writes, or for writes through the page cache. */
export type DescriptorUse = 'read' | 'direct' | 'cached'

interface Descriptor {
  readonly key: string
  readonly opening: Promise<DiskFile>
  /** Once it is open. */
  file: DiskFile | null
  borrowers: number
  /** Closed when the last borrower is done. */
  forgotten: boolean
}

export class DescriptorCache {
  readonly #disk: Disk
  readonly #limit: number
  /** Least recently borrowed first. */
  readonly #open = new Map<string, Descriptor>()
  readonly #onCloseFault: (error: unknown) => void

  constructor(disk: Disk, options: { readonly limit: number; readonly onCloseFault: (error: unknown) => void }) {
    assert(options.limit > 0, 'at least one file can be open', options)
    this.#disk = disk
    this.#limit = options.limit
    this.#onCloseFault = options.onCloseFault
  }

  get openCount(): number {
    return this.#open.size
  }

  /** Runs `work` with the file open. A file opened for writing is made when missing. */
  async with<T>(path: string, use: DescriptorUse, work: (file: DiskFile) => Promise<T>): Promise<T> {
    const descriptor = this.#borrow(path, use)
    try {
      return await work(await descriptor.opening)
    } finally {
      descriptor.borrowers--
      if (descriptor.forgotten) this.#close(descriptor)
      else this.#shrink()
    }
  }

  /** The file when it happens to be open: for one synchronous operation, now. */
  opened(path: string, use: DescriptorUse): DiskFile | null {
    return this.#open.get(keyOf(path, use))?.file ?? null
  }

  /** Closes the file's descriptors, once nobody uses them. */
  forget(path: string): void {
    for (const use of ['read', 'direct', 'cached'] as const) {
      const descriptor = this.#open.get(keyOf(path, use))
      if (descriptor !== undefined) this.#drop(descriptor)
    }
  }

  /** Closes all. */
  close(): void {
    for (const descriptor of [...this.#open.values()]) this.#drop(descriptor)
  }

  #borrow(path: string, use: DescriptorUse): Descriptor {
    const key = keyOf(path, use)
    let descriptor = this.#open.get(key)
    if (descriptor === undefined) {
      const opening = this.#disk.open(path, { mode: use === 'read' ? 'read' : 'create', direct: use === 'direct' })
      const made: Descriptor = { key, opening, file: null, borrowers: 0, forgotten: false }
      // The borrowers get the rejection; the cache only must not hand it out again.
      opening.then(
        file => {
          made.file = file
        },
        () => this.#drop(made),
      )
      descriptor = made
    } else this.#open.delete(key)
    this.#open.set(key, descriptor)
    descriptor.borrowers++
    return descriptor
  }

  #shrink(): void {
    if (this.#open.size <= this.#limit) return
    for (const descriptor of this.#open.values()) {
      if (descriptor.borrowers === 0) this.#drop(descriptor)
      if (this.#open.size <= this.#limit) return
    }
  }

  #drop(descriptor: Descriptor): void {
    if (this.#open.get(descriptor.key) === descriptor) this.#open.delete(descriptor.key)
    if (descriptor.forgotten) return
    descriptor.forgotten = true
    this.#close(descriptor)
  }

  #close(descriptor: Descriptor): void {
    if (descriptor.borrowers > 0) return
    descriptor.opening.then(
      file => file.close().catch(this.#onCloseFault),
      () => {},
    )
  }
}

function keyOf(path: string, use: DescriptorUse): string {
  return `${use}:${path}`
}
