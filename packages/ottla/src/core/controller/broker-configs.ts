/**
 * What may be set on all brokers, or on one, while they run. Which keys and values, and what is in force with them, is told
 * by spec/config/dynamic.ts. Brokers do not tell what they started with: the controller's own start stands for theirs.
 * Source: KIP-226.
 */
import type { BrokerConfig } from '../../spec/config/broker.ts'
import {
  brokerConfigChangeProblem,
  brokerConfigRow,
  brokerConfigText,
  brokerKeyProblem,
  brokerValueProblem,
  notDynamic,
  withDynamicConfigs,
} from '../../spec/config/dynamic.ts'
import { errorText } from '../../spec/config/text.ts'
import { ALL_BROKERS } from '../metadata/broker-config.ts'
import { brokersById, ConfigResource, type MetadataImage, overridesOf } from '../metadata/image.ts'
import type { ConfigChange, Outcome } from './commands.ts'
import { type DecidedOverrides, type Overrides, overridesAfter } from './config-overrides.ts'
import { refusal } from './decision.ts'

export function decideBrokerConfigs(image: MetadataImage, change: ConfigChange, start: BrokerConfig): DecidedOverrides {
  const { resourceName: name } = change
  if (name !== ALL_BROKERS && !brokersById(image).some(broker => String(broker.id) === name)) {
    return refusal('INVALID_REQUEST', `No broker with the id ${errorText(name)} is registered`)
  }
  const before = overridesOf(image, ConfigResource.broker, name)
  const [inForce] = configsWith(image, { name, overrides: before, start })
  const decided = overridesAfter(before, change, {
    inForce: key => (brokerConfigRow(key)?.kind.name === 'list' ? brokerConfigText(inForce, key) : null),
    refuse: (key, operation) =>
      brokerKeyProblem(key) ?? `Config value ${operation} is not allowed for config key: ${errorText(key)}`,
  })
  if ('error' in decided) return decided
  const refused = checkBrokerOverrides(decided.overrides)
  if (refused !== null) return refused
  const next = configsWith(image, { name, overrides: decided.overrides, start })
  for (const [index, config] of configsWith(image, { name, overrides: before, start }).entries()) {
    const problem = brokerConfigChangeProblem(config, next[index] ?? config)
    if (problem !== null) return refusal('INVALID_REQUEST', problem)
  }
  return decided
}

/** Why the overrides cannot be those of a broker; null when they can. */
function checkBrokerOverrides(overrides: Overrides): Outcome | null {
  const fixed = notDynamic(overrides.keys())
  if (fixed.length > 0) {
    return refusal('INVALID_REQUEST', `Cannot update these configs dynamically: [${fixed.join(', ')}]`)
  }
  for (const [key, value] of overrides) {
    const unknown = brokerKeyProblem(key)
    if (unknown !== null) return refusal('INVALID_CONFIG', unknown)
    const problem = brokerValueProblem(key, value)
    if (problem !== null) return refusal('INVALID_REQUEST', problem)
  }
  return null
}

/**
 * The configs in force, if the resource had these overrides, of every broker that it is for: first of one that has nothing
 * of its own, when it is for all.
 */
function configsWith(
  image: MetadataImage,
  { name, overrides, start }: { readonly name: string; readonly overrides: Overrides; readonly start: BrokerConfig },
): [BrokerConfig, ...BrokerConfig[]] {
  const ofAll = overridesOf(image, ConfigResource.broker, ALL_BROKERS)
  if (name !== ALL_BROKERS) return [withDynamicConfigs(start, [ofAll, overrides])]
  const ofEach = brokersById(image)
    .map(broker => overridesOf(image, ConfigResource.broker, String(broker.id)))
    .filter(own => own.size > 0)
  return [withDynamicConfigs(start, [overrides]), ...ofEach.map(own => withDynamicConfigs(start, [overrides, own]))]
}
