/**
 * `npm ci` refuses a lock file that lacks an optional package of another platform. npm leaves such an entry out when the
 * registry at hand does not have the package: then it must be written by hand, with version, os and cpu.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

const LOCK = join(import.meta.dirname, '..', '..', 'package-lock.json')

interface LockedPackage {
  readonly version?: string
  readonly os?: readonly string[]
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

test('the lock file has every optional package of every package', () => {
  const { packages } = JSON.parse(readFileSync(LOCK, 'utf8')) as { packages: Readonly<Record<string, LockedPackage>> }
  const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies)
      .filter(
        name =>
          packages[`node_modules/${name}`]?.version === undefined &&
          packages[`${path}/node_modules/${name}`] === undefined,
      )
      .map(name => `${name} of ${path}`),
  )
  assert.deepEqual(missing, [])
})
