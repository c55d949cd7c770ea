/** The commit lane of a simulated disk: one operation after another, each a write and a sync. */
import { assert } from '../../base/assert.ts'
import type { CommitFile, CommitLane, Disk, DiskFile } from '../../ports/disk.ts'

const ZERO_PIECE_BYTES = 65_536

export class MemoryCommitLane implements CommitLane {
  readonly #disk: Pick<Disk, 'open'>
  readonly #preallocates: boolean
  #tail: Promise<unknown> = Promise.resolve()
  #open = true

  /** `preallocates`: files are really written when made; else they are extended by a hole. */
  constructor(disk: Pick<Disk, 'open'>, preallocates: boolean) {
    this.#disk = disk
    this.#preallocates = preallocates
  }

  open(path: string, sizeBytes: number): Promise<CommitFile> {
    return this.#next(async () => {
      const plain = await this.#disk.open(path, { mode: 'create' })
      try {
        if (this.#preallocates) await fillWithZeros(plain, sizeBytes)
        else if ((await plain.size()) < sizeBytes) await plain.truncate(sizeBytes)
      } finally {
        await plain.close()
      }
      const file = await this.#disk.open(path, { mode: 'write', direct: true })
      return {
        path,
        direct: file.direct,
        commit: (position, bytes) =>
          this.#next(async () => {
            await file.write(position, bytes)
            await file.sync()
          }),
        close: () => this.#next(() => file.close()),
      }
    })
  }

  async close(): Promise<void> {
    this.#open = false
    await this.#tail
  }

  #next<T>(work: () => Promise<T>): Promise<T> {
    assert(this.#open, 'only an open lane is used')
    const result = this.#tail.then(work)
    // The caller is told of a failure; the queue goes on behind it.
    this.#tail = result.catch(() => {})
    return result
  }
}

async function fillWithZeros(file: DiskFile, sizeBytes: number): Promise<void> {
  const present = await file.size()
  if (present >= sizeBytes) return
  const zeros = new Uint8Array(ZERO_PIECE_BYTES)
  try {
    for (let at = present; at < sizeBytes; at += zeros.length) {
      await file.write(at, zeros.subarray(0, Math.min(zeros.length, sizeBytes - at)))
    }
  } catch (fault) {
    await file.truncate(present).catch(() => {})
    throw fault
  }
  await file.sync()
}
