/**
 * When the high watermark moves (I-05, I-06). It is the lowest durable end among the replicas that count, which are the maximal ISR
 * (committed and asked for, so that neither outcome of an unresolved change takes back what was acknowledged) and those
 * about to join. With one replica it is the durable end of the log. Source: KIP-497, KIP-966; Kafka replication design.
 */
import { assert } from '../../base/assert.ts'
import type { BrokerId, Millis, Offset } from '../../base/units.ts'
import type { FollowerProgress, PartitionState } from './state.ts'

/** Whether the replica counts towards the high watermark and acknowledgements: in the committed or the asked-for ISR. */
export function inMaximalIsr(state: PartitionState, id: BrokerId): boolean {
  return state.isr.includes(id) || (state.proposedIsr?.includes(id) ?? false)
}

/** In-sync replicas an acks=all write needs: `min.insync.replicas`, but never more than there are replicas. */
export function requiredInsync(state: PartitionState): number {
  return Math.min(state.minInsyncReplicas, state.replicas.length)
}

/** The leader's log is durable up to `endOffset`. Returns whether the high watermark moved. */
export function evolveDurable(state: PartitionState, endOffset: Offset): boolean {
  assert(endOffset <= state.endOffset, 'nothing unwritten is durable', { endOffset, have: state.endOffset })
  if (endOffset <= state.durableEndOffset) return false
  state.durableEndOffset = endOffset
  return advanceHighWatermark(state)
}

/**
 * Moves a leader's high watermark as far as it may go, never back, and not at all below `min.insync.replicas`: what is
 * then written by acks=1 is on too few replicas to be shown (KIP-966). Returns whether it moved.
 */
export function advanceHighWatermark(state: PartitionState): boolean {
  if (state.role !== 'leader' || state.isr.length < requiredInsync(state)) return false
  let lowest = state.durableEndOffset
  for (const [id, follower] of state.followers) {
    if (follower.endOffset < lowest && (inMaximalIsr(state, id) || follower.joining)) {
      lowest = follower.endOffset
    }
  }
  if (lowest <= state.highWatermark) return false
  state.highWatermark = lowest
  state.transactions.settle(lowest)
  return true
}

/** A follower learned the leader's high watermark. It shows no more than it has. Returns whether its own moved. */
export function evolveLeaderHighWatermark(state: PartitionState, leaderHighWatermark: Offset): boolean {
  assert(state.role === 'follower', 'only a follower is told a high watermark', { role: state.role })
  const reached = Math.min(leaderHighWatermark, state.endOffset)
  if (reached <= state.highWatermark) return false
  state.highWatermark = reached
  state.transactions.settle(reached)
  return true
}

/** Whether the follower held everything within the last `lagMaxMs`. */
export function isCaughtUp(
  state: PartitionState,
  follower: FollowerProgress,
  at: { nowMs: Millis; lagMaxMs: Millis },
): boolean {
  return follower.endOffset === state.endOffset || at.nowMs - follower.caughtUpAtMs <= at.lagMaxMs
}
