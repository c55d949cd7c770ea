/** Removes a folder and what is in it, two levels deep at most: what a partition's folder can hold, and a bit more. */
import type { Disk } from '../ports/disk.ts'

const DEPTH_MAX = 2

export async function removeTree(disk: Disk, path: string, depth = DEPTH_MAX): Promise<void> {
  for (const { name, kind } of await disk.list(path)) {
    if (kind === 'directory' && depth > 0) await removeTree(disk, `${path}/${name}`, depth - 1)
    else if (kind !== 'directory') await disk.remove(`${path}/${name}`)
  }
  await disk.removeDirectory(path)
}
