/**
 * Config values with their origin, for the replies that tell them (KIP-226): of a topic, of this broker, and of what was
 * set for all brokers. One instance answers one request, from one image.
 */
import { assert } from '../../base/assert.ts'
import { ALL_BROKERS } from '../../core/metadata/broker-config.ts'
import { ConfigResource, type MetadataImage, overridesOf } from '../../core/metadata/image.ts'
import type { BrokerServices } from '../../runtime/services.ts'
import { allRows, type BrokerConfig } from '../../spec/config/broker.ts'
import { brokerRows } from '../../spec/config/broker-rows.ts'
import {
  brokerConfigRow,
  brokerValueProblem,
  type DynamicConfigs,
  withDynamicConfigs,
} from '../../spec/config/dynamic.ts'
import { isDynamic, type Key } from '../../spec/config/key.ts'
import type { KindName } from '../../spec/config/kind.ts'
import { resolveTopicConfig, type TopicConfig, topicConfigTexts } from '../../spec/config/topic.ts'
import { topicRows } from '../../spec/config/topic-rows.ts'

/** Where a value comes from, as replies number it. */
export const ConfigSource = { topic: 1, broker: 2, brokerDefault: 3, static: 4, default: 5 } as const
export type ConfigSourceCode = (typeof ConfigSource)[keyof typeof ConfigSource]

/** A value and the name and place it was given under. */
export interface ConfigSynonym {
  readonly name: string
  /** Null: a secret, which is never told. */
  readonly value: string | null
  readonly source: ConfigSourceCode
}

export interface ConfigEntry {
  readonly name: string
  /** Null: a secret, which is never told. */
  readonly value: string | null
  readonly source: ConfigSourceCode
  readonly readOnly: boolean
  readonly isSensitive: boolean
  readonly type: KindName
  readonly doc: string
  /** What is in force first, then what would be in force without it, and so on to the built-in default. */
  readonly synonyms: readonly ConfigSynonym[]
}

/** One place where broker keys are set. */
interface Layer {
  readonly source: ConfigSourceCode
  /** Whether the key is set here. */
  sets(key: string): boolean
  /** With what is set here, and nothing dynamic from elsewhere. */
  readonly config: BrokerConfig
}

const NO_OVERRIDES: ReadonlyMap<string, string> = new Map()
const builtInTopicDefaults = Object.fromEntries(
  Object.entries(topicRows).map(([field, row]) => [field, row.default]),
) as unknown as TopicConfig

export class ConfigEntries {
  readonly #config: BrokerConfig
  readonly #ofAll: DynamicConfigs
  /** The strongest first; the built-in defaults, which are below all, are not among them. */
  readonly #layers: readonly Layer[]
  /** What topics inherit from each layer and from the defaults, by their count of replicas. */
  readonly #inherited = new Map<number, readonly ReadonlyMap<string, string>[]>()

  constructor({ config, startConfig, nodeId }: BrokerServices, image: MetadataImage) {
    this.#config = config
    this.#ofAll = overridesOf(image, ConfigResource.broker, ALL_BROKERS)
    const ofOne = overridesOf(image, ConfigResource.broker, String(nodeId))
    this.#layers = [
      dynamicLayer(ConfigSource.broker, startConfig, ofOne),
      dynamicLayer(ConfigSource.brokerDefault, startConfig, this.#ofAll),
      { source: ConfigSource.static, sets: key => startConfig.given.has(key), config: startConfig },
    ]
  }

  /** All topic keys. `overrides` by topic key; `replicaCount` decides what depends on it. */
  ofTopic(overrides: ReadonlyMap<string, string>, replicaCount: number): ConfigEntry[] {
    const inForce = topicConfigTexts(resolveTopicConfig(this.#config, overrides, replicaCount))
    const inherited = this.#inheritedWith(replicaCount)
    return Object.values(topicRows).map(row => {
      const { topic: name, kafka } = row
      const valueIn = (texts: ReadonlyMap<string, string> | undefined) => texts?.get(name) ?? ''
      const synonyms: ConfigSynonym[] = []
      if (overrides.has(name)) synonyms.push({ name, value: valueIn(inForce), source: ConfigSource.topic })
      for (const [index, { source, sets }] of this.#layers.entries()) {
        if (sets(kafka)) synonyms.push({ name: kafka, value: valueIn(inherited[index]), source })
      }
      synonyms.push({ name: kafka, value: valueIn(inherited.at(-1)), source: ConfigSource.default })
      return configEntry(name, row as Key<unknown>, synonyms)
    })
  }

  /** All keys of this broker, the defaults of topics among them. */
  ofBroker(): ConfigEntry[] {
    const values = this.#layers.map(({ config }) => valuesByKey(config))
    return allRows.map(row => {
      const { kafka: name } = row
      const synonyms: ConfigSynonym[] = []
      for (const [index, { source, sets }] of this.#layers.entries()) {
        if (sets(name)) synonyms.push({ name, value: values[index]?.get(name) ?? '', source })
      }
      synonyms.push({ name, value: row.kind.format(row.default), source: ConfigSource.default })
      return configEntry(name, row, synonyms)
    })
  }

  /** What was set for all brokers, and nothing else. */
  ofAllBrokers(): ConfigEntry[] {
    const entries: ConfigEntry[] = []
    for (const [name, value] of this.#ofAll) {
      const row = brokerConfigRow(name)
      const parsed = row?.kind.parse(value)
      if (row === null || parsed?.ok !== true) continue
      entries.push(
        configEntry(name, row, [{ name, value: row.kind.format(parsed.value), source: ConfigSource.brokerDefault }]),
      )
    }
    return entries
  }

  #inheritedWith(replicaCount: number): readonly ReadonlyMap<string, string>[] {
    let texts = this.#inherited.get(replicaCount)
    if (texts === undefined) {
      const from = [...this.#layers.map(({ config }) => config), { topicDefaults: builtInTopicDefaults }]
      texts = from.map(config => topicConfigTexts(resolveTopicConfig(config, NO_OVERRIDES, replicaCount)))
      this.#inherited.set(replicaCount, texts)
    }
    return texts
  }
}

function dynamicLayer(source: ConfigSourceCode, start: BrokerConfig, set: DynamicConfigs): Layer {
  const sets = (key: string) => {
    const value = set.get(key)
    return value !== undefined && brokerValueProblem(key, value) === null
  }
  return { source, sets, config: withDynamicConfigs(start, [set]) }
}

/** The entry of a key by the places that set it, the strongest first. */
export function configEntry(name: string, row: Key<unknown>, found: readonly ConfigSynonym[]): ConfigEntry {
  const isSensitive = row.kind.name === 'password'
  const synonyms = isSensitive ? found.map(each => ({ ...each, value: null })) : found
  const inForce = synonyms[0]
  assert(inForce !== undefined, 'every key has a value', { name })
  const { value, source } = inForce
  const readOnly = !isDynamic(row)
  return { name, value, source, readOnly, isSensitive, type: row.kind.name, doc: row.doc, synonyms }
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
