/** Small whole files: reading them, and replacing them so that after a crash the old or the new content is there (A4). */
import { type Disk, type DiskFile, isDiskFault } from '../ports/disk.ts'

/** What partition.metadata, an epoch file or a small snapshot stays below. Bytes. */
const EXPECTED_BYTES = 1024

/** The whole file, or null when there is none. */
export async function readWhole(disk: Disk, path: string): Promise<Uint8Array | null> {
  let file: Awaited<ReturnType<Disk['open']>>
  try {
    file = await disk.open(path, { mode: 'read' })
  } catch (error) {
    if (isDiskFault(error, 'ENOENT')) return null
    throw error
  }
  try {
    const bytes = new Uint8Array(await file.size())
    return bytes.subarray(0, await file.read(0, bytes))
  } finally {
    await file.close()
  }
}

/**
 * The same on the caller's thread, for the small files that a start reads of every partition. Read until a read finds no
 * more: of a file of `EXPECTED_BYTES` at most that is two calls, and its size need not be asked.
 */
export function readWholeSync(disk: Disk, path: string): Uint8Array | null {
  let file: DiskFile
  try {
    file = disk.openSync(path, { mode: 'read' })
  } catch (error) {
    if (isDiskFault(error, 'ENOENT')) return null
    throw error
  }
  try {
    let bytes = new Uint8Array(EXPECTED_BYTES)
    for (;;) {
      const count = file.readSync(0, bytes)
      if (count < bytes.length) return bytes.subarray(0, count)
      bytes = new Uint8Array(4 * bytes.length)
    }
  } finally {
    file.closeSync()
  }
}

export function readTextSync(disk: Disk, path: string): string | null {
  const bytes = readWholeSync(disk, path)
  return bytes === null ? null : new TextDecoder().decode(bytes)
}

export async function readText(disk: Disk, path: string): Promise<string | null> {
  const bytes = await readWhole(disk, path)
  return bytes === null ? null : new TextDecoder().decode(bytes)
}

/** Writes the file beside its place, syncs it and moves it there. The name is durable once the folder is synced. */
export async function replaceFile(disk: Disk, path: string, content: Uint8Array | string): Promise<void> {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content
  const temporary = `${path}.tmp`
  const file = await disk.open(temporary, { mode: 'replace' })
  try {
    await file.write(0, bytes)
    await file.sync()
  } finally {
    await file.close()
  }
  await disk.rename(temporary, path)
}

/** The folder's name in its path. */
export function lastName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** The folder that the path's last name stands in. */
export function parentOf(path: string): string {
  const at = path.lastIndexOf('/')
  if (at === -1) return '.'
  return at === 0 ? '/' : path.slice(0, at)
}
