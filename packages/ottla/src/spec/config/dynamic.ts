/**
 * Broker keys that change while brokers run (KIP-226): what was set for all brokers, then for one, over what it started
 * with. Values are text under Kafka's broker names, as clients send them and the metadata log stores them. Does not know
 * who keeps them.
 */
import { assert } from '../../base/assert.ts'
import { allRows, type BrokerConfig } from './broker.ts'
import { brokerRows } from './broker-rows.ts'
import { isDynamic, type Key } from './key.ts'
import { errorText, nearest } from './text.ts'
import { invalidValue, topicConfigChangeProblem, validateTopicConfigs } from './topic.ts'
import { topicRows } from './topic-rows.ts'
import { unhonoured } from './unhonoured.ts'

/** What was set dynamically, by key: one layer for all brokers, one for each. */
export type DynamicConfigs = ReadonlyMap<string, string>

/** Values of the rows by the rows' names. */
type Fields = { [field: string]: unknown }

const rowByKey: ReadonlyMap<string, Key<unknown>> = new Map(allRows.map(row => [row.kafka, row]))
/** Older names of keys: known, but nothing is set under them while the broker runs. */
const aliases: ReadonlySet<string> = new Set(allRows.flatMap(row => (row.aliases ?? []).map(alias => alias.kafka)))
const brokerFields = fieldsByKey(brokerRows)
const topicFields = fieldsByKey(topicRows)

/** The row of a broker key by its own name, or null when there is no such key. */
export function brokerConfigRow(key: string): Key<unknown> | null {
  return rowByKey.get(key) ?? null
}

/** The value of a dynamic key as text, as replies show it. */
export function brokerConfigText(config: BrokerConfig, key: string): string {
  const row = rowByKey.get(key)
  const topicField = topicFields.get(key)
  const [from, field] = topicField === undefined ? [config, brokerFields.get(key)] : [config.topicDefaults, topicField]
  assert(row !== undefined && field !== undefined, 'a dynamic key has a field', { key })
  return row.kind.format((from as unknown as Fields)[field])
}

/** What is wrong with the key itself, which nobody may set or change so; null when nothing. */
export function brokerKeyProblem(key: string): string | null {
  if (rowByKey.has(key) || aliases.has(key)) return null
  const known = unhonoured(key, '')
  if (known !== null) return `${errorText(key)} has no effect here: ${known.why}`
  const meant = nearest(key, rowByKey.keys())
  return `Unknown config name: ${errorText(key)}${meant === null ? '' : `; did you mean ${meant}?`}`
}

/** Null when the value may be set for a key that is dynamic; else what is wrong with the value. */
export function brokerValueProblem(key: string, value: string): string | null {
  const parsed = rowByKey.get(key)?.kind.parse(value)
  if (parsed === undefined) return brokerKeyProblem(key)
  if (!parsed.ok) return invalidValue(key, value, parsed.why)
  // As at the start: 0 would mean no promise at all, -1 lets the number of replicas decide.
  const isNoPromise = key === topicRows.minInsyncReplicas.kafka && parsed.value === 0
  return isNoPromise ? invalidValue(key, value, 'Value must be at least 1') : null
}

/** Those of the keys that hold what was said at the start. */
export function notDynamic(keys: Iterable<string>): string[] {
  return [...keys].filter(key => {
    const row = rowByKey.get(key)
    return aliases.has(key) || (row !== undefined && !isDynamic(row))
  })
}

/**
 * The config in force: `start` with the layers over it, the weakest first. A value that no longer parses, or a key that
 * is no longer dynamic (an older release accepted it), counts as not set. `given` stays what was given at the start.
 */
export function withDynamicConfigs(start: BrokerConfig, layers: readonly DynamicConfigs[]): BrokerConfig {
  if (layers.every(layer => layer.size === 0)) return start
  const broker: Fields = {}
  const topic: Fields = {}
  for (const layer of layers) {
    for (const [key, value] of layer) {
      const row = rowByKey.get(key)
      if (row === undefined || !isDynamic(row) || brokerValueProblem(key, value) !== null) continue
      const parsed = row.kind.parse(value)
      if (!parsed.ok) continue
      const topicField = topicFields.get(key)
      if (topicField !== undefined) topic[topicField] = parsed.value
      const brokerField = brokerFields.get(key)
      if (brokerField !== undefined) broker[brokerField] = parsed.value
    }
  }
  return { ...start, ...broker, topicDefaults: { ...start.topicDefaults, ...topic } }
}

/** What is wrong with `after` as the config of a broker that runs with `before`; null when nothing. */
export function brokerConfigChangeProblem(before: BrokerConfig, after: BrokerConfig): string | null {
  return (
    validateTopicConfigs(after.topicDefaults) ?? topicConfigChangeProblem(before.topicDefaults, after.topicDefaults)
  )
}

function fieldsByKey(rows: object): ReadonlyMap<string, string> {
  const entries = Object.entries(rows) as [string, Key<unknown>][]
  return new Map(entries.map(([field, row]) => [row.kafka, field]))
}
