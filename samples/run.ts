/**
 * `npm run test:samples [-- jest vitest]`: packs the package as it would be published, installs it beside the clients and
 * test runners that each sample pins, and runs the samples as their users would. Installs into .cache/samples. Prints
 * what each sample took; the last line is `N passed, N failed`, of samples.
 */
import { spawn } from 'node:child_process'
import { readdirSync, rmSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { ENVIRONMENT } from '../tools/packed.ts'
import { installed, packedForSamples } from './install.ts'

const HERE = import.meta.dirname
/** A sample takes seconds. */
const RUN_TIMEOUT_MS = 120_000

const { positionals } = parseArgs({ allowPositionals: true })
const all = readdirSync(HERE, { withFileTypes: true })
  .filter(entry => entry.isDirectory())
  .map(entry => entry.name)
const unknown = positionals.filter(name => !all.includes(name))
if (unknown.length > 0) {
  console.error(`no such sample: ${unknown.join(', ')}; there are ${all.join(', ')}`)
  process.exit(2)
}

const tarball = packedForSamples()
let passed = 0
let failed = 0
for (const name of positionals.length > 0 ? positionals : all) {
  const begun = performance.now()
  const ok = await run(installed(name, tarball))
  if (ok) passed++
  else failed++
  console.log(`${ok ? 'ok  ' : 'FAIL'} ${name} ${((performance.now() - begun) / 1000).toFixed(1)} s`)
}
rmSync(tarball)
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 && passed > 0 ? 0 : 1

function run(folder: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const child = spawn('npm', ['test', '--silent'], {
    cwd: folder,
    env: ENVIRONMENT,
    stdio: ['ignore', 'inherit', 'inherit'],
    // Its own group: a test runner that hangs has children.
    detached: true,
  })
  const timer = setTimeout(() => process.kill(-(child.pid as number), 'SIGKILL'), RUN_TIMEOUT_MS)
  child.on('error', () => resolve(false))
  child.on('close', code => {
    clearTimeout(timer)
    resolve(code === 0)
  })
  return promise
}
