/**
 * Terms: becoming leader or follower as the metadata image says, and refusing who speaks of another term. The image only
 * moves forward, so a term never goes back (I-02); which replica leads is the controller's decision. Sources: KIP-101, KIP-320.
 */
import { assert } from '../../base/assert.ts'
import type { BrokerId, LeaderEpoch, Millis, Offset } from '../../base/units.ts'
import type { WireErrorName } from '../../spec/errors.ts'
import { advanceHighWatermark } from './high-watermark.ts'
import type { PartitionState } from './state.ts'

/** A partition's record in the image. */
export interface Term {
  /** -1: none. */
  readonly leader: BrokerId
  readonly leaderEpoch: LeaderEpoch
  readonly partitionEpoch: number
  readonly replicas: readonly BrokerId[]
  readonly isr: readonly BrokerId[]
}

/**
 * This broker leads. In a new term the caller assigns the leader epoch to the log's end BEFORE it appends. The same term
 * may come again with another ISR. Returns what changed.
 */
export function lead(
  state: PartitionState,
  term: Term,
  nowMs: Millis,
): { newTerm: boolean; highWatermarkMoved: boolean } {
  assert(term.leader === state.self, 'a leader is named by its term', { leader: term.leader, self: state.self })
  const newTerm = term.leaderEpoch > state.leaderEpoch || state.role !== 'leader'
  if (newTerm) state.followers.clear()
  const changed = enter(state, term, 'leader')
  if (newTerm) state.leaderEpochStartOffset = state.endOffset
  for (const id of state.followers.keys()) if (!state.replicas.includes(id)) state.followers.delete(id)
  for (const id of state.replicas) {
    if (id === state.self || state.followers.has(id)) continue
    // Members of the ISR get the whole lag time to show up, others none.
    const caughtUpAtMs = state.isr.includes(id) ? nowMs : Number.NEGATIVE_INFINITY
    state.followers.set(id, {
      endOffset: -1,
      brokerEpoch: -1,
      leaderEndAtFetch: -1,
      fetchedAtMs: nowMs,
      caughtUpAtMs,
      joining: false,
    })
  }
  // An ISR that the image now shows, or has overtaken, is no longer asked for.
  if (newTerm || changed) state.proposedIsr = null
  return { newTerm, highWatermarkMoved: advanceHighWatermark(state) }
}

/**
 * Another broker leads, or none does (`leader` -1: then the replica is idle). Those who wait for acknowledgements here
 * are to be told NOT_LEADER_OR_FOLLOWER by the caller. Returns whether the term is new.
 */
export function follow(state: PartitionState, term: Term): { newTerm: boolean } {
  assert(term.leader !== state.self, 'who is named leader leads', { self: state.self })
  const newTerm = term.leaderEpoch > state.leaderEpoch
  enter(state, term, term.leader === -1 ? 'idle' : 'follower')
  state.followers.clear()
  state.proposedIsr = null
  state.leaderEpochStartOffset = -1
  return { newTerm }
}

/**
 * Whether this broker may answer as leader a request that believes in `currentLeaderEpoch` (-1: not told). Null when it
 * may. Facts: an older belief is fenced, a newer one means that we are behind the image.
 */
export function checkLeader(state: PartitionState, currentLeaderEpoch: LeaderEpoch): WireErrorName | null {
  return checkEpoch(state, currentLeaderEpoch) ?? (state.role === 'leader' ? null : 'NOT_LEADER_OR_FOLLOWER')
}

/** The belief alone, for requests that followers answer too. */
export function checkEpoch(state: PartitionState, currentLeaderEpoch: LeaderEpoch): WireErrorName | null {
  if (currentLeaderEpoch === -1 || currentLeaderEpoch === state.leaderEpoch) return null
  return currentLeaderEpoch < state.leaderEpoch ? 'FENCED_LEADER_EPOCH' : 'UNKNOWN_LEADER_EPOCH'
}

/** A truncation was done: the log ends at `endOffset`. Only without leadership; producers are restored by the caller. */
export function evolveTruncated(state: PartitionState, endOffset: Offset): void {
  assert(state.role !== 'leader', 'a leader does not truncate', { endOffset })
  assert(endOffset >= state.logStartOffset && endOffset <= state.endOffset, 'a truncation cuts the tail', {
    endOffset,
    have: state.endOffset,
  })
  state.endOffset = endOffset
  state.durableEndOffset = Math.min(state.durableEndOffset, endOffset)
  state.highWatermark = Math.min(state.highWatermark, endOffset)
}

/** The log now starts at `offset`: retention, or records deleted by request. Never back, never past the high watermark. */
export function evolveLogStart(state: PartitionState, offset: Offset): void {
  assert(offset <= state.highWatermark, 'what is not committed is not deleted', { offset, have: state.highWatermark })
  state.logStartOffset = Math.max(state.logStartOffset, offset)
}

/** Returns whether the record is newer than the one held. */
function enter(state: PartitionState, term: Term, role: PartitionState['role']): boolean {
  assert(term.leaderEpoch >= state.leaderEpoch, 'terms only move forward', {
    have: state.leaderEpoch,
    got: term.leaderEpoch,
  })
  assert(term.partitionEpoch >= state.partitionEpoch, 'partition records only move forward', {
    have: state.partitionEpoch,
    got: term.partitionEpoch,
  })
  const changed = term.partitionEpoch > state.partitionEpoch
  state.role = role
  state.leader = term.leader
  state.leaderEpoch = term.leaderEpoch
  state.partitionEpoch = term.partitionEpoch
  state.replicas = term.replicas
  state.isr = term.isr
  return changed
}
