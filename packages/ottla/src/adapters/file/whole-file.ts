/** Small files, read and replaced as a whole: after a crash the old content or the new one is there. */
import { type Disk, isDiskFault } from '../../ports/disk.ts'

/** Null when there is none. */
export async function readFile(disk: Disk, path: string): Promise<Uint8Array | null> {
  try {
    const file = await disk.open(path, { mode: 'read' })
    try {
      const bytes = new Uint8Array(await file.size())
      return bytes.subarray(0, await file.read(0, bytes))
    } finally {
      await file.close()
    }
  } catch (fault) {
    if (isDiskFault(fault, 'ENOENT')) return null
    throw fault
  }
}

/** Durable, name and content, when it resolves. */
export async function replaceFile(disk: Disk, directory: string, name: string, bytes: Uint8Array): Promise<void> {
  const path = `${directory}/${name}`
  const file = await disk.open(`${path}.tmp`, { mode: 'replace' })
  try {
    await file.write(0, bytes)
    await file.sync()
  } finally {
    await file.close()
  }
  await disk.rename(`${path}.tmp`, path)
  await disk.syncDirectory(directory)
}
