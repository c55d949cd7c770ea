/** The package as it would be published, installed beside what a sample pins, in .cache/samples. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const HERE = import.meta.dirname
const ROOT = join(HERE, '..')
const CACHE = join(ROOT, '.cache', 'samples')
const INSTALL_TIMEOUT_MS = 300_000
const NPM_FLAGS = ['--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error']
/** The pinned Node, also for what npm starts. */
export const ENVIRONMENT = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH}` }

function npm(args: readonly string[], folder: string): string {
  return execFileSync('npm', args, {
    cwd: folder,
    env: ENVIRONMENT,
    encoding: 'utf8',
    timeout: INSTALL_TIMEOUT_MS,
    killSignal: 'SIGKILL',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

/** The tarball that would be published. */
export function packed(): string {
  mkdirSync(CACHE, { recursive: true })
  const args = ['pack', '--workspace', 'packages/ottla', '--pack-destination', CACHE, '--json', '--loglevel=error']
  const output = npm(args, ROOT)
  // What the build prints stands before it.
  const [row] = JSON.parse(output.slice(output.search(/^\[/m))) as { filename: string }[]
  return join(CACHE, row?.filename ?? '')
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
    npm(['install', ...NPM_FLAGS], folder)
    writeFileSync(marker, fingerprint)
  }
  cpSync(join(HERE, name), folder, { recursive: true })
  rmSync(join(folder, 'node_modules', 'ottla'), { recursive: true, force: true })
  npm(['install', '--no-save', ...NPM_FLAGS, tarball], folder)
  return folder
}
