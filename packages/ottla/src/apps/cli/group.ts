/** `ottla group list|describe|reset|delete`. */
import { NodeClock } from '../../adapters/node/clock.ts'
import type { Terminal } from '../../adapters/node/terminal.ts'
import type { Offset } from '../../base/units.ts'
import type { Cluster } from '../../client/cluster.ts'
import {
  type CommittedOffset,
  commitOffsets,
  committedOffsets,
  deleteGroup,
  deleteOffsets,
  describeGroup,
  type GroupDescription,
  type GroupMember,
  listGroups,
  partitionsOf,
  type TopicPartition,
} from '../../client/groups.ts'
import { listOffset, SpecialTime } from '../../client/list-offsets.ts'
import { WireFailure } from '../../client/wire-failure.ts'
import { errorText, nearest } from '../../spec/config/text.ts'
import { type ClusterFlags, withCluster } from './connect.ts'
import { CommandError, Failure } from './failure.ts'
import { findTopic } from './find-topic.ts'
import { parsePlace, parseTarget, targetOffset } from './group-target.ts'
import { plural } from './plural.ts'
import { table } from './table.ts'

export interface GroupFlags extends ClusterFlags {
  readonly output: 'table' | 'json'
}

export interface ResetFlags extends GroupFlags {
  readonly to: string
  /** `name` or `name:partitions`, each. */
  readonly topic: readonly string[]
  readonly allTopics?: true
  readonly validateOnly?: true
}

export interface DeleteFlags extends ClusterFlags {
  /** Only the offsets of these: `name` or `name:partitions`, each. */
  readonly topic: readonly string[]
}

/** One partition of a group, as it is shown. */
interface Row extends TopicPartition {
  /** Null: nothing. */
  readonly committed: Offset | null
  /** Null: the partition cannot be asked, perhaps because its topic is gone. */
  readonly end: Offset | null
  readonly lag: number | null
  readonly member: GroupMember | null
}

export async function listCommand(flags: GroupFlags, terminal: Terminal): Promise<void> {
  await withCluster(flags, async cluster => {
    const groups = await listGroups(cluster)
    if (flags.output === 'json') {
      await terminal.write(`${JSON.stringify(groups, null, 2)}\n`)
      return
    }
    const rows = groups.map(({ groupId, state, protocolType }) => [groupId, state || '?', protocolType || '-'])
    await terminal.write(table(['GROUP', 'STATE', 'PROTOCOL'], rows))
  })
}

export async function describeCommand(groupId: string, flags: GroupFlags, terminal: Terminal): Promise<void> {
  await withCluster(flags, async cluster => {
    const group = await describeGroup(cluster, groupId)
    const offsets = await committedOffsets(cluster, groupId)
    if (group.state === 'Dead' && offsets.length === 0) throw await noSuchGroup(cluster, groupId)
    const rows = await rowsOf(cluster, group, offsets)
    if (flags.output === 'json') {
      const told = rows.map(({ member, ...row }) => ({ ...row, memberId: member?.memberId ?? null }))
      await terminal.write(`${JSON.stringify({ ...group, offsets: told }, null, 2)}\n`)
      return
    }
    await terminal.write(`${headOf(group)}\n`)
    if (rows.length > 0)
      await terminal.write(
        table(['TOPIC', 'PARTITION', 'COMMITTED', 'END', 'LAG', 'MEMBER', 'HOST'], rows.map(cellsOf)),
      )
    await terminal.write(notesOf(group, rows))
  })
}

