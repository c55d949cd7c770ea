/** Where a config value comes from, as replies number it (KIP-226). */
import type { BrokerConfig } from '../../spec/config/broker.ts'
import { topicConfigField } from '../../spec/config/topic.ts'
import { topicRows } from '../../spec/config/topic-rows.ts'

export const ConfigSource = { topic: 1, broker: 2, brokerDefault: 3, static: 4, default: 5 } as const
export type ConfigSourceCode = (typeof ConfigSource)[keyof typeof ConfigSource]

/** For a topic key without an override: set in the broker's own configuration, or nowhere. */
export function sourceOfTopicKey(config: BrokerConfig, topicKey: string): ConfigSourceCode {
  const field = topicConfigField(topicKey)
  const isGiven = field !== null && config.given.has(topicRows[field].kafka)
  return isGiven ? ConfigSource.static : ConfigSource.default
}
