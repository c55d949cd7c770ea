/**
 * `npm run test:samples [-- jest vitest]`: packs the package as it would be published, installs it beside the clients and
 * test runners that each sample pins, and runs the samples as their users would. Installs into .cache/samples. Prints
 * what each sample took; the last line is `N passed, N failed`, of samples.
 */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ENVIRONMENT, npmInstall, packed } from '../tools/packed.ts'

const HERE = import.meta.dirname
const ROOT = join(HERE, '..')
const CACHE = join(ROOT, '.cache', 'samples')
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

mkdirSync(CACHE, { recursive: true })
const tarball = packed(CACHE)
let passed = 0
let failed = 0
for (const name of positionals.length > 0 ? positionals : all) {
  const begun = performance.now()
  const ok = await run(installed(name))
  if (ok) passed++
  else failed++
  console.log(`${ok ? 'ok  ' : 'FAIL'} ${name} ${((performance.now() - begun) / 1000).toFixed(1)} s`)
}
rmSync(tarball)
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 && passed > 0 ? 0 : 1

/** The folder of the sample with everything that it needs. What it pins is installed again only when that changed. */
function installed(name: string): string {
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
