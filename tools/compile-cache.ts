/**
 * Node keeps here what it made of each source file (types stripped, compiled), by content: a process of ours starts in
 * half the time. Set for the processes that a tool starts; a cache that the environment names already stays.
 */
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/** Far more than the tree has; beyond it most are of files that are gone, as those of tests in temporary folders. */
const FILES_MAX = 5000

export function useCompileCache(root: string, filesMax = FILES_MAX): void {
  if (process.env.NODE_COMPILE_CACHE !== undefined) return
  const folder = join(root, '.cache', 'compile')
  if (existsSync(folder) && readdirSync(folder, { recursive: true }).length > filesMax)
    rmSync(folder, { recursive: true })
  process.env.NODE_COMPILE_CACHE = folder
}
