/** A broker that an interop run has started, and the ports and folders it needs. */
import { rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Address } from '../raw/judge.ts'

export interface Broker {
  readonly title: string
  /** Where it listens. */
  readonly address: Address
  readonly dataFolder: string
  readonly pid: number
  /** The end of what the broker logged. */
  log(): Promise<string>
  /** A clean stop, as by SIGTERM. Throws when the broker did not end well. */
  stop(): Promise<void>
  /** A crash, by SIGKILL. */
  kill(): Promise<void>
}

export interface StartOptions {
  /** Folder for data and logs: empty, or one where the same kind of broker has run before. */
  readonly folder: string
  /** The address that clients are told, when it is not the one listened on (a proxy stands between). */
  readonly advertised?: Address
  /** Another address to listen on, by the listener name SECOND. */
  readonly secondListener?: Address
  /** In how many log directories the data lie; the first is `dataFolder`. One unless given. */
  readonly logDirectories?: number
  /** Broker configuration by Kafka's key names. */
  readonly configs?: Readonly<Record<string, string>>
}

/** Paths of the log directories of a broker; the first is its `dataFolder`. */
export function logDirectoriesOf({ folder, logDirectories = 1 }: StartOptions): [string, ...string[]] {
  const others = Array.from({ length: logDirectories - 1 }, (_, index) => join(folder, `data-${index + 2}`))
  return [join(folder, 'data'), ...others]
}

/** Ports that were free a moment ago. For programs that cannot tell which port they chose. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, () => {
      const { promise, resolve, reject } = Promise.withResolvers<ReturnType<typeof createServer>>()
      const server = createServer().once('error', reject)
      server.listen(0, '127.0.0.1', () => resolve(server))
      return promise
    }),
  )
  const ports = servers.map(server => (server.address() as { port: number }).port)
  await Promise.all(servers.map(server => new Promise(resolve => server.close(resolve))))
  return ports
}

/** Runs with a new temporary folder, which is removed afterwards unless it should be kept to look at. */
export async function withTemporaryFolder<T>(keep: boolean, use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'ottla-interop-'))
  // Ctrl-C ends the process before the end of `use`.
  if (!keep) process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  try {
    return await use(folder)
  } finally {
    if (keep) console.log(`kept ${folder}`)
    else await rm(folder, { recursive: true, force: true })
  }
}
