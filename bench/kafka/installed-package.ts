/** The built package, installed as a user has it: what is measured is what is published, not the sources. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { npmInstall, packed } from '../../tools/packed.ts'

/** Packs and installs into a new folder below `parent`; returns the file that Node runs. */
export function installedPackage(parent: string): string {
  const folder = join(parent, 'package')
  mkdirSync(folder)
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true }))
  npmInstall(folder, [packed(folder)])
  return join(folder, 'node_modules', '.bin', 'ottla')
}
