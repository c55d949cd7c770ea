/** Compares wanted files with those on disk, and makes the disk agree. */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

export interface Change {
  readonly path: string
  readonly why: 'missing' | 'differs' | 'no longer generated'
}

/** What would have to change for exactly `wanted` to be there; files in `folder` that nobody wants are in the way. */
export async function differences(wanted: ReadonlyMap<string, string>, folder: string): Promise<Change[]> {
  const changes: Change[] = []
  for (const [path, text] of wanted) {
    const have = await textOf(path)
    if (have !== text) changes.push({ path, why: have === null ? 'missing' : 'differs' })
  }
  for (const path of await filesIn(folder)) {
    if (!wanted.has(path)) changes.push({ path, why: 'no longer generated' })
  }
  return changes
}

export async function settle(wanted: ReadonlyMap<string, string>, changes: readonly Change[]): Promise<void> {
  for (const { path } of changes) {
    const text = wanted.get(path)
    if (text === undefined) {
      await rm(path)
    } else {
      await mkdir(dirname(path), { recursive: true })
      await writeFile(path, text)
    }
  }
}

async function textOf(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (isMissing(error)) return null
    throw error
  }
}

async function filesIn(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true })
    return entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name))
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}

const isMissing = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT'
