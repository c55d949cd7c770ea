/** What may be set on a topic, and what is in force with it. Keys and values are told by spec/config/topic-rows.ts. */
import type { Key } from '../../spec/config/key.ts'
import { errorText } from '../../spec/config/text.ts'
import {
  resolveTopicConfig,
  topicConfigChangeProblem,
  topicConfigField,
  validateTopicConfig,
  validateTopicConfigs,
} from '../../spec/config/topic.ts'
import { topicRows } from '../../spec/config/topic-rows.ts'
import { ConfigResource, type MetadataImage, overridesOf, topicByName } from '../metadata/image.ts'
import { topicNameProblem } from '../metadata/names.ts'
import type { ConfigChange, Outcome } from './commands.ts'
import { type DecidedOverrides, type Overrides, overridesAfter } from './config-overrides.ts'
import { type ControllerRules, refusal } from './decision.ts'

export function decideTopicConfigs(
  image: MetadataImage,
  change: ConfigChange,
  rules: ControllerRules,
): DecidedOverrides {
  const { resourceName: name } = change
  if (name === '') return refusal('INVALID_REQUEST', 'Default topic resources are not allowed.')
  const nameProblem = topicNameProblem(name)
  if (nameProblem !== null) return refusal('INVALID_TOPIC_EXCEPTION', nameProblem)
  if (topicByName(image, name) === null) {
    return refusal('UNKNOWN_TOPIC_OR_PARTITION', `The topic '${name}' does not exist.`)
  }
  const before = overridesOf(image, ConfigResource.topic, name)
  const decided = overridesAfter(before, change, {
    inForce: key => listInForce(key, before, rules),
    refuse: (key, operation) =>
      `Can't ${operation.toUpperCase()} to key ${errorText(key)} because its type is not LIST.`,
  })
  if ('error' in decided) return decided
  const refused = checkTopicOverrides(decided.overrides, rules)
  if (refused !== null) return refused
  const after = resolveTopicConfig(rules, decided.overrides)
  const problem = topicConfigChangeProblem(resolveTopicConfig(rules, before), after)
  return problem === null ? decided : refusal('INVALID_CONFIG', problem)
}

/** Why the overrides cannot be those of a topic; null when they can. */
export function checkTopicOverrides(overrides: Overrides, rules: ControllerRules): Outcome | null {
  for (const [name, value] of overrides) {
    const problem = validateTopicConfig(name, value)
    if (problem !== null) return refusal('INVALID_CONFIG', problem)
  }
  const problem = validateTopicConfigs(resolveTopicConfig(rules, overrides))
  return problem === null ? null : refusal('INVALID_CONFIG', problem)
}

function listInForce(key: string, overrides: Overrides, rules: ControllerRules): string | null {
  const field = topicConfigField(key)
  if (field === null) return null
  const row: Key<unknown> = topicRows[field]
  return row.kind.name === 'list' ? row.kind.format(resolveTopicConfig(rules, overrides)[field]) : null
}
