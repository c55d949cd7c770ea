/**
 * What a change makes of a resource's overrides, before anybody judges keys and values: keys are set and deleted, lists
 * extended and shortened. Source: KIP-339.
 */
import { errorText } from '../../spec/config/text.ts'
import type { ConfigChange, ConfigOperation, Outcome } from './commands.ts'
import { refusal } from './decision.ts'

/** Values by key, as text. */
export type Overrides = ReadonlyMap<string, string>

export type DecidedOverrides = Outcome | { readonly overrides: Overrides }

/** What the kind of resource knows of lists. */
export interface ListKeys {
  /** The list that is in force for the key; null when the key holds no list. */
  inForce(key: string): string | null
  /** Why a key that holds no list is neither extended nor shortened. */
  refuse(key: string, operation: ConfigOperation): string
}

/** A key that is named twice, or set to nothing, is refused; one that is deleted need not be there, nor be known. */
export function overridesAfter(before: Overrides, change: ConfigChange, lists: ListKeys): DecidedOverrides {
  const { changes } = change
  if (new Set(changes.map(each => each.name)).size !== changes.length) {
    return refusal('INVALID_REQUEST', 'Error due to duplicate config keys')
  }
  const empty = changes.filter(({ operation, value }) => operation !== 'delete' && value === null)
  if (empty.length > 0) {
    const keys = empty.map(({ name }) => errorText(name)).join(',')
    return refusal('INVALID_REQUEST', `Null value not supported for : ${keys}`)
  }
  const overrides = new Map(change.replaceAll ? [] : before)
  for (const { name, operation, value } of changes) {
    if (operation === 'delete') overrides.delete(name)
    else if (operation === 'set') overrides.set(name, value ?? '')
    else {
      const have = lists.inForce(name)
      if (have === null) return refusal('INVALID_CONFIG', lists.refuse(name, operation))
      overrides.set(name, listAfter(have, operation, value ?? ''))
    }
  }
  return { overrides }
}

function listAfter(have: string, operation: 'append' | 'subtract', value: string): string {
  const items = itemsOf(have)
  const named = itemsOf(value)
  const after = operation === 'append' ? new Set([...items, ...named]) : items.filter(item => !named.includes(item))
  return [...after].join(',')
}

function itemsOf(list: string): string[] {
  return list
    .split(',')
    .map(item => item.trim())
    .filter(item => item !== '')
}
