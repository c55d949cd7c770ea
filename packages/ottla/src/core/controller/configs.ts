/**
 * AlterConfigs of any kind of resource: each is decided alone, and what is refused of one changes nothing of the others.
 * What may be set on a topic is topic-configs.ts, on brokers broker-configs.ts. Sources: KIP-133, KIP-226, KIP-339; which
 * error and which words, as Kafka 4.3 answers.
 */
import { assert } from '../../base/assert.ts'
import type { BrokerConfig } from '../../spec/config/broker.ts'
import { ConfigResource, type MetadataImage, overridesOf } from '../metadata/image.ts'
import type { MetadataRecord } from '../metadata/records.ts'
import { decideBrokerConfigs } from './broker-configs.ts'
import type { AlterConfigs, AlteredConfig, ConfigChange } from './commands.ts'
import type { DecidedOverrides, Overrides } from './config-overrides.ts'
import { type ControllerRules, type Decision, DONE } from './decision.ts'
import { decideTopicConfigs } from './topic-configs.ts'

interface Given {
  readonly rules: ControllerRules
  /** What a broker reads at its start, below all that is set dynamically. */
  readonly start: BrokerConfig
}

export function decideAlterConfigs(
  image: MetadataImage,
  command: AlterConfigs,
  given: Given,
): Decision<readonly AlteredConfig[]> {
  const records: MetadataRecord[] = []
  const names = new Set(command.resources.map(change => `${change.resourceType}/${change.resourceName}`))
  assert(names.size === command.resources.length, 'a command names a resource once', { names: names.size })
  const reply = command.resources.map((change): AlteredConfig => {
    const { resourceType, resourceName } = change
    const decided = decideResource(image, change, given)
    if ('error' in decided) return { resourceType, resourceName, ...decided }
    for (const record of recordsOf(image, change, decided.overrides)) records.push(record)
    return { resourceType, resourceName, ...DONE }
  })
  return { records: command.validateOnly ? [] : records, reply }
}

function decideResource(image: MetadataImage, change: ConfigChange, { rules, start }: Given): DecidedOverrides {
  return change.resourceType === ConfigResource.topic
    ? decideTopicConfigs(image, change, rules)
    : decideBrokerConfigs(image, change, start)
}

/** Only what differs. */
function* recordsOf(image: MetadataImage, change: ConfigChange, overrides: Overrides): Generator<MetadataRecord> {
  const { resourceType, resourceName } = change
  const before = overridesOf(image, resourceType, resourceName)
  for (const [name, value] of overrides) {
    if (before.get(name) !== value) yield { type: 'config', body: { resourceType, resourceName, name, value } }
  }
  for (const name of before.keys()) {
    if (!overrides.has(name)) yield { type: 'config', body: { resourceType, resourceName, name, value: null } }
  }
}
