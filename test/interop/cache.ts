/**
 * Where the clients under test are installed: `.cache/interop` at the root, which git ignores. An installation is
 * done again only when one of the files that pin it has changed.
 */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

export const repositoryRoot = join(import.meta.dirname, '..', '..')
export const agentsFolder = join(import.meta.dirname, 'agents')
const cacheFolder = join(repositoryRoot, '.cache', 'interop')

export interface Installation {
  /** Name of the folder below the cache. */
  readonly name: string
  /** Files whose content decides whether the installation is still the right one: lock files, sources. Paths. */
  readonly pinnedBy: readonly string[]
  /** Fills the empty folder. What it throws leaves no usable installation behind. */
  install(folder: string): Promise<void>
}

/** Returns the folder of an installation, after making it when it is missing or out of date. */
export async function installed(installation: Installation): Promise<string> {
  const folder = join(cacheFolder, installation.name)
  const marker = join(folder, '.installed')
  const fingerprint = await fingerprintOf(installation.pinnedBy)
  if (existsSync(marker) && (await readFile(marker, 'utf8')) === fingerprint) return folder
  console.log(`installing ${installation.name} ...`)
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  await installation.install(folder)
  await writeFile(marker, fingerprint)
  return folder
}

async function fingerprintOf(paths: readonly string[]): Promise<string> {
  const hash = createHash('sha256')
  for (const path of paths) hash.update(await readFile(path)).update('\0')
  return hash.digest('hex')
}
