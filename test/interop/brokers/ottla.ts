/** Ottla as the broker: its command-line program from the sources, in a process of its own. */
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { repositoryRoot } from '../cache.ts'
import { endChild, killChild, startChild, tail, withLogFile } from '../children.ts'
import { type Address, addressText } from '../raw/judge.ts'
import { type Broker, logDirectoriesOf, type StartOptions } from './broker.ts'

const START_TIMEOUT_MS = 20_000
const program = join(repositoryRoot, 'packages', 'ottla', 'src', 'apps', 'cli', 'main.ts')

export async function startOttla(options: StartOptions): Promise<Broker> {
  const directories = logDirectoriesOf(options)
  const [dataFolder] = directories
  const logPath = join(options.folder, 'broker.log')
  const configs = { ...options.configs }
  if (options.advertised !== undefined) {
    configs['advertised.listeners'] = `PLAINTEXT://${options.advertised.host}:${options.advertised.port}`
  }
  if (options.secondListener !== undefined) {
    configs.listeners = `PLAINTEXT://127.0.0.1:0,SECOND://${addressText(options.secondListener)}`
    configs['listener.security.protocol.map'] = 'PLAINTEXT:PLAINTEXT,SECOND:PLAINTEXT'
  }
  const settings = Object.entries(configs).flatMap(([key, value]) => ['--set', `${key}=${value}`])
  const args = [program, 'start', '--port', '0', '--data', directories.join(','), ...settings]
  const child = withLogFile(logPath, log => startChild(process.execPath, args, { stdio: ['ignore', 'pipe', log] }))
  const printed: string[] = []
  const lines = createInterface({ input: child.stdout! })
  lines.on('line', line => printed.push(line))
  const log = async () => tail(`${printed.join('\n')}\n${await readFile(logPath, 'utf8')}`, 40)
  const deadline = AbortSignal.timeout(START_TIMEOUT_MS)
  let address = printed.map(addressInBanner).find(found => found !== null)
  while (address === undefined) {
    const [line] = (await Promise.race([once(lines, 'line', { signal: deadline }), once(lines, 'close')]).catch(
      () => [],
    )) as [string?]
    if (line === undefined) throw new Error(`Ottla did not start\n${await log()}`)
    address = addressInBanner(line) ?? undefined
  }
  const stop = async () => {
    await endChild(child)
    if (child.exitCode !== 0) throw new Error(`Ottla ended with ${child.exitCode ?? child.signalCode}\n${await log()}`)
  }
  return { title: 'Ottla', address, dataFolder, pid: child.pid!, log, stop, kill: () => killChild(child) }
}

/** The address in the line of the banner that says where the broker listens, for example `Ottla 0.1.0 listening on 127.0.0.1:9092`. */
export function addressInBanner(line: string): Address | null {
  const found = /^(?:Ottla|listening)\b.*?(\d+\.\d+\.\d+\.\d+|localhost):(\d+)/i.exec(line)
  return found === null ? null : { host: found[1]!, port: Number(found[2]) }
}
