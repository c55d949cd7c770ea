/** The package as it would be published, for what must see it as its users do: samples, and figures of start and memory. */
import { execFileSync } from 'node:child_process'
import { dirname, join } from 'node:path'

const ROOT = join(import.meta.dirname, '..')
const INSTALL_TIMEOUT_MS = 300_000
const INSTALL_FLAGS = ['--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error']
/** The pinned Node, also for what npm starts. */
export const ENVIRONMENT = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH}` }

/** Builds and packs it into a folder that exists; returns the path of the tarball. Throws what npm complains of. */
export function packed(folder: string): string {
  const args = ['pack', '--workspace', 'packages/ottla', '--pack-destination', folder, '--json', '--loglevel=error']
  const output = npm(args, ROOT)
  // What the build prints stands before it.
  const [row] = JSON.parse(output.slice(output.search(/^\[/m))) as { filename: string }[]
  return join(folder, row?.filename ?? '')
}

/** Installs what a folder's package.json names, or the packages given, which it then need not name. */
export function npmInstall(folder: string, packages: readonly string[] = []): void {
  npm(['install', ...(packages.length > 0 ? ['--no-save'] : []), ...INSTALL_FLAGS, ...packages], folder)
}

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
