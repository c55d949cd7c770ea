/** `ottla start`: a broker as a process, from its options to its clean stop. */
import { readFile } from 'node:fs/promises'
import { constants } from 'node:os'
import { resolve } from 'node:path'
import { boundYoungGeneration } from '../../adapters/node/young-generation.ts'
import type { NetAddress } from '../../ports/net.ts'
import { type BrokerConfig, parseBrokerConfig } from '../../spec/config/broker.ts'
import { nodeAdapters } from '../server/node-adapters.ts'
import { type Server, startServer } from '../server/server.ts'
import { CommandError, Failure, report } from './failure.ts'
import type { StartOptions } from './start-options.ts'
import { VERSION } from './version.ts'

const SIGNALS = ['SIGINT', 'SIGTERM'] as const
/** What takes milliseconds and can wait is done when the first clients have been answered. */
const SETTLED_AFTER_MS = 1000
/** Addresses that are listened on and cannot be connected to. */
const EVERY_INTERFACE: ReadonlySet<string> = new Set(['', '0.0.0.0', '::'])

/** Resolves when the broker serves; the process then lives until it is told to stop. */
export async function runStart(options: StartOptions): Promise<void> {
  const config = await readConfig(options)
  // Whatever the reason, a broker that does not know its own state must not go on: recovery reads the log again.
  const fatal = (why: unknown): never => {
    report(why)
    process.exit(Failure.bug)
  }
  // What nobody caught, rejections included, is no better.
  process.on('uncaughtException', fatal)
  const adapters = nodeAdapters({
    writeLog: line => {
      process.stderr.write(`${line}\n`)
    },
    logFormat: logFormatOf(options),
    logLevel: options.logLevel,
    fatal,
  })
  // A stop that is asked for while recovery runs is honoured as soon as it can be a clean one.
  const stop = new StopRequest()
  stop.announce('what was written is recovered first, so that the stop is a clean one')
  const server = await startServer(config, adapters)
  if (!stop.isAsked) {
    writeBanner(config, server)
    adapters.clock.after(SETTLED_AFTER_MS, boundYoungGeneration)
    stop.announce('requests in work are answered, then everything is synced')
    await stop.asked
  }
  await server.close()
  process.stdout.write('stopped\n')
  process.exit(0)
}

async function readConfig(options: StartOptions): Promise<BrokerConfig> {
  const flags = (options.set ?? []).map(pairOf)
  if (options.data !== undefined) flags.push(['log.dirs', options.data])
  const result = parseBrokerConfig({
    ...(options.config === undefined ? {} : { file: await propertiesOf(options.config) }),
    environment: process.env,
    flags,
    ...(options.port === undefined ? {} : { port: options.port }),
  })
  for (const warning of result.warnings) process.stderr.write(`ottla: warning: ${warning}\n`)
  if (!result.ok) throw result.errors
  // Clients are told where the directories are, and would not know what they are relative to.
  return { ...result.config, logDirs: result.config.logDirs.map(path => resolve(path)) }
}

async function propertiesOf(path: string): Promise<{ path: string; text: string }> {
  try {
    return { path, text: await readFile(path, 'utf8') }
  } catch (error) {
    throw new CommandError(`--config ${path}: ${(error as Error).message}`, Failure.usage)
  }
}

function pairOf(text: string): [string, string] {
  const at = text.indexOf('=')
  if (at < 1) throw new CommandError(`--set ${text}: write it as key=value`, Failure.usage)
  return [text.slice(0, at), text.slice(at + 1)]
}

function logFormatOf(options: StartOptions): 'text' | 'json' {
  return options.logFormat ?? (process.stderr.isTTY ? 'text' : 'json')
}

function writeBanner(config: BrokerConfig, server: Server): void {
  const lines = [...server.addresses].map(([name, address], i) => {
    const what = i === 0 ? `Ottla ${VERSION} ` : '  also '
    return `${what}listening on ${show(address)}${server.addresses.size > 1 ? ` (${name})` : ''}`
  })
  const first = [...server.addresses.values()][0] as NetAddress
  const client = show({ host: EVERY_INTERFACE.has(first.host) ? 'localhost' : first.host, port: first.port })
  // In a checkout there is no `ottla` on the path.
  const command = process.env.npm_lifecycle_event === 'start' ? 'npm run --silent ottla --' : 'ottla'
  const { durability } = config.topicDefaults
  lines.push(
    `  data        ${config.logDirs.join(', ')}`,
    `  cluster id  ${server.clusterId}`,
    `  durability  ${durability}${durability === 'disk' ? ' (a record is on the disk before it is acknowledged)' : ''}`,
    `  try         echo hello | ${command} produce greetings -b ${client}`,
    `              ${command} consume greetings -b ${client}`,
    `              kcat -b ${client} -C -t greetings -o beginning`,
    '  stop        Ctrl-C',
  )
  process.stdout.write(`${lines.join('\n')}\n`)
}

function show({ host, port }: NetAddress): string {
  const shown = host === '' ? '0.0.0.0' : host
  return shown.includes(':') ? `[${shown}]:${port}` : `${shown}:${port}`
}

/** The first signal asks for a clean stop, and is answered with a line; the second one ends the process. */
class StopRequest {
  readonly asked: Promise<void>
  isAsked = false
  #whatFollows = ''

  constructor() {
    this.asked = new Promise(resolve => {
      for (const signal of SIGNALS) {
        process.on(signal, () => {
          if (this.isAsked) endBy(signal)
          this.isAsked = true
          process.stdout.write(`stopping: ${this.#whatFollows} (again to force)\n`)
          resolve()
        })
      }
    })
  }

  /** What will be said to follow a signal that comes from now on. */
  announce(whatFollows: string): void {
    this.#whatFollows = whatFollows
  }
}

/** Ends as a process does that does not catch the signal: an orderly exit would wait for a disk that hangs. */
function endBy(signal: (typeof SIGNALS)[number]): never {
  process.removeAllListeners(signal)
  process.kill(process.pid, signal)
  // The first process of a container is not ended by a signal that it does not catch.
  process.exit(128 + constants.signals[signal])
}
