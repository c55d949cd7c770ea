/**
 * For golden logs: a group told in words. A line is a command of a client, called by a name; it remembers its member id and
 * generation as clients do. Outcomes are records (soft ones in brackets), timers, replies, in the order of the decision.
 */
import { ZERO_UUID } from '../../../base/uuid.ts'
import type { GroupEvent, GroupRules, Reply, ReplyBody, TimerChange } from '../events.ts'
import type { GroupRecord } from '../records.ts'
import { describeGroup, fetchOffsets, listGroup } from '../views.ts'
import { GroupWorld, testRules } from './group-world.ts'
import { assignment, commit, deleteGroup, heartbeat, join, leave, offsetDelete, restartIds, sync } from './requests.ts'

interface Client {
  readonly name: string
  memberId: string
  generation: number
}

export class GroupConsole {
  world = new GroupWorld()
  readonly #clients = new Map<string, Client>()
  /** Who sent each request. */
  readonly #senders = new Map<number, string>()
  #lines: string[] = []

  constructor() {
    restartIds()
    this.#watch()
  }

  run(line: string): string[] {
    const [verb = '', ...words] = line.split(' ')
    this.#lines = []
    const before = this.world.group.membership.state
    this.#perform(verb, words)
    const after = this.world.group.membership.state
    if (after !== before) this.#lines.push(`now ${after}`)
    return this.#lines
  }

  #watch(): void {
    this.world.onDecision = (event, decision, isTaken) => {
      const at = 'request' in event || event.type === 'loaded' ? '' : `${this.world.nowMs} ${event.type}: `
      const told = [...decision.records.map(tellRecord), ...decision.timers.map(tellTimer)]
      if (at !== '' || told.length > 0) this.#lines.push(`${at}${told.join('; ')}${isTaken ? '' : ' (refused)'}`)
    }
    this.world.onReply = reply => this.#heard(reply)
  }

  #perform(verb: string, words: string[]): void {
    const [first = ''] = words
    switch (verb) {
      case 'new':
        this.world = new GroupWorld()
        this.#clients.clear()
        restartIds()
        this.#watch()
        break
      case 'config':
        this.world.rules = { ...testRules, ...this.#options(words) } as GroupRules
        break
      case 'at':
        this.world.advanceTo(Number(first))
        break
      case 'wall':
        this.world.wallJumpMs += Number(first)
        break
      case 'hold':
        this.world.isAutoCommit = false
        break
      case 'durable':
        this.world.isAutoCommit = true
        this.world.commit()
        break
      case 'refuse':
        this.world.refusal = first === 'nothing' ? null : (first as GroupWorld['refusal'])
        break
      case 'crash':
        this.world.crash()
        break
      case 'expire':
        this.world.send({ type: 'expireOffsets' })
        break
      case 'drop':
        this.world.send({ type: 'partitionsDeleted', partitions: new Map([[first, [0, 1, 2]]]) })
        break
      case 'fetch':
      case 'describe':
      case 'list':
        this.#lines.push(...this.#view(verb))
        break
      default:
        this.#request(verb, words)
    }
  }

  #request(verb: string, words: string[]): void {
    const event = this.#event(verb, words)
    this.#senders.set((event as { request: number }).request, verb === 'forget' ? 'admin' : (words[0] ?? 'admin'))
    this.world.send(event)
  }

  /** `join NAME [fresh] [key=value]`, `sync NAME [OTHER:PARTITIONS]`, `beat NAME`, `leave NAME...`, `commit NAME T-P=N...` */
  #event(verb: string, words: string[]): GroupEvent {
    const [first = '', ...rest] = words
    const client = this.#client(first)
    const options = this.#options(rest)
    const { memberId, generation } = client
    const groupInstanceId = (options.instance as string | undefined) ?? null
    const generationId = (options.generation as number | undefined) ?? generation
    switch (verb) {
      case 'join':
        if (rest.includes('fresh')) client.memberId = ''
        return join({ clientId: first, memberId: client.memberId, groupInstanceId, ...this.#joinOptions(options) })
      case 'sync': {
        const protocolName = (options.protocol as string | undefined) ?? this.world.group.membership.protocol
        const assignments = rest.filter(word => word.includes(':')).map(word => this.#assignment(word))
        return sync({ memberId, groupInstanceId, generationId, protocolName, assignments })
      }
      case 'beat':
        return heartbeat({ memberId, groupInstanceId, generationId })
      case 'leave':
        return leave(words.filter(word => !word.includes('=')).map(name => this.#leaving(name)))
      case 'commit': {
        const offsets = rest.filter(word => /-\d=/.test(word)).map(offsetOf)
        const member = first === '-' ? {} : { memberId, groupInstanceId, generationIdOrMemberEpoch: generationId }
        const retentionTimeMs = (options.retention as number | undefined) ?? -1
        return commit(offsets, { ...member, retentionTimeMs })
      }
      case 'forget':
        return offsetDelete(first, rest.map(Number))
      case 'delete':
        return deleteGroup()
      default:
        throw new Error(`no such command: ${verb}`)
    }
  }

  #joinOptions(options: Record<string, string | number>): Parameters<typeof join>[0] {
    const list = (value: string | number | undefined) =>
      value === undefined ? undefined : value === '' ? [] : String(value).split(',')
    const found: Record<string, unknown> = {
      apiVersion: options.v,
      sessionTimeoutMs: options.session,
      rebalanceTimeoutMs: options.rebalance,
      protocolType: options.type,
      protocols: list(options.protocols),
      topics: list(options.topics),
    }
    return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined))
  }

  /** A client's name, or `/INSTANCE` for somebody named by the instance id alone. */
  #leaving(name: string): { memberId: string; groupInstanceId: string | null } {
    if (name.startsWith('/')) return { memberId: '', groupInstanceId: name.slice(1) }
    return { memberId: this.#client(name).memberId, groupInstanceId: null }
  }

  #assignment(word: string): { memberId: string; assignment: Uint8Array } {
    const [name = '', partitions = ''] = word.split(':')
    const { memberId } = this.#client(name)
    return { memberId, assignment: assignment('orders', partitions.split(',').map(Number)) }
  }

  #client(name: string): Client {
    const client = this.#clients.get(name) ?? { name, memberId: '', generation: -1 }
    this.#clients.set(name, client)
    return client
  }

  #options(words: readonly string[]): Record<string, string | number> {
    const pairs = words.filter(word => word.includes('=')).map(word => word.split('=') as [string, string])
    return Object.fromEntries(pairs.map(([key, value]) => [key, /^-?\d+$/.test(value) ? Number(value) : value]))
  }

  #heard({ to, body }: Reply): void {
    const sender = this.#senders.get(to) ?? '?'
    const client = this.#client(sender)
    if (body.type === 'join') {
      if (body.error === 'NONE' || body.error === 'MEMBER_ID_REQUIRED') client.memberId = body.memberId
      if (body.error === 'NONE') client.generation = body.generationId
    }
    this.#lines.push(`${sender} <- ${tellReply(body)}`)
  }

  #view(verb: string): string[] {
    const { group } = this.world
    if (verb === 'list') {
      const { groupState, groupType, protocolType } = listGroup(group)
      return [`${groupState} ${groupType} ${protocolType === '' ? 'of no type' : protocolType}`]
    }
    if (verb === 'describe') {
      const { groupState, protocolType, protocolData, members } = describeGroup(group, 'g', 5)
      const told = members.map(({ memberId, groupInstanceId, memberAssignment }) => {
        return `${memberId}${groupInstanceId === null ? '' : `/${groupInstanceId}`} (${memberAssignment.length} bytes)`
      })
      return [[groupState, protocolType, protocolData, ...told].filter(word => word !== '').join(' ')]
    }
    const offsets = fetchOffsets(group, null).flatMap(({ name, partitions }) =>
      partitions.map(({ partitionIndex, committedOffset }) => `${name}-${partitionIndex}=${committedOffset}`),
    )
    return [offsets.join(' ') || 'no offsets']
  }
}

