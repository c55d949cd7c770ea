/** What a test asks of its broker, checked, and the broker config that follows from it. */
import type { LogLevel } from '../../ports/observe.ts'
import { type BrokerConfig, parseBrokerConfig } from '../../spec/config/broker.ts'
import { unhonoured } from '../../spec/config/unhonoured.ts'
import { TestBrokerError } from './test-broker-error.ts'

/** A topic to make: the number of its partitions, or that and its configs. */
export type TestTopic =
  | number
  | {
      /** Default: `num.partitions`, which is 1 unless set. */
      readonly partitions?: number
      /** Kafka's topic keys, as `cleanup.policy`. */
      readonly configs?: Readonly<Record<string, string>>
    }

export interface StartBrokerOptions {
  /** Topics to make before anything else. */
  readonly topics?: Readonly<Record<string, TestTopic>>
  /** `memory` (default) touches no file. `disk` is the durable broker in a temporary folder, which `close` removes. */
  readonly storage?: 'memory' | 'disk'
  /** With `storage: 'disk'`: a folder to use and keep. */
  readonly directory?: string
  /** The broker's config, by Kafka's keys: docs/generated/config.md. */
  readonly configs?: Readonly<Record<string, string>>
  /** Default: one that the system chooses. Always on 127.0.0.1. */
  readonly port?: number
  /** Log lines of that level and above go to stderr, or all from `info` on to a function. Default `silent`. */
  readonly log?: 'silent' | LogLevel | ((line: string) => void)
}

export interface NamedTopic {
  readonly name: string
  /** -1: the broker's default. */
  readonly partitions: number
  readonly configs: Readonly<Record<string, string>>
}

/** What suits a test better than the server's defaults. Keys that this release does not honour are left out. */
const DEFAULTS: Readonly<Record<string, string>> = {
  'group.initial.rebalance.delay.ms': '0',
  'offsets.topic.num.partitions': '4',
  'max.connection.creation.rate': '100000',
  'max.connections.per.ip': '20000',
}
const MEMORY_DEFAULTS: Readonly<Record<string, string>> = { durability: 'memory' }
/** Keys that have an option of their own, which says more. */
const OWN_OPTIONS: Readonly<Record<string, string>> = {
  listeners: 'port',
  'advertised.listeners': 'port',
  'log.dirs': 'directory',
  'log.dir': 'directory',
}
const LOGS: readonly unknown[] = ['silent', 'debug', 'info', 'warn', 'error']
const PORT_MAX = 65_535
const PARTITIONS_MAX = 100_000

/** Throws a TestBrokerError for options that make no sense. */
export function checkOptions(options: StartBrokerOptions): void {
  const { storage = 'memory', directory, port = 0, log = 'silent' } = options
  const known = new Set(['topics', 'storage', 'directory', 'configs', 'port', 'log'])
  const unknown = Object.keys(options).find(name => !known.has(name))
  if (unknown !== undefined) throw bad(unknown, 'there is no such option', `the options are ${[...known].join(', ')}`)
  if (storage !== 'memory' && storage !== 'disk')
    throw bad(`storage=${String(storage)}`, "allowed are 'memory' and 'disk'", 'leave it out for memory')
  if (directory !== undefined && (typeof directory !== 'string' || directory === ''))
    throw bad(`directory=${String(directory)}`, 'allowed is the path of a folder', 'leave it out for a temporary one')
  if (directory !== undefined && storage !== 'disk')
    throw bad(`directory=${directory}`, 'it needs storage=disk', "add storage: 'disk', or leave the folder out")
  if (!Number.isInteger(port) || port < 0 || port > PORT_MAX)
    throw bad(`port=${String(port)}`, `allowed is a whole number from 0 to ${PORT_MAX}`, 'leave it out for a free one')
  if (typeof log !== 'function' && !LOGS.includes(log))
    throw bad(`log=${String(log)}`, `allowed are ${LOGS.join(', ')} and a function`, 'leave it out for silence')
}

/** The topics named, in order. Names are the broker's to judge. Throws a TestBrokerError. */
export function namedTopics(topics: Readonly<Record<string, TestTopic>>): NamedTopic[] {
  return Object.entries(topics).map(([name, given]) => namedTopic(name, given))
}

export function namedTopic(name: string, given: TestTopic): NamedTopic {
  const { partitions = -1, configs = {} } = typeof given === 'number' ? { partitions: given } : (given ?? {})
  const isCount = Number.isInteger(partitions) && partitions >= 1 && partitions <= PARTITIONS_MAX
  if (!isCount && partitions !== -1) {
    const what = `topic ${name} with partitions=${String(partitions)}`
    throw bad(what, `allowed is a whole number from 1 to ${PARTITIONS_MAX}`, 'a number alone also names its partitions')
  }
  return { name, partitions, configs }
}

export interface TestConfig {
  readonly config: BrokerConfig
  /** About keys that have no effect, for the log. */
  readonly warnings: readonly string[]
}

/** `directory`: where the broker keeps its data; on a memory disk any will do. Throws a TestBrokerError. */
export function brokerConfigFor(options: StartBrokerOptions, directory: string): TestConfig {
  const { storage = 'memory', port = 0, configs = {} } = options
  for (const [key, value] of Object.entries(configs)) {
    const own = OWN_OPTIONS[key]
    if (own !== undefined) throw bad(`configs ${key}=${value}`, 'it has an option of its own', `use ${own} instead`)
    if (typeof value !== 'string')
      throw bad(`configs ${key}=${String(value)}`, 'values are text, as in server.properties', 'put it in quotes')
  }
  const defaults = Object.entries({ ...DEFAULTS, ...(storage === 'memory' ? MEMORY_DEFAULTS : {}) })
  const result = parseBrokerConfig({
    flags: [
      ...defaults.filter(([key, value]) => unhonoured(key, value) === null),
      ['listeners', `PLAINTEXT://127.0.0.1:${port}`],
      ['log.dirs', directory],
      ...Object.entries(configs),
    ],
    flagsAre: 'configs of startBroker',
  })
  if (!result.ok) throw new TestBrokerError('BAD_OPTION', result.errors.message, { cause: result.errors })
  return { config: result.config, warnings: result.warnings }
}

export function bad(given: string, allowed: string, next: string): TestBrokerError {
  return new TestBrokerError('BAD_OPTION', `${given}: ${allowed}; ${next}`)
}
