/** Small whole files: reading them, and replacing them so that after a crash the old or the new content is there (A4). */
import { type Disk, isDiskFault } from '../ports/disk.ts'

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
