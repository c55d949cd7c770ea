/**
 * The config of one topic: the broker's defaults, then what was set for the topic. Overrides are kept as text under
 * Kafka's topic names, as clients send them and the metadata log stores them.
 */
import { assert } from '../../base/assert.ts'
import type { Key, ValuesOf } from './key.ts'
import { errorText, nearest } from './text.ts'
import { MIN_INSYNC_REPLICAS_AUTO, topicRows } from './topic-rows.ts'

/** Typed values of all topic keys. See topic-rows.ts for meaning, unit and default of each. */
export type TopicConfig = ValuesOf<typeof topicRows>
export type TopicConfigField = keyof TopicConfig

const rows = Object.entries(topicRows) as readonly (readonly [
  TopicConfigField,
  Key<unknown> & { readonly topic: string },
])[]
const fieldByTopicKey: ReadonlyMap<string, TopicConfigField> = new Map(rows.map(([field, row]) => [row.topic, field]))

/** Names of the topic keys, as in `kafka-configs --entity-type topics`. */
export const topicConfigKeys: readonly string[] = rows.map(([, row]) => row.topic)

/** The row's name of a topic key, or null when there is no such key. */
export function topicConfigField(key: string): TopicConfigField | null {
  return fieldByTopicKey.get(key) ?? null
}

/** Null when the value may be set; else what is wrong, for the reply's message (INVALID_CONFIG). */
export function validateTopicConfig(key: string, value: string): string | null {
  const field = fieldByTopicKey.get(key)
  if (field === undefined) {
    const meant = nearest(key, topicConfigKeys)
    return `Unknown topic config name: ${errorText(key)}${meant === null ? '' : `; did you mean ${meant}?`}`
  }
  const parsed = (topicRows[field] as Key<unknown>).kind.parse(value)
  if (!parsed.ok) return invalidValue(key, value, parsed.why)
  return isAutoMinInsync(field, value) ? invalidValue(key, value, 'Value must be at least 1') : null
}

/** The sentence about a value that its kind refuses. */
export function invalidValue(key: string, value: string, why: string): string {
  return `Invalid value ${errorText(value)} for configuration ${key}: ${why}`
}

/** What is wrong with a whole set of overrides that are each valid; null when nothing. */
export function validateTopicConfigs(config: TopicConfig): string | null {
  const { minCompactionLagMs: min, maxCompactionLagMs: max } = config
  if (min <= max) return null
  return `conflict topic config setting min.compaction.lag.ms (${min}) > max.compaction.lag.ms (${max})`
}

/**
 * What is wrong with `after` as the next config of a log that has `before`; null when nothing. A log of
 * `durability=memory` has no files and gets none, and one with files keeps them.
 */
export function topicConfigChangeProblem(before: TopicConfig, after: TopicConfig): string | null {
  if ((before.durability === 'memory') === (after.durability === 'memory')) return null
  return `durability cannot change from ${before.durability} to ${after.durability}: memory is for the whole life of a topic`
}

/**
 * The topic's config in force. `overrides` were validated when they were accepted; a value that no longer parses (an
 * older release accepted it) counts as not set. `replicaCount` decides min.insync.replicas when nobody set it.
 */
export function resolveTopicConfig(
  broker: { readonly topicDefaults: TopicConfig },
  overrides: ReadonlyMap<string, string>,
  replicaCount = 1,
): TopicConfig {
  const values: { [field: string]: unknown } = { ...broker.topicDefaults }
  for (const [key, value] of overrides) {
    const field = fieldByTopicKey.get(key)
    if (field === undefined) continue
    const parsed = (topicRows[field] as Key<unknown>).kind.parse(value)
    if (parsed.ok) values[field] = parsed.value
  }
  if (values.minInsyncReplicas === MIN_INSYNC_REPLICAS_AUTO) values.minInsyncReplicas = replicaCount >= 3 ? 2 : 1
  const config = values as unknown as TopicConfig
  assert(config.minInsyncReplicas >= 1, 'min.insync.replicas is chosen', {
    minInsyncReplicas: config.minInsyncReplicas,
  })
  return config
}

/** A topic's config as text by topic key: for DescribeConfigs and CreateTopics replies. */
export function topicConfigTexts(config: TopicConfig): ReadonlyMap<string, string> {
  return new Map(rows.map(([field, row]) => [row.topic, row.kind.format(config[field])]))
}

/** -1 means `choose` for the broker's default only; a topic says how many. 0 would mean no promise at all. */
function isAutoMinInsync(field: TopicConfigField, value: string): boolean {
  return field === 'minInsyncReplicas' && Number(value) < 1
}