export async function resetCommand(groupId: string, flags: ResetFlags, terminal: Terminal): Promise<void> {
  const target = parseTarget(flags.to, new NodeClock().wallMs())
  const wanted = flags.topic.map(parsePlace)
  if (wanted.length > 0 === (flags.allTopics === true)) {
    throw new CommandError('say which offsets with --topic NAME (may be repeated) or --all-topics', Failure.usage)
  }
  await withCluster(flags, async cluster => {
    const group = await describeGroup(cluster, groupId)
    if (group.members.length > 0) throw inUse(group)
    const before = await committedOffsets(cluster, groupId)
    const places = flags.allTopics === true ? before : await placesOf(cluster, wanted)
    if (places.length === 0) {
      throw new CommandError(
        `group ${errorText(groupId)} has committed nothing`,
        Failure.failed,
        'name topics with --topic',
      )
    }
    const known = new Map(before.map(each => [keyOf(each), each]))
    const after: CommittedOffset[] = []
    for (const { topic, partition } of places) {
      const was = known.get(keyOf({ topic, partition }))
      const offset = await targetOffset(cluster, { topic, partition }, target, was?.offset ?? null)
      after.push({ topic, partition, offset, metadata: '' })
    }
    if (flags.validateOnly !== true) await commitOffsets(cluster, groupId, after)
    await tellReset(
      groupId,
      after.map(to => ({ ...to, from: known.get(keyOf(to))?.offset ?? null })),
      flags,
      terminal,
    )
  })
}

export async function deleteCommand(
  groupIds: readonly string[],
  flags: DeleteFlags,
  terminal: Terminal,
): Promise<void> {
  const wanted = flags.topic.map(parsePlace)
  await withCluster(flags, async cluster => {
    for (const groupId of groupIds) {
      if (wanted.length === 0) await deleteWhole(cluster, groupId)
      else await deleteOffsets(cluster, groupId, await committedAt(cluster, groupId, wanted))
      const what = wanted.length === 0 ? `group ${groupId}` : `offsets of ${flags.topic.join(' ')} in group ${groupId}`
      await terminal.write(`${what} deleted\n`)
    }
  })
}

async function deleteWhole(cluster: Cluster, groupId: string): Promise<void> {
  try {
    await deleteGroup(cluster, groupId)
  } catch (error) {
    if (!(error instanceof WireFailure)) throw error
    if (error.errorName === 'GROUP_ID_NOT_FOUND') throw await noSuchGroup(cluster, groupId)
    if (error.errorName === 'NON_EMPTY_GROUP') throw inUse(await describeGroup(cluster, groupId))
    throw error
  }
}

async function committedAt(
  cluster: Cluster,
  groupId: string,
  wanted: readonly Wanted[],
): Promise<readonly TopicPartition[]> {
  const offsets = await committedOffsets(cluster, groupId)
  const places = offsets.filter(each => wanted.some(one => isIn(each, one)))
  if (places.length > 0) return places
  throw new CommandError(
    `group ${errorText(groupId)} has committed nothing there`,
    Failure.failed,
    `ottla group describe ${errorText(groupId)}`,
  )
}

type Wanted = ReturnType<typeof parsePlace>

function isIn(place: TopicPartition, { topic, partitions }: Wanted): boolean {
  return place.topic === topic && (partitions === null || partitions.includes(place.partition))
}

async function placesOf(cluster: Cluster, wanted: readonly Wanted[]): Promise<readonly TopicPartition[]> {
  const places = new Map<string, TopicPartition>()
  for (const { topic: name, partitions } of wanted) {
    const all = partitionsOf(await findTopic(cluster, name))
    const missing = partitions?.find(partition => partition >= all.length)
    if (missing !== undefined) {
      throw new CommandError(
        `there is no partition ${missing} in topic ${name}`,
        Failure.failed,
        `it has partitions 0 to ${all.length - 1}`,
      )
    }
    for (const place of all) if (partitions?.includes(place.partition) ?? true) places.set(keyOf(place), place)
  }
  return [...places.values()]
}

/** Partitions that have an offset or a member, in order. */
async function rowsOf(
  cluster: Cluster,
  group: GroupDescription,
  offsets: readonly CommittedOffset[],
): Promise<readonly Row[]> {
  const owners = new Map<string, GroupMember>()
  const places = new Map<string, TopicPartition>(offsets.map(each => [keyOf(each), each]))
  for (const member of group.members) {
    for (const place of member.assignment ?? []) {
      owners.set(keyOf(place), member)
      places.set(keyOf(place), place)
    }
  }
  const committed = new Map(offsets.map(each => [keyOf(each), each.offset]))
  const rows = await Promise.all(
    [...places].map(async ([key, { topic, partition }]) => {
      const offset = committed.get(key) ?? null
      const end = await endOf(cluster, { topic, partition })
      const lag = offset === null || end === null ? null : Math.max(0, end - offset)
      return { topic, partition, committed: offset, end, lag, member: owners.get(key) ?? null }
    }),
  )
  return rows.sort((a, b) => (a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1))
}

