/**
 * What was configured, by key, from all sources: defaults < server.properties < environment < flags. Knows keys and
 * aliases, not what values mean.
 */
import type { Alias, Key } from './key.ts'
import { parseProperties } from './properties.ts'
import { errorText, nearest } from './text.ts'
import { unhonoured, unhonouredKeys } from './unhonoured.ts'
import type { UsageProblem } from './usage.ts'

export interface ConfigSources {
  /** The text of a server.properties file; `path` is for messages. */
  readonly file?: { readonly path: string; readonly text: string }
  /** `OTTLA_LOG_SEGMENT_BYTES=...` sets log.segment.bytes; other variables do not count. */
  readonly environment?: Readonly<Record<string, string | undefined>>
  /** Keys with values from the command line, in its order. */
  readonly flags?: Iterable<readonly [key: string, value: string]>
  /** What messages call the place of `flags`. Default `command line`. */
  readonly flagsAre?: string
}

/** Which kind of source a value came from, lowest first. */
export type SourceKind = 'default' | 'file' | 'environment' | 'flag'

/** One value as given, with the row that it is for. */
export interface Given {
  readonly value: string
  /** The name used: the key's own or an alias. */
  readonly name: string
  /** Multiplies a number; 1 but for coarser aliases. */
  readonly scale: number
  readonly source: SourceKind
  readonly where: string
}

export interface GivenConfig {
  /** By the key's own name: the value that counts. */
  readonly values: ReadonlyMap<string, Given>
  /** Kafka's keys that are not honoured, by name. */
  readonly ignored: ReadonlyMap<string, Given>
  readonly warnings: readonly string[]
  readonly problems: readonly UsageProblem[]
}

interface Entry {
  readonly name: string
  readonly value: string
  readonly source: SourceKind
  readonly where: string
}

/** A key's name in any source, and how fine it is: 0 is the key itself. */
interface Target {
  readonly key: string
  readonly scale: number
  readonly rank: number
}

const SOURCE_RANK: Readonly<Record<SourceKind, number>> = { default: 0, file: 1, environment: 2, flag: 3 }
const PREFIX = 'OTTLA_'

/** Sorts what was given by the rows' keys. */
export function gather(rows: Iterable<Key<unknown>>, sources: ConfigSources): GivenConfig {
  const targets = targetsOf(rows)
  const warnings: string[] = []
  const problems: UsageProblem[] = []
  const entries = [
    ...fileEntries(sources, problems, warnings),
    ...environmentEntries(sources.environment ?? {}, targets, warnings),
    ...flagEntries(sources),
  ]
  const values = new Map<string, Given & { readonly rank: number }>()
  const ignored = new Map<string, Given>()
  for (const entry of entries) {
    const target = targets.get(entry.name)
    if (target === undefined) {
      const warning = judgeUnknown(entry, targets, problems)
      if (warning === null) continue
      if (!ignored.has(entry.name)) warnings.push(warning)
      ignored.set(entry.name, { ...entry, scale: 1 })
      continue
    }
    const held = values.get(target.key)
    if (held !== undefined && outranks(held, entry, target)) continue
    values.set(target.key, { ...entry, scale: target.scale, rank: target.rank })
  }
  return { values, ignored, warnings, problems }
}

/** Whether the value held counts more: a finer name of the same source. A later source, or a later line, wins. */
function outranks(held: Given & { readonly rank: number }, entry: Entry, target: Target): boolean {
  return SOURCE_RANK[held.source] === SOURCE_RANK[entry.source] && held.rank < target.rank
}

function targetsOf(rows: Iterable<Key<unknown>>): Map<string, Target> {
  const targets = new Map<string, Target>()
  for (const row of rows) {
    targets.set(row.kafka, { key: row.kafka, scale: 1, rank: 0 })
    const aliases: readonly Alias[] = row.aliases ?? []
    for (const [index, alias] of aliases.entries()) {
      targets.set(alias.kafka, { key: row.kafka, scale: alias.scale, rank: index + 1 })
    }
  }
  return targets
}

function* fileEntries(sources: ConfigSources, problems: UsageProblem[], warnings: string[]): Generator<Entry> {
  if (sources.file === undefined) return
  const { path, text } = sources.file
  const { entries, malformed } = parseProperties(text)
  for (const { line, why } of malformed) {
    problems.push({ key: `line ${line}`, given: null, where: path, allowed: why, next: 'write it as key=value' })
  }
  const seen = new Map<string, number>()
  for (const { key, value, line } of entries) {
    const before = seen.get(key)
    if (before !== undefined)
      warnings.push(`${errorText(key)} stands in lines ${before} and ${line} of ${path}: the last one counts`)
    seen.set(key, line)
    yield { name: key, value, source: 'file', where: `${path} line ${line}` }
  }
}

/** Unknown names are a warning only: Kubernetes sets OTTLA_PORT and the like for a service named ottla. */
function* environmentEntries(
  environment: Readonly<Record<string, string | undefined>>,
  targets: ReadonlyMap<string, Target>,
  warnings: string[],
): Generator<Entry> {
  const byVariable = new Map([...targets.keys(), ...unhonouredKeys].map(name => [variableOf(name), name]))
  for (const [variable, value] of Object.entries(environment)) {
    if (!variable.startsWith(PREFIX) || value === undefined) continue
    const name = byVariable.get(variable)
    if (name === undefined) {
      const meant = nearest(variable, byVariable.keys())
      warnings.push(
        `environment ${errorText(variable)} names no config key and is ignored${meant === null ? '' : `; did you mean ${meant}?`}`,
      )
      continue
    }
    yield { name, value, source: 'environment', where: `environment ${variable}` }
  }
}

function* flagEntries(sources: ConfigSources): Generator<Entry> {
  const where = sources.flagsAre ?? 'command line'
  for (const [name, value] of sources.flags ?? []) yield { name, value, source: 'flag', where }
}

/** The environment variable that sets a key. */
export function variableOf(key: string): string {
  return PREFIX + key.toUpperCase().replaceAll('.', '_')
}

/** A warning for a key that is left out; null when it became a problem. */
function judgeUnknown(entry: Entry, targets: ReadonlyMap<string, Target>, problems: UsageProblem[]): string | null {
  const known = unhonoured(entry.name, entry.value)
  if (known?.kind === 'ignored') return `${errorText(entry.name)} (${entry.where}) has no effect: ${known.why}`
  if (known?.kind === 'refused') {
    problems.push({
      key: entry.name,
      given: entry.value,
      where: entry.where,
      allowed: `this release does not do this, and leaving it out would be dangerous: ${known.why}`,
      next: known.next,
    })
    return null
  }
  const meant = nearest(entry.name, [...targets.keys(), ...unhonouredKeys])
  const next = meant === null ? 'take it out; docs/generated/config.md lists the keys' : `did you mean ${meant}?`
  problems.push({ key: entry.name, given: null, where: entry.where, allowed: 'there is no such key', next })
  return null
}
