/** `ottla config get|set|delete`: configs of a topic, of a broker or of all brokers. */
import type { Terminal } from '../../adapters/node/terminal.ts'
import {
  type ConfigEdit,
  type ConfigEntry,
  type ConfigOwner,
  configsOf,
  editConfigs,
  nameOf,
} from '../../client/configs.ts'
import { errorText, nearest } from '../../spec/config/text.ts'
import { type ClusterFlags, withCluster } from './connect.ts'
import { CommandError, Failure } from './failure.ts'
import { findTopic } from './find-topic.ts'
import { table } from './table.ts'

/** Exactly one of the three is given. */
export interface OwnerFlags extends ClusterFlags {
  readonly topic?: string
  readonly broker?: number
  readonly allBrokers?: true
}

export interface GetFlags extends OwnerFlags {
  readonly output: 'table' | 'json'
  /** Defaults too. */
  readonly all?: true
}

export interface EditFlags extends OwnerFlags {
  readonly validateOnly?: true
}

export async function getCommand(keys: readonly string[], flags: GetFlags, terminal: Terminal): Promise<void> {
  const owner = ownerOf(flags)
  await withCluster(flags, async cluster => {
    if (owner.kind === 'topic') await findTopic(cluster, owner.name)
    const found = await configsOf(cluster, owner)
    for (const key of keys) refuseUnknown(key, found, owner)
    const shown = found.filter(entry => (keys.length > 0 ? keys.includes(entry.key) : flags.all || isSet(entry)))
    if (flags.output === 'json') {
      await terminal.write(`${JSON.stringify(shown, null, 2)}\n`)
      return
    }
    if (shown.length === 0) {
      await terminal.write(
        `nothing is set for ${nameOf(owner)}${owner.kind === 'all-brokers' ? '' : '; --all shows the defaults'}\n`,
      )
      return
    }
    const rows = shown.map(({ key, value, origin }) => [key, value ?? '(not shown)', origin])
    await terminal.write(table(['KEY', 'VALUE', 'FROM'], rows))
  })
}

export async function setCommand(settings: readonly string[], flags: EditFlags, terminal: Terminal): Promise<void> {
  await edit(settings.map(settingOf), flags, terminal)
}

export async function deleteCommand(keys: readonly string[], flags: EditFlags, terminal: Terminal): Promise<void> {
  await edit(keys.map(deletionOf), flags, terminal)
}

/** `key=value` sets; `key+=items` and `key-=items` extend and shorten a list. Throws a CommandError. */
export function settingOf(text: string): ConfigEdit {
  const found = /^([^=]*?)([+-]?)=(.*)$/s.exec(text)
  const key = found?.[1]?.trim() ?? ''
  if (found === null || key === '') {
    throw new CommandError(
      `${errorText(text)}: it has the form KEY=VALUE, as in retention.ms=3600000; for lists also KEY+=ITEM and KEY-=ITEM`,
      Failure.usage,
    )
  }
  const operation = found[2] === '+' ? 'append' : found[2] === '-' ? 'subtract' : 'set'
  return { key, operation, value: found[3] ?? '' }
}

/** The key goes back to what holds without it. */
export function deletionOf(key: string): ConfigEdit {
  return { key, operation: 'delete', value: null }
}

async function edit(edits: readonly ConfigEdit[], flags: EditFlags, terminal: Terminal): Promise<void> {
  const owner = ownerOf(flags)
  const { validateOnly = false } = flags
  await withCluster(flags, async cluster => {
    if (owner.kind === 'topic') await findTopic(cluster, owner.name)
    await editConfigs(cluster, owner, edits, { validateOnly })
    await terminal.write(`configs of ${nameOf(owner)} ${validateOnly ? 'could be changed' : 'changed'}\n`)
  })
}

function ownerOf({ topic, broker, allBrokers }: OwnerFlags): ConfigOwner {
  const named: ConfigOwner[] = []
  if (topic !== undefined) named.push({ kind: 'topic', name: topic })
  if (broker !== undefined) named.push({ kind: 'broker', brokerId: broker })
  if (allBrokers === true) named.push({ kind: 'all-brokers' })
  const [owner, second] = named
  if (owner === undefined || second !== undefined) {
    throw new CommandError('say whose configs with one of --topic NAME, --broker ID and --all-brokers', Failure.usage)
  }
  return owner
}

function isSet({ origin }: ConfigEntry): boolean {
  return origin !== 'default'
}

/** All that is told of all brokers is what was set, so that any key may be missing. */
function refuseUnknown(key: string, found: readonly ConfigEntry[], owner: ConfigOwner): void {
  if (owner.kind === 'all-brokers' || found.some(entry => entry.key === key)) return
  const meant = nearest(
    key,
    found.map(entry => entry.key),
  )
  throw new CommandError(
    `there is no config ${errorText(key)} of ${nameOf(owner)}`,
    Failure.failed,
    meant === null ? 'ottla config get --all' : `did you mean ${meant}?`,
  )
}
