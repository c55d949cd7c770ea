/**
 * A decision while it is made: what it will record, answer and set, and the membership as it will be by then. The group
 * itself is not touched.
 */
import type { Millis } from '../../base/units.ts'
import type { WireErrorName } from '../../spec/errors.ts'
import type {
  Decision,
  GroupContext,
  JoinReply,
  Reply,
  ReplyBody,
  RequestId,
  SyncReply,
  TimerChange,
} from './events.ts'
import { evolveMembership, type MembershipRecord } from './evolve-membership.ts'
import type { Group } from './group.ts'
import { type Member, type Membership, NO_BYTES } from './membership.ts'
import type { DurableRecord, GroupRecord } from './records.ts'

/** Keys of the timers that a group has one of. */
export const JOIN_PHASE = 'join'
export const SYNC_PHASE = 'sync'

export class Plan {
  readonly group: Group
  readonly context: GroupContext
  readonly #records: GroupRecord[] = []
  readonly #replies: Reply[] = []
  readonly #timers: TimerChange[] = []
  #membership: Membership

  constructor(group: Group, context: GroupContext) {
    this.group = group
    this.context = context
    this.#membership = group.membership
  }

  /** As it is once the records so far are evolved. */
  get membership(): Membership {
    return this.#membership
  }

  get nowMs(): Millis {
    return this.context.nowMs
  }

  record(record: MembershipRecord): void {
    this.#records.push(record)
    this.#membership = evolveMembership(this.#membership, record)
  }

  /** A record of an offset; decisions never look at offsets that they change. */
  recordOffset(record: Extract<DurableRecord, { readonly type: 'offset' | 'offsetRemoval' }>): void {
    this.#records.push(record)
  }

  /** How many records there are so far. */
  get recordCount(): number {
    return this.#records.length
  }

  reply(to: RequestId, body: ReplyBody): void {
    this.#replies.push({ to, after: 'now', body })
  }

  replyWhenDurable(to: RequestId, body: ReplyBody): void {
    this.#replies.push({ to, after: 'durable', body })
  }

  /** The timer that gives up a member, or an id that nobody joins with. It replaces the one that is set. */
  setSession(memberId: string, atMs: Millis): void {
    this.#timers.push({ type: 'set', key: sessionKey(memberId), atMs, event: { type: 'sessionTimeout', memberId } })
  }

  cancelSession(memberId: string): void {
    this.#timers.push({ type: 'cancel', key: sessionKey(memberId) })
  }

  setJoinPhase(atMs: Millis): void {
    this.#timers.push({ type: 'set', key: JOIN_PHASE, atMs, event: { type: 'joinPhaseTimeout' } })
  }

  setSyncPhase(atMs: Millis): void {
    this.#timers.push({ type: 'set', key: SYNC_PHASE, atMs, event: { type: 'syncPhaseTimeout' } })
  }

  cancel(key: typeof JOIN_PHASE | typeof SYNC_PHASE): void {
    this.#timers.push({ type: 'cancel', key })
  }

  finish(ifRefused: Decision['ifRefused']): Decision {
    return { records: this.#records, replies: this.#replies, timers: this.#timers, ifRefused }
  }
}

export function sessionKey(memberId: string): string {
  return `session/${memberId}`
}

export function joinError(error: WireErrorName, memberId: string): JoinReply {
  const nothing = { generationId: -1, protocolType: null, protocolName: null, leader: '', skipAssignment: false }
  return { type: 'join', error, ...nothing, memberId, members: [] }
}

export function syncError(error: WireErrorName): SyncReply {
  return { type: 'sync', error, protocolType: null, protocolName: null, assignment: NO_BYTES }
}

/**
 * Who the request says it is, against who is in the group: a static member that was replaced is fenced, whoever is not in
 * the group unknown.
 */
export function checkMember(
  membership: Membership,
  memberId: string,
  groupInstanceId: string | null,
): Member | WireErrorName {
  if (groupInstanceId !== null) {
    const current = membership.staticMembers.get(groupInstanceId)
    if (current === undefined) return 'UNKNOWN_MEMBER_ID'
    if (current !== memberId) return 'FENCED_INSTANCE_ID'
  }
  return membership.members.get(memberId) ?? 'UNKNOWN_MEMBER_ID'
}
