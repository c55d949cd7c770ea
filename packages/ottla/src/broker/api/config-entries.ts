/** Config values with their origin, for the replies that tell them (KIP-226): of a topic, and of this broker. */
import { assert } from '../../base/assert.ts'
import { allRows, type BrokerConfig } from '../../spec/config/broker.ts'
import { brokerRows } from '../../spec/config/broker-rows.ts'
import type { Key } from '../../spec/config/key.ts'
import type { KindName } from '../../spec/config/kind.ts'
import { resolveTopicConfig, type TopicConfig, topicConfigTexts } from '../../spec/config/topic.ts'
import { topicRows } from '../../spec/config/topic-rows.ts'

/** Where a value comes from, as replies number it. */
export const ConfigSource = { topic: 1, broker: 2, brokerDefault: 3, static: 4, default: 5 } as const
export type ConfigSourceCode = (typeof ConfigSource)[keyof typeof ConfigSource]

/** A value and the name and place it was given under. */
export interface ConfigSynonym {
  readonly name: string
  readonly value: string
  readonly source: ConfigSourceCode
}

export interface ConfigEntry {
  readonly name: string
  readonly value: string
  readonly source: ConfigSourceCode
  readonly readOnly: boolean
  readonly type: KindName
  readonly doc: string
  /** What is in force first, then what would be in force without it, and so on to the built-in default. */
  readonly synonyms: readonly ConfigSynonym[]
}

const NO_OVERRIDES: ReadonlyMap<string, string> = new Map()
const builtInTopicDefaults = Object.fromEntries(
  Object.entries(topicRows).map(([field, row]) => [field, row.default]),
) as unknown as TopicConfig

/** All topic keys. `overrides` by topic key; `replicaCount` decides what depends on it. */
export function topicEntries(
  config: BrokerConfig,
  overrides: ReadonlyMap<string, string>,
  replicaCount: number,
): ConfigEntry[] {
  const inForce = topicConfigTexts(resolveTopicConfig(config, overrides, replicaCount))
  const ofBroker = topicConfigTexts(resolveTopicConfig(config, NO_OVERRIDES, replicaCount))
  const builtIn = topicConfigTexts(
    resolveTopicConfig({ topicDefaults: builtInTopicDefaults }, NO_OVERRIDES, replicaCount),
  )
  const valueIn = (texts: ReadonlyMap<string, string>, row: { readonly topic: string }) => texts.get(row.topic) ?? ''
  return Object.values(topicRows).map(row => {
    const synonyms: ConfigSynonym[] = []
    if (overrides.has(row.topic)) {
      synonyms.push({ name: row.topic, value: valueIn(inForce, row), source: ConfigSource.topic })
    }
    if (config.given.has(row.kafka)) {
      synonyms.push({ name: row.kafka, value: valueIn(ofBroker, row), source: ConfigSource.static })
    }
    synonyms.push({ name: row.kafka, value: valueIn(builtIn, row), source: ConfigSource.default })
    return entryOf(row.topic, row as Key<unknown>, synonyms, { readOnly: false })
  })
}

/** All keys of this broker, the defaults of topics among them. */
export function brokerEntries(config: BrokerConfig): ConfigEntry[] {
  const values = valuesByKey(config)
  return allRows.map(row => {
    const synonyms: ConfigSynonym[] = []
    if (config.given.has(row.kafka)) {
      synonyms.push({ name: row.kafka, value: values.get(row.kafka) ?? '', source: ConfigSource.static })
    }
    synonyms.push({ name: row.kafka, value: row.kind.format(row.default), source: ConfigSource.default })
    return entryOf(row.kafka, row, synonyms, { readOnly: true })
  })
}

function entryOf(
  name: string,
  row: Key<unknown>,
  synonyms: readonly ConfigSynonym[],
  { readOnly }: { readonly readOnly: boolean },
): ConfigEntry {
  const inForce = synonyms[0]
  assert(inForce !== undefined, 'every key has at least its default', { name })
  return { name, value: inForce.value, source: inForce.source, readOnly, type: row.kind.name, doc: row.doc, synonyms }
}

/** Values by key name: typed ones as they are printed (an alias may have set them in another unit), listeners as given. */
function valuesByKey(config: BrokerConfig): ReadonlyMap<string, string> {
  const values = new Map([...config.given].map(([name, { value }]) => [name, value]))
  const print = (rows: object, from: object) => {
    for (const [field, row] of Object.entries(rows) as [string, Key<unknown>][]) {
      values.set(row.kafka, row.kind.format((from as Record<string, unknown>)[field]))
    }
  }
  print(brokerRows, config)
  print(topicRows, config.topicDefaults)
  return values
}
