/**
 * Who is in a group, in which generation, and who waits for what: a value, never changed in place, of which evolve makes
 * the next one. The committed offsets beside it are offset-table.ts's; group.ts holds both. Deadlines are monotonic.
 */
import { CowMap } from '../../base/cow-map.ts'
import type { Millis } from '../../base/units.ts'
import type { RequestId } from './events.ts'

/**
 * - Dead: there is no such group. Every request for a group that nobody knows meets this state.
 * - Empty: no members. Offsets may be there, and ids may be given to members that have yet to join.
 * - PreparingRebalance: waits until all members joined, or the join phase is over.
 * - CompletingRebalance: the generation has its members; waits for the leader's assignment.
 * - Stable: members own what they were assigned.
 *
 * The names are Kafka's, as DescribeGroups and ListGroups tell them.
 */
export type GroupState = 'Dead' | 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable'

/** From which states each may be entered. evolve.ts asserts it of every step. */
export const PREDECESSORS: Readonly<Record<GroupState, readonly GroupState[]>> = {
  // Deleted or expired; or the last thing that kept an unrecorded group is gone.
  Dead: ['Empty'],
  // Somebody asks for the group, or its record is read back; or nobody joined.
  Empty: ['Dead', 'PreparingRebalance'],
  PreparingRebalance: ['Empty', 'CompletingRebalance', 'Stable'],
  CompletingRebalance: ['PreparingRebalance'],
  // The leader assigned; a static member was replaced; or the record is read back.
  Stable: ['CompletingRebalance', 'Stable', 'Dead'],
}

export interface Protocol {
  readonly name: string
  /** Ours: not a view of a request. */
  readonly metadata: Uint8Array
}

export interface Member {
  readonly memberId: string
  /** Null for a dynamic member. */
  readonly groupInstanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  /** 0 or more. */
  readonly rebalanceTimeoutMs: Millis
  readonly sessionTimeoutMs: Millis
  /** The best first, each name once, at least one. Of a loaded member only the chosen one is known. */
  readonly protocols: readonly Protocol[]
  /** Of the last generation that was assigned; empty before. */
  readonly assignment: Uint8Array
  /** The JoinGroup that waits; only while the group prepares a rebalance. */
  readonly awaitingJoin: RequestId | null
  /** The SyncGroup that waits; only while the group completes a rebalance. */
  readonly awaitingSync: RequestId | null
  /** It has not sent the SyncGroup of this generation. */
  readonly owesSync: boolean
  /** It has been in no generation: it knows its id only once its first JoinGroup is answered, and cannot heartbeat. */
  readonly isNew: boolean
  /** It is given up when nothing was heard of it by then, unless it waits for an answer (new members even so). */
  readonly sessionUntilMs: Millis
}

export interface JoinPhase {
  /** The first rebalance of an empty group: it lasts its delay whoever has joined. */
  readonly isInitial: boolean
  /** When it ends, or is looked at again if it is the first. */
  readonly untilMs: Millis
  /** By how much the first one may still be extended. */
  readonly remainingMs: Millis
  /** A member came since the first one was begun or extended. */
  readonly hasNewMember: boolean
}

export interface Membership {
  readonly state: GroupState
  /** When the state was entered; -1 when unknown. */
  readonly stateTimestamp: Millis
  /** The log may hold a record of the group, so that deleting it takes a tombstone. */
  readonly isRecorded: boolean
  /** 0 before the first. */
  readonly generation: number
  /** `consumer` for consumers. Null in a simple group, which has had no members. */
  readonly protocolType: string | null
  /** Null while there is none. */
  readonly protocol: string | null
  /** Null while there are no members. */
  readonly leader: string | null
  readonly members: CowMap<string, Member>
  /** Ids of static members by instance id. */
  readonly staticMembers: CowMap<string, string>
  /** Ids that were given and not used yet, and until when they wait. */
  readonly pendingMembers: CowMap<string, Millis>
  /** How many members know each protocol. No zeros. */
  readonly protocolCounts: CowMap<string, number>
  readonly awaitingJoinCount: number
  readonly owedSyncCount: number
  /** Only while the group prepares a rebalance. */
  readonly joinPhase: JoinPhase | null
  /** When members that still owe a SyncGroup are given up; null when nobody owes one. */
  readonly syncPhaseUntilMs: Millis | null
  /** What the members of the last generation subscribed to; null when they are no consumers or cannot be understood. */
  readonly subscribedTopics: ReadonlySet<string> | null
}

export const NO_BYTES = new Uint8Array(0)

export const NO_MEMBERSHIP: Membership = {
  state: 'Dead',
  stateTimestamp: -1,
  isRecorded: false,
  generation: 0,
  protocolType: null,
  protocol: null,
  leader: null,
  members: CowMap.empty(),
  staticMembers: CowMap.empty(),
  pendingMembers: CowMap.empty(),
  protocolCounts: CowMap.empty(),
  awaitingJoinCount: 0,
  owedSyncCount: 0,
  joinPhase: null,
  syncPhaseUntilMs: null,
  subscribedTopics: null,
}

/** Every member joined, and every id that was given is used. */
export function hasAllJoined(membership: Membership): boolean {
  return membership.members.size === membership.awaitingJoinCount && membership.pendingMembers.size === 0
}

/** How long the slowest member may take to join again. */
export function rebalanceTimeoutMs(membership: Membership): Millis {
  let longest = 0
  for (const member of membership.members.values()) longest = Math.max(longest, member.rebalanceTimeoutMs)
  return longest
}

export function memberOf(membership: Membership, memberId: string): Member | null {
  return membership.members.get(memberId) ?? null
}
