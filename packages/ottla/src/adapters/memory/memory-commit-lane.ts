/** The commit lane of a simulated disk: one operation after another, each a write and a sync. */
import { assert } from '../../base/assert.ts'
import type { CommitFile, CommitLane, Disk, DiskFile } from '../../ports/disk.ts'

const ZERO_PIECE_BYTES = 65_536

export class MemoryCommitLane implements CommitLane {
  readonly #disk: Pick<Disk, 'open'>
  #tail: Promise<unknown> = Promise.resolve()
  #open = true

  constructor(disk: Pick<Disk, 'open'>) {
    this.#disk = disk
  }

  open(path: string, sizeBytes: number): Promise<CommitFile> {
    return this.#next(async () => {
      const plain = await this.#disk.open(path, { mode: 'create' })
      await fillWithZeros(plain, sizeBytes)
      await plain.close()
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
  let size = await file.size()
  if (size >= sizeBytes) return
  const zeros = new Uint8Array(ZERO_PIECE_BYTES)
  while (size < sizeBytes) {
    const count = Math.min(ZERO_PIECE_BYTES, sizeBytes - size)
    await file.write(size, zeros.subarray(0, count))
    size += count
  }
  await file.sync()
}
