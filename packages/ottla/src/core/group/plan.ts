/**
 * A decision while it is made: what it will record, answer and set, and the membership as it will be by then. The group
 * itself is not touched.
 */
import type { Millis } from '../../base/units.ts'
import type { WireErrorName } from '../../spec/errors.ts'
import type {
  Decision,
  GroupContext,
  GroupEvent,
  JoinReply,
  Reply,
  ReplyBody,
  RequestId,
  SyncReply,
  TimerChange,
  TimerEvent,
} from './events.ts'
import { evolveMembership, type MembershipRecord } from './evolve-membership.ts'
import type { Group } from './group.ts'
import { type Member, type Membership, NO_BYTES } from './membership.ts'
import type { GroupRecord } from './records.ts'

/** Keys of the timers that a group has one of. */
const JOIN_PHASE = 'join'
const SYNC_PHASE = 'sync'

type NotedRecord = Extract<GroupRecord, { readonly type: 'offset' | 'offsetRemoval' | 'memberHeard' }>

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

  /** A fact that nothing else in the decision looks at: offsets, and what every heartbeat says. */
  note(record: NotedRecord): void {
    this.#records.push(record)
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

  /** `event` is what was decided: the timer that fired is no longer set. */
  finish(event: GroupEvent): Decision {
    const before = this.group.membership
    const after = this.#membership
    const joinEnds = { before: before.joinPhase?.untilMs ?? null, after: after.joinPhase?.untilMs ?? null }
    const syncEnds = { before: before.syncPhaseUntilMs, after: after.syncPhaseUntilMs }
    this.#movePhase(JOIN_PHASE, { type: 'joinPhaseTimeout' }, { decided: event, ...joinEnds })
    this.#movePhase(SYNC_PHASE, { type: 'syncPhaseTimeout' }, { decided: event, ...syncEnds })
    const ifRefused = isTimer(event) ? 'evolve' : 'drop'
    return { records: this.#records, replies: this.#replies, timers: this.#timers, ifRefused }
  }

  /** The timer of a phase is always set to the end that the phase has. */
  #movePhase(key: string, event: TimerEvent, ends: PhaseEnds): void {
    const setAtMs = ends.decided.type === event.type ? null : ends.before
    if (ends.after === setAtMs) return
    if (ends.after !== null) this.#timers.push({ type: 'set', key, atMs: ends.after, event })
    else this.#timers.push({ type: 'cancel', key })
  }
}

/** When a phase ends, before and after an event was decided; null when it is not under way. */
interface PhaseEnds {
  readonly decided: GroupEvent
  readonly before: Millis | null
  readonly after: Millis | null
}

/**
 * A timer's decision holds although the log refused its record: the time is over. The only such record is that of the last
 * member's end, without which a loaded group finds members that time out once more.
 */
function isTimer({ type }: GroupEvent): boolean {
  return type === 'sessionTimeout' || type === 'joinPhaseTimeout' || type === 'syncPhaseTimeout'
}

function sessionKey(memberId: string): string {
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

/**
 * As `checkMember`, of a request that names the generation it is in. Who waits for its first one is in none yet: stricter
 * than Kafka, which takes a guess for it (I-17).
 */
export function checkGeneration(membership: Membership, claimed: ClaimedMember): Member | WireErrorName {
  const member = checkMember(membership, claimed.memberId, claimed.groupInstanceId)
  if (typeof member === 'string') return member
  return claimed.generationId === membership.generation && !member.isNew ? member : 'ILLEGAL_GENERATION'
}

/** Who a request says it is. */
export interface ClaimedMember {
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly generationId: number
}
