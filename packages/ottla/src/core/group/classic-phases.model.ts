/** The phases of classic.model.ts: how one generation follows another, and who is given up on the way. */
import { assert } from '../../base/assert.ts'
import type { GroupRules } from './events.ts'

export interface ModelMember {
  id: string
  instance: string | null
  session: number
  rebalance: number
  /** Protocol names, each with what the member says about it. */
  says: { name: string; text: string }[]
  /** Requests that wait. */
  join: number | null
  sync: number | null
  owes: boolean
  isNew: boolean
  until: number
}

export interface ModelData {
  state: 'Dead' | 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable'
  generation: number
  protocol: string | null
  leader: string | null
  members: ModelMember[]
  pending: { id: string; until: number }[]
  recorded: boolean
  joinUntil: number
  isInitial: boolean
  remaining: number
  newcomer: boolean
  syncUntil: number
  offsets: Record<string, number>
}

export const NOTHING: ModelData = {
  state: 'Dead',
  generation: 0,
  protocol: null,
  leader: null,
  members: [],
  pending: [],
  recorded: false,
  joinUntil: -1,
  isInitial: false,
  remaining: 0,
  newcomer: false,
  syncUntil: -1,
  offsets: {},
}

/** What the machine chose, where the model has no opinion of its own. */
export interface Choices {
  readonly leader: string | null
  readonly protocol: string | null
}

export class ModelPhases {
  data: ModelData = structuredClone(NOTHING)
  rules: GroupRules
  /** Answers to give because of the event: the request, and what is said. */
  told: [number, string][] = []
  /** What the event wrote down: the members, with all that was written before, or offsets only. */
  wrote: 'group' | 'offsets' | 'nothing' = 'nothing'
  now = 0
  choices: Choices = { leader: null, protocol: null }

  constructor(rules: GroupRules) {
    this.rules = rules
  }

  /** The earliest moment at which somebody must have been given up or answered; infinite when nobody waits. */
  nextDeadline(): number {
    const { state, members, pending, joinUntil, syncUntil } = this.data
    const sessions = members.filter(member => !this.isHeld(member)).map(({ until }) => until)
    const phases = state === 'PreparingRebalance' ? [joinUntil] : members.some(({ owes }) => owes) ? [syncUntil] : []
    return Math.min(...sessions, ...phases, ...pending.map(({ until }) => until), Number.POSITIVE_INFINITY)
  }

  /** It is the group that keeps it waiting, and it knows its id. */
  isHeld(member: ModelMember): boolean {
    return (member.join !== null || member.sync !== null) && !member.isNew
  }

  /** After members came, changed or went. */
  changed(): void {
    const { data } = this
    if (data.state === 'PreparingRebalance') {
      this.completeIfAllJoined()
      return
    }
    const delay = this.rules.initialRebalanceDelayMs
    const wasEmpty = data.state === 'Empty'
    for (const member of data.members) {
      if (member.sync !== null) {
        this.tell(member.sync, 'REBALANCE_IN_PROGRESS')
        member.sync = null
        member.until = this.now + member.session
      }
      member.owes = false
    }
    data.state = 'PreparingRebalance'
    data.isInitial = wasEmpty && delay > 0
    data.newcomer = false
    data.joinUntil = this.now + (data.isInitial ? delay : this.longest())
    data.remaining = Math.max(this.longest() - delay, 0)
    if (wasEmpty && delay === 0) this.complete()
    else this.completeIfAllJoined()
  }

  longest(): number {
    return Math.max(0, ...this.data.members.map(({ rebalance }) => rebalance))
  }

  completeIfAllJoined(): void {
    const { isInitial, members, pending } = this.data
    if (!isInitial && pending.length === 0 && members.every(({ join }) => join !== null)) this.complete()
  }

  complete(): void {
    const { data } = this
    data.members = data.members.filter(({ join, instance }) => join !== null || instance !== null)
    const joined = data.members.filter(({ join }) => join !== null)
    if (data.members.length === 0) {
      Object.assign(data, { generation: data.generation + 1, state: 'Empty', protocol: null, leader: null })
      this.write()
      return
    }
    if (joined.length === 0) {
      data.joinUntil = this.now + Math.max(this.longest(), 1_000)
      data.isInitial = false
      return
    }
    if (!joined.some(({ id }) => id === data.leader)) data.leader = this.choices.leader
    assert(
      joined.some(({ id }) => id === data.leader),
      'who leads has joined',
      { leader: data.leader },
    )
    data.generation += 1
    data.state = 'CompletingRebalance'
    data.protocol = this.choices.protocol
    assert(this.isFavourite(data.protocol), 'a protocol with the most votes', { protocol: data.protocol })
    data.syncUntil = this.now + this.longest()
    for (const member of data.members) {
      if (member.join !== null) this.tell(member.join, `in ${data.generation}`)
      Object.assign(member, { join: null, isNew: false, owes: true, until: this.now + member.session })
    }
  }

  favourites(): string[] {
    const { members } = this.data
    const isKnownToAll = (name: string) => members.every(({ says }) => says.some(each => each.name === name))
    const votes = members.map(({ says }) => says.find(({ name }) => isKnownToAll(name))!.name)
    const count = (name: string) => votes.filter(vote => vote === name).length
    return [...new Set(votes)].filter(name => votes.every(vote => count(vote) <= count(name)))
  }

  isFavourite(name: string | null): boolean {
    return name !== null && this.favourites().includes(name)
  }

  remove(member: ModelMember): void {
    const { data } = this
    if (member.join !== null) this.tell(member.join, 'UNKNOWN_MEMBER_ID')
    if (member.sync !== null) this.tell(member.sync, 'UNKNOWN_MEMBER_ID')
    data.members = data.members.filter(each => each !== member)
    if (data.leader === member.id) data.leader = null
  }

  write(): void {
    this.data.recorded = true
    this.wrote = 'group'
  }

  tell(request: number, what: string): void {
    this.told.push([request, what])
  }
}
