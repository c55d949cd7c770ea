/** The version of this package, from its own package.json, wherever the sources or the bundles lie in it. */
import { readFileSync } from 'node:fs'

const manifest = JSON.parse(readFileSync(new URL(import.meta.resolve('ottla/package.json')), 'utf8')) as {
  readonly version: string
}

export const VERSION = manifest.version
