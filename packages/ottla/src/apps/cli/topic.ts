/** `ottla topic create|list|describe|alter|delete`. */
import type { Terminal } from '../../adapters/node/terminal.ts'
import type { Cluster, TopicInfo } from '../../client/cluster.ts'
import { configsOf, editConfigs } from '../../client/configs.ts'
import { listOffset, SpecialTime } from '../../client/list-offsets.ts'
import { createTopic, deleteTopic, growTopic } from '../../client/topics.ts'
import { WireFailure } from '../../client/wire-failure.ts'
import { deletionOf, settingOf } from './config.ts'
import { type ClusterFlags, withCluster } from './connect.ts'
import { CommandError, Failure } from './failure.ts'
import { findTopic } from './find-topic.ts'
import { table } from './table.ts'

export interface TopicFlags extends ClusterFlags {
  readonly output: 'table' | 'json'
}

export interface CreateFlags extends ClusterFlags {
  readonly partitions?: number
  readonly replicas?: number
  /** `key=value`, each. */
  readonly config?: readonly string[]
  readonly ifNotExists?: true
  readonly validateOnly?: true
}

export interface AlterFlags extends ClusterFlags {
  /** How many there shall be in all. */
  readonly partitions?: number
  /** `key=value`, `key+=items` or `key-=items`, each. */
  readonly config: readonly string[]
  readonly deleteConfig: readonly string[]
  readonly validateOnly?: true
}

export async function createCommand(name: string, flags: CreateFlags, terminal: Terminal): Promise<void> {
  const configs = Object.fromEntries((flags.config ?? []).map(splitConfig))
  const { partitions = -1, replicas = -1, validateOnly = false } = flags
  await withCluster(flags, async cluster => {
    const topic = { name, partitions, replicationFactor: replicas, configs }
    try {
      const created = await createTopic(cluster, topic, { validateOnly })
      const made = validateOnly ? 'could be created' : 'created'
      const size = created.partitions < 0 ? '' : `, ${plural(created.partitions, 'partition')}`
      await terminal.write(`topic ${name} ${made}${size}\n`)
    } catch (error) {
      const isThere = error instanceof WireFailure && error.errorName === 'TOPIC_ALREADY_EXISTS'
      if (!isThere || flags.ifNotExists !== true) throw error
      await terminal.write(`topic ${name} is there already\n`)
    }
  })
}

export async function listCommand(flags: TopicFlags, terminal: Terminal): Promise<void> {
  await withCluster(flags, async cluster => {
    const topics = await cluster.topics()
    if (flags.output === 'json') {
      const rows = topics.map(topic => ({
        name: topic.name,
        id: topic.topicId,
        partitions: topic.partitions.length,
        replicas: replicasOf(topic),
        internal: topic.isInternal,
      }))
      await terminal.write(`${JSON.stringify(rows, null, 2)}\n`)
      return
    }
    const rows = topics.map(topic => [topic.name, topic.partitions.length, replicasOf(topic)])
    await terminal.write(table(['TOPIC', 'PARTITIONS', 'REPLICAS'], rows))
  })
}

export async function describeCommand(name: string, flags: TopicFlags, terminal: Terminal): Promise<void> {
  await withCluster(flags, async cluster => {
    const topic = await findTopic(cluster, name)
    const configs = await configsOf(cluster, { kind: 'topic', name })
    const partitions = await Promise.all(topic.partitions.map(each => describePartition(cluster, name, each)))
    if (flags.output === 'json') {
      const config = Object.fromEntries(configs.map(entry => [entry.key, entry.value]))
      await terminal.write(`${JSON.stringify({ name, id: topic.topicId, partitions, config }, null, 2)}\n`)
      return
    }
    const own = configs
      .filter(entry => entry.origin === 'topic')
      .map(entry => `${entry.key}=${entry.value ?? '(not shown)'}`)
    const rows = partitions.map(each => [
      each.partition,
      each.leader < 0 ? 'none' : each.leader,
      each.replicas.join(','),
      each.isr.join(','),
      each.startOffset ?? '?',
      each.endOffset ?? '?',
    ])
    await terminal.write(
      `topic ${name}, id ${topic.topicId}\nconfig ${own.join(', ') || '(all as the broker has it)'}\n${table(
        ['PARTITION', 'LEADER', 'REPLICAS', 'ISR', 'START', 'END'],
        rows,
      )}`,
    )
  })
}

/** Everything is checked before anything changes. */
export async function alterCommand(name: string, flags: AlterFlags, terminal: Terminal): Promise<void> {
  const { partitions, validateOnly = false } = flags
  const edits = [...flags.config.map(settingOf), ...flags.deleteConfig.map(deletionOf)]
  if (partitions === undefined && edits.length === 0) {
    throw new CommandError('say what to change with --partitions, --config or --delete-config', Failure.usage)
  }
  await withCluster(flags, async cluster => {
    await findTopic(cluster, name)
    const change = async (onlyValidated: boolean) => {
      const options = { validateOnly: onlyValidated }
      if (edits.length > 0) await editConfigs(cluster, { kind: 'topic', name }, edits, options)
      if (partitions !== undefined) await growTopic(cluster, name, partitions, options)
    }
    await change(true)
    if (!validateOnly) await change(false)
    const size = partitions === undefined ? '' : `, ${plural(partitions, 'partition')}`
    await terminal.write(`topic ${name} ${validateOnly ? 'could be changed' : 'changed'}${size}\n`)
  })
}

export async function deleteCommand(names: readonly string[], flags: ClusterFlags, terminal: Terminal): Promise<void> {
  await withCluster(flags, async cluster => {
    for (const name of names) {
      await deleteTopic(cluster, name)
      await terminal.write(`topic ${name} deleted\n`)
    }
  })
}

/** Offsets are null where nobody leads the partition. */
async function describePartition(cluster: Cluster, topic: string, each: TopicInfo['partitions'][number]) {
  if (each.leader < 0) return { ...each, startOffset: null, endOffset: null }
  const [start, end] = await Promise.all([
    listOffset(cluster, topic, each.partition, SpecialTime.start),
    listOffset(cluster, topic, each.partition, SpecialTime.end),
  ])
  return { ...each, startOffset: start.offset, endOffset: end.offset }
}

function replicasOf(topic: TopicInfo): number {
  return topic.partitions[0]?.replicas.length ?? 0
}

function splitConfig(text: string): [key: string, value: string] {
  const at = text.indexOf('=')
  if (at <= 0)
    throw new CommandError(
      `--config ${text}: it has the form KEY=VALUE, as in --config retention.ms=3600000`,
      Failure.usage,
    )
  return [text.slice(0, at).trim(), text.slice(at + 1)]
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
