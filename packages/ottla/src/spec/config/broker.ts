/**
 * The broker's config: all rows together, read from defaults, server.properties, environment and flags, checked, typed.
 * Reading the file and the environment is the caller's work. Every problem is found in one go.
 */
import { brokerRows } from './broker-rows.ts'
import { type ConfigSources, type Given, type GivenConfig, gather, type SourceKind } from './given.ts'
import type { Key, ValuesOf } from './key.ts'
import { listenerRows } from './listener-rows.ts'
import { isLoopback, type Listener, type Listeners, readListeners, show } from './listeners.ts'
import type { TopicConfig } from './topic.ts'
import { MIN_INSYNC_REPLICAS_AUTO, topicRows } from './topic-rows.ts'
import { UsageErrors, type UsageProblem } from './usage.ts'

/** Typed values of all broker keys; topic keys stand under `topicDefaults` as the default of every topic. */
export interface BrokerConfig extends ValuesOf<typeof brokerRows> {
  /** At least one. */
  readonly listeners: readonly Listener[]
  /** One for each of `listeners`, in their order. */
  readonly advertisedListeners: readonly Listener[]
  /** minInsyncReplicas may be MIN_INSYNC_REPLICAS_AUTO here: resolveTopicConfig chooses. */
  readonly topicDefaults: TopicConfig
  /** For DescribeConfigs: the keys that somebody set, with their text and where it came from. */
  readonly given: ReadonlyMap<string, { readonly value: string; readonly source: SourceKind }>
}

export interface BrokerConfigSources extends ConfigSources {
  /** `--port`: replaces the port of the first listener, whatever names its host. */
  readonly port?: string
}

export type BrokerConfigResult =
  | { readonly ok: true; readonly config: BrokerConfig; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly errors: UsageErrors; readonly warnings: readonly string[] }

/** Every row of every broker key, for docs and admin replies. */
export const allRows: readonly Key<unknown>[] = [
  ...Object.values(brokerRows),
  ...Object.values(listenerRows),
  ...Object.values(topicRows),
] as readonly Key<unknown>[]

type Complain = (problem: UsageProblem) => void

export function parseBrokerConfig(sources: BrokerConfigSources = {}): BrokerConfigResult {
  const given = gather(allRows, sources)
  const problems: UsageProblem[] = [...given.problems]
  const complain: Complain = problem => problems.push(problem)
  const values = readRows(brokerRows, given, complain)
  const topicDefaults = readRows(topicRows, given, complain)
  checkDefaults(topicDefaults, values, given, complain)
  const { listeners, advertised } = listenersOf(given, sources.port, complain)
  if (problems.length > 0) return { ok: false, errors: new UsageErrors(problems), warnings: given.warnings }
  const config: BrokerConfig = {
    ...values,
    listeners,
    advertisedListeners: advertised,
    topicDefaults,
    given: new Map([...given.values].map(([name, { value, source }]) => [name, { value, source }])),
  }
  return { ok: true, config, warnings: [...given.warnings, ...exposureWarnings(listeners)] }
}

/** For tests and embedding: keys by Kafka's names over the defaults. Throws UsageErrors. */
export function brokerConfigOf(keys: Readonly<Record<string, string>> = {}): BrokerConfig {
  const result = parseBrokerConfig({ flags: Object.entries(keys) })
  if (!result.ok) throw result.errors
  return result.config
}

function readRows<Rows extends Record<string, object>>(
  rows: Rows,
  given: GivenConfig,
  complain: Complain,
): ValuesOf<Rows> {
  const entries = Object.entries(rows as unknown as Record<string, Key<unknown>>)
  return Object.fromEntries(entries.map(([name, row]) => [name, readRow(row, given, complain)])) as ValuesOf<Rows>
}

/** The row's value: what was given if it is allowed, else the default (and a problem). */
function readRow<T>(row: Key<T>, given: GivenConfig, complain: Complain): T {
  const entry = given.values.get(row.kafka)
  if (entry === undefined) return row.default
  const parsed = row.kind.parse(scaled(entry))
  if (parsed.ok) return parsed.value
  complain(refusalOf(row, entry))
  return row.default
}

