/** The package as it would be published, installed beside what a sample pins, in .cache/samples. */
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { npmInstall, packed } from '../tools/packed.ts'

const HERE = import.meta.dirname
const CACHE = join(HERE, '..', '.cache', 'samples')

/** The tarball that would be published; whoever asks removes it. */
export function packedForSamples(): string {
  mkdirSync(CACHE, { recursive: true })
  return packed(CACHE)
}

/** The folder of the sample with everything that it needs. What it pins is installed again only when that changed. */
export function installed(name: string, tarball: string): string {
  const folder = join(CACHE, name)
  const pins = readFileSync(join(HERE, name, 'package.json'))
  const fingerprint = createHash('sha256').update(pins).digest('hex')
  const marker = join(folder, '.installed')
  if (!existsSync(marker) || readFileSync(marker, 'utf8') !== fingerprint) {
    console.log(`installing ${name} ...`)
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'package.json'), pins)
    npmInstall(folder)
    writeFileSync(marker, fingerprint)
  }
  cpSync(join(HERE, name), folder, { recursive: true })
  rmSync(join(folder, 'node_modules', 'ottla'), { recursive: true, force: true })
  npmInstall(folder, [tarball])
  return folder
}
