/**
 * The facts a group is made of. Durable ones are records of __consumer_offsets in Kafka's format; volatile ones are soft
 * facts, evolved and never written: a crash forgets them, and clients bring them back by joining again. The bytes are
 * record-bytes.ts's.
 */
import type { Millis } from '../../base/units.ts'
import type { GroupMetadataValue, OffsetCommitValue } from '../../wire/gen/records/offsets.ts'
import type { RequestId } from './events.ts'
import type { JoinPhase, Member } from './membership.ts'

export type DurableRecord =
  /** A generation with its assignment, or one without members. Alone it makes the membership of a loaded group. */
  | { readonly type: 'group'; readonly value: GroupMetadataValue }
  | { readonly type: 'groupRemoval' }
  | OffsetRecord
  | { readonly type: 'offsetRemoval'; readonly topic: string; readonly partition: number }

export interface OffsetRecord {
  readonly type: 'offset'
  readonly topic: string
  readonly partition: number
  readonly value: OffsetCommitValue
}

export type VolatileRecord =
  /** Somebody asks for a group that is not there. */
  | { readonly type: 'groupMade'; readonly timestamp: Millis }
  /** An id was given; whoever got it should join with it. */
  | { readonly type: 'memberPending'; readonly memberId: string; readonly untilMs: Millis }
  | { readonly type: 'memberPendingGone'; readonly memberId: string }
  /** Joined or joined again: all that is known of it. It is no longer pending. The first one says what type the group is. */
  | { readonly type: 'memberJoined'; readonly member: Member; readonly protocolType: string }
  | { readonly type: 'memberGone'; readonly memberId: string }
  /** A static member came back under another id, which keeps the assignment. */
  | { readonly type: 'memberReplaced'; readonly fromMemberId: string; readonly member: Member }
  | { readonly type: 'memberHeard'; readonly memberId: string; readonly untilMs: Millis }
  /** The generation is over: who waits in SyncGroup is sent back, all have to join again. */
  | {
      readonly type: 'rebalanceBegun'
      readonly joinPhase: JoinPhase
      readonly nowMs: Millis
      readonly timestamp: Millis
    }
  /** New members came during the first rebalance, which waits for more; or nobody came, and a later one waits on. */
  | { readonly type: 'joinPhaseExtended'; readonly joinPhase: JoinPhase }
  /** Who waits in JoinGroup is answered; all members owe a SyncGroup. */
  | {
      readonly type: 'generationBegun'
      readonly generation: number
      readonly protocol: string
      readonly leader: string
      readonly syncPhaseUntilMs: Millis
      readonly nowMs: Millis
      readonly timestamp: Millis
    }
  | { readonly type: 'syncReceived'; readonly memberId: string; readonly waiting: RequestId | null }
  /** Who waits in SyncGroup is answered. */
  | { readonly type: 'syncsAnswered'; readonly nowMs: Millis }
  /** Loaded members that nobody has heard of yet get their session timeout from now. */
  | { readonly type: 'sessionsBegun'; readonly nowMs: Millis }

export type GroupRecord = DurableRecord | VolatileRecord

export function isDurable(record: GroupRecord): record is DurableRecord {
  const { type } = record
  return type === 'group' || type === 'groupRemoval' || type === 'offset' || type === 'offsetRemoval'
}