/** `hours` to milliseconds; -1 means the same in every unit, and what is no number is left for the kind to refuse. */
function scaled(entry: Given): string {
  const digits = entry.value.trim()
  if (entry.scale === 1 || !/^\d{1,12}$/.test(digits)) return entry.value
  return String(Number(digits) * entry.scale)
}

function refusalOf(row: Key<unknown>, entry: Given): UsageProblem {
  const unit = entry.name === row.kafka ? '' : ` (of ${row.kafka}, which ${entry.name} sets)`
  return {
    key: entry.name,
    given: entry.value,
    where: entry.where,
    allowed: `allowed is ${row.kind.allowed}${unit}`,
    next: `the default is ${row.kind.format(row.default) || '(empty)'}`,
  }
}

/** What one row cannot see: values that are allowed by their kind and yet make no sense. */
function checkDefaults(
  topic: TopicConfig,
  broker: ValuesOf<typeof brokerRows>,
  given: GivenConfig,
  complain: Complain,
): void {
  const refuse = (row: Key<unknown>, allowed: string, next: string) => {
    const entry = given.values.get(row.kafka)
    if (entry !== undefined) complain({ key: entry.name, given: entry.value, where: entry.where, allowed, next })
  }
  if (topic.minInsyncReplicas === 0)
    refuse(topicRows.minInsyncReplicas, 'allowed is 1 or more, or -1', 'set 1 to accept writes on the leader alone')
  if (broker.defaultReplicationFactor === 0)
    refuse(brokerRows.defaultReplicationFactor, 'allowed is 1 or more, or -1', 'set -1 to let the cluster choose')
  if (topic.minCompactionLagMs > topic.maxCompactionLagMs) {
    refuse(topicRows.minCompactionLagMs, `it is above ${topicRows.maxCompactionLagMs.kafka}`, 'lower it')
  }
  if (broker.offsetsTopicReplicationFactor === 0)
    refuse(brokerRows.offsetsTopicReplicationFactor, 'allowed is 1 or more, or -1', 'set -1 to let the cluster choose')
  if (broker.groupMinSessionTimeoutMs > broker.groupMaxSessionTimeoutMs) {
    refuse(brokerRows.groupMinSessionTimeoutMs, `it is above ${brokerRows.groupMaxSessionTimeoutMs.kafka}`, 'lower it')
  }
  if (new Set(broker.logDirs).size !== broker.logDirs.length)
    refuse(brokerRows.logDirs, 'a folder is named twice', 'name each folder once')
}

function listenersOf(given: GivenConfig, port: string | undefined, complain: Complain): Listeners {
  const textsOf = (row: Key<readonly string[]>) => readRow(row, given, complain)
  const complainOf = (key: string, value: string, allowed: string, next: string) =>
    complain({ key, given: value, where: given.values.get(key)?.where ?? 'default', allowed, next })
  const result = readListeners(
    {
      listeners: withPort(textsOf(listenerRows.listeners), port, complain),
      advertised: textsOf(listenerRows.advertisedListeners),
      protocols: [
        ...listenerRows.listenerSecurityProtocolMap.default,
        ...textsOf(listenerRows.listenerSecurityProtocolMap),
      ],
      controllerNames: (given.ignored.get('controller.listener.names')?.value ?? '')
        .split(',')
        .map(name => name.trim()),
    },
    complainOf,
  )
  return result
}

function withPort(items: readonly string[], port: string | undefined, complain: Complain): readonly string[] {
  if (port === undefined) return items
  if (!/^\d{1,5}$/.test(port.trim()) || Number(port) > 65_535) {
    const allowed = 'allowed is a whole number from 0 to 65535 (0: the system chooses)'
    complain({ key: '--port', given: port, where: 'command line', allowed, next: 'the default is 9092' })
    return items
  }
  return items.map((item, index) => (index === 0 ? item.replace(/:\d+$/, `:${Number(port)}`) : item))
}

/** No security configured must not mean open to the network without a word. */
function exposureWarnings(listeners: readonly Listener[]): string[] {
  return listeners
    .filter(listener => !isLoopback(listener.host))
    .map(
      listener =>
        `${show(listener)} can be reached from other machines, and nothing protects it: no TLS, no passwords, no access rules`,
    )
}

export { MIN_INSYNC_REPLICAS_AUTO }
