/**
 * Builds dist: a few bundles instead of a module for each source file, because a start that resolves, reads and compiles
 * hundreds of files takes three times the processor time (docs/adr/0004-bundles.md); and the types of what is public.
 * Nothing is renamed or shortened: a stack trace names functions of the sources.
 */
import { execFileSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'

const HERE = import.meta.dirname
const DIST = join(HERE, 'dist')

rmSync(DIST, { recursive: true, force: true })
await build({
  entryPoints: {
    ottla: join(HERE, 'src/apps/cli/main.ts'),
    testing: join(HERE, 'src/apps/testing/start-broker.ts'),
  },
  outdir: DIST,
  bundle: true,
  splitting: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
  target: 'node24',
  logLevel: 'warning',
})
execFileSync('tsc', ['-p', join(HERE, 'tsconfig.build.json')], { stdio: 'inherit' })