/** Null where it cannot be told: the topic is gone, or nobody leads the partition. */
async function endOf(cluster: Cluster, { topic, partition }: TopicPartition): Promise<Offset | null> {
  try {
    return (await listOffset(cluster, topic, partition, SpecialTime.end)).offset
  } catch (error) {
    if (error instanceof WireFailure) return null
    throw error
  }
}

function headOf({ groupId, state, protocol, members }: GroupDescription): string {
  const assignor = protocol === '' ? '' : `, assignor ${protocol}`
  return `group ${groupId} is ${state}, ${members.length === 0 ? 'nobody is in it' : plural(members.length, 'member')}${assignor}`
}

function cellsOf({ topic, partition, committed, end, lag, member }: Row): readonly (string | number)[] {
  return [
    topic,
    partition,
    committed ?? '-',
    end ?? '?',
    lag ?? '-',
    member === null ? '-' : nameOf(member),
    member?.host ?? '-',
  ]
}

/** What a person should notice: those who have nothing to do, and why; and the sum of all lag. */
function notesOf({ members }: GroupDescription, rows: readonly Row[]): string {
  const lag = rows.reduce((sum, row) => sum + (row.lag ?? 0), 0)
  const total = rows.length > 1 ? `lag in all: ${lag}\n` : ''
  const idle = members.filter(({ assignment }) => assignment !== null && assignment.length === 0)
  const busy = rows.filter(row => row.member !== null).length
  if (idle.length === 0 || busy === 0) return total
  const names = idle.map(nameOf).join(', ')
  const have = idle.length === 1 ? 'has' : 'have'
  const why = `${plural(busy, 'partition')}, ${plural(members.length, 'member')}`
  return `${total}${plural(idle.length, 'member')} ${have} nothing to do (${why}): ${names}\n`
}

function nameOf({ instanceId, memberId }: GroupMember): string {
  return instanceId ?? memberId
}

async function tellReset(
  groupId: string,
  moves: readonly (TopicPartition & { readonly offset: Offset; readonly from: Offset | null })[],
  flags: ResetFlags,
  terminal: Terminal,
): Promise<void> {
  if (flags.output === 'json') {
    const told = moves.map(({ topic, partition, from, offset: to }) => ({ topic, partition, from, to }))
    await terminal.write(`${JSON.stringify(told, null, 2)}\n`)
    return
  }
  const rows = moves.map(({ topic, partition, from, offset }) => [topic, partition, from ?? '-', offset])
  const done = flags.validateOnly === true ? 'could be set' : 'set'
  await terminal.write(`offsets of group ${groupId} ${done}\n${table(['TOPIC', 'PARTITION', 'FROM', 'TO'], rows)}`)
}

function inUse({ groupId, members }: GroupDescription): CommandError {
  const who = [...new Set(members.map(({ clientId, host }) => `${clientId} at ${host}`))].join(', ')
  return new CommandError(
    `group ${errorText(groupId)} has ${plural(members.length, 'member')} (${who}): its offsets are theirs while they are in it`,
    Failure.failed,
    'stop its consumers; one that was killed leaves the group after its session timeout',
  )
}

async function noSuchGroup(cluster: Cluster, groupId: string): Promise<CommandError> {
  const meant = nearest(
    groupId,
    (await listGroups(cluster)).map(group => group.groupId),
  )
  const next = meant === null ? 'ottla group list' : `did you mean ${meant}?`
  return new CommandError(`there is no group ${errorText(groupId)}`, Failure.failed, next)
}

function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic}:${partition}`
}