function offsetOf(word: string): { topic: string; partition: number; offset: number } {
  const [, topic = '', partition, offset] = /^(.*)-(\d+)=(-?\d+)$/.exec(word)!
  return { topic, partition: Number(partition), offset: Number(offset) }
}

function tellRecord(record: GroupRecord): string {
  switch (record.type) {
    case 'group': {
      const { generation, members, leader } = record.value
      const told = members.map(({ memberId, assignment }) => `${memberId} (${assignment.length})`)
      return `record generation ${generation} ${leader === null ? 'of nobody' : `led by ${leader}: ${told.join(', ')}`}`
    }
    case 'groupRemoval':
      return 'record no group'
    case 'offset': {
      const { offset, expireTimestamp, topicId } = record.value
      const extra = `${expireTimestamp === -1 ? '' : ' with expiry'}${topicId === ZERO_UUID ? '' : ` of ${topicId}`}`
      return `record ${record.topic}-${record.partition}=${offset}${extra}`
    }
    case 'offsetRemoval':
      return `record no ${record.topic}-${record.partition}`
    default:
      return `[${record.type}${tellWho(record)}]`
  }
}

function tellWho(record: GroupRecord): string {
  if ('memberId' in record) return ` ${record.memberId}`
  if ('fromMemberId' in record) return ` ${record.fromMemberId} by ${record.member.memberId}`
  if ('member' in record) return ` ${record.member.memberId}`
  if ('generation' in record) return ` ${record.generation} ${record.protocol} led by ${record.leader}`
  return ''
}

function tellTimer(change: TimerChange): string {
  return change.type === 'set' ? `${change.key} @${change.atMs}` : `${change.key} off`
}

function tellReply(body: ReplyBody): string {
  switch (body.type) {
    case 'join': {
      if (body.error === 'MEMBER_ID_REQUIRED') return `MEMBER_ID_REQUIRED ${body.memberId}`
      if (body.error !== 'NONE') return body.error
      const members = body.members.map(({ memberId }) => memberId).join(', ')
      const skip = body.skipAssignment ? ', skip assignment' : ''
      const list = members === '' ? '' : `: ${members}`
      return `${body.memberId} in generation ${body.generationId} ${body.protocolName} led by ${body.leader}${skip}${list}`
    }
    case 'sync':
      return body.error === 'NONE' ? `assigned ${body.assignment.length} bytes` : body.error
    case 'leave': {
      const told = body.members.map(
        ({ memberId, groupInstanceId, error }) =>
          `${memberId || (groupInstanceId === null ? '(no id)' : `/${groupInstanceId}`)} ${error}`,
      )
      return [body.error, ...told].join('; ')
    }
    case 'offsetCommit':
    case 'offsetDelete': {
      const told = body.topics.flatMap(({ name, partitions }) =>
        partitions.map(({ partitionIndex, error }) => `${name}-${partitionIndex} ${error}`),
      )
      const own = 'error' in body ? [body.error] : []
      return [...own, ...told].join('; ')
    }
    default:
      return body.error
  }
}
