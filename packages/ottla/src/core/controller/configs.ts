/** Config overrides: set, deleted, and for keys that hold a list extended and shortened. Source: KIP-339. */
import {
  resolveTopicConfig,
  topicConfigField,
  topicConfigTexts,
  validateTopicConfig,
  validateTopicConfigs,
} from '../../spec/config/topic.ts'
import { topicRows } from '../../spec/config/topic-rows.ts'
import { ConfigResource, type MetadataImage, overridesOf, topicByName } from '../metadata/image.ts'
import type { MetadataRecord } from '../metadata/records.ts'
import type { AlterConfigs, AlteredConfig, ConfigChange, Outcome } from './commands.ts'
import { type ControllerRules, type Decision, DONE, refusal } from './decision.ts'

export function decideAlterConfigs(
  image: MetadataImage,
  command: AlterConfigs,
  rules: ControllerRules,
): Decision<readonly AlteredConfig[]> {
  const records: MetadataRecord[] = []
  const reply: AlteredConfig[] = []
  const seen = new Set<string>()
  for (const change of command.resources) {
    const { resourceType, resourceName } = change
    const resource = `${resourceType}/${resourceName}`
    const result = seen.has(resource)
      ? refusal('INVALID_REQUEST', 'the resource is named twice')
      : decideResource(image, change, rules)
    seen.add(resource)
    reply.push({ resourceType, resourceName, ...('error' in result ? result : DONE) })
    if (!('error' in result)) records.push(...recordsOf(image, change, result.overrides))
  }
  return { records: command.validateOnly ? [] : records, reply }
}

/** The checked overrides of a topic, or why they are refused. */
export function checkTopicOverrides(overrides: ReadonlyMap<string, string>, rules: ControllerRules): Outcome | null {
  for (const [name, value] of overrides) {
    const problem = validateTopicConfig(name, value)
    if (problem !== null) return refusal('INVALID_CONFIG', problem)
  }
  const problem = validateTopicConfigs(resolveTopicConfig(rules, overrides))
  return problem === null ? null : refusal('INVALID_CONFIG', problem)
}

function decideResource(
  image: MetadataImage,
  change: ConfigChange,
  rules: ControllerRules,
): Outcome | { overrides: ReadonlyMap<string, string> } {
  const { resourceName } = change
  if (change.resourceType !== ConfigResource.topic) {
    return refusal('INVALID_CONFIG', "a broker's config is read at its start: set it in server.properties")
  }
  if (topicByName(image, resourceName) === null) {
    return refusal('UNKNOWN_TOPIC_OR_PARTITION', `topic ${resourceName} is not there`)
  }
  const before = overridesOf(image, change.resourceType, resourceName)
  const overrides = new Map(change.replaceAll ? [] : before)
  const seen = new Set<string>()
  for (const { name, operation, value } of change.changes) {
    if (seen.has(name)) return refusal('INVALID_REQUEST', `the key ${name} is named twice`)
    seen.add(name)
    const next = nextValue({ name, operation, value }, { overrides, rules })
    if (typeof next === 'object' && next !== null) return next
    if (next === null) overrides.delete(name)
    else overrides.set(name, next)
  }
  return checkTopicOverrides(overrides, rules) ?? { overrides }
}

/** The key's value after the change, null when it goes back to the default, or why the change is refused. */
function nextValue(
  change: ConfigChange['changes'][number],
  at: { overrides: ReadonlyMap<string, string>; rules: ControllerRules },
): string | null | Outcome {
  const { name, operation, value } = change
  if (operation === 'delete') {
    const problem = topicConfigField(name) === null ? validateTopicConfig(name, '') : null
    return problem === null ? null : refusal('INVALID_CONFIG', problem)
  }
  if (value === null) return refusal('INVALID_REQUEST', `${operation} of ${name} needs a value`)
  if (operation === 'set') return value
  const field = topicConfigField(name)
  if (field === null) return refusal('INVALID_CONFIG', validateTopicConfig(name, value) ?? `unknown key ${name}`)
  if (topicRows[field].kind.name !== 'list') {
    return refusal('INVALID_CONFIG', `${name} holds no list: only set and delete are possible`)
  }
  const inForce = topicConfigTexts(resolveTopicConfig(at.rules, at.overrides)).get(name) ?? ''
  const have = itemsOf(inForce)
  const named = itemsOf(value)
  const next = operation === 'append' ? [...new Set([...have, ...named])] : have.filter(item => !named.includes(item))
  return next.join(',')
}

function itemsOf(list: string): string[] {
  return list
    .split(',')
    .map(item => item.trim())
    .filter(item => item !== '')
}

/** Only what differs. */
function* recordsOf(
  image: MetadataImage,
  change: ConfigChange,
  overrides: ReadonlyMap<string, string>,
): Generator<MetadataRecord> {
  const { resourceType, resourceName } = change
  const before = overridesOf(image, resourceType, resourceName)
  for (const [name, value] of overrides) {
    if (before.get(name) !== value) yield { type: 'config', body: { resourceType, resourceName, name, value } }
  }
  for (const name of before.keys()) {
    if (!overrides.has(name)) yield { type: 'config', body: { resourceType, resourceName, name, value: null } }
  }
}
