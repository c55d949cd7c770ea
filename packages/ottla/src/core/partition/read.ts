/**
 * What a reader may see: how far (I-07), from where, and whether its history is ours. Reading the bytes is storage's.
 * Sources: KIP-98 (last stable offset), KIP-207 (offsets of a new leader), KIP-320 (diverging epochs), KIP-392.
 */
import type { BrokerId, LeaderEpoch, Offset } from '../../base/units.ts'
import type { WireErrorName } from '../../spec/errors.ts'
import { checkLeader } from './leadership.ts'
import { lastStableOffset, type PartitionState } from './state.ts'

/**
 * Who reads. A consumer sees what is committed (or, `committed-transactions`, what is stable), a follower all there is,
 * synced or not, so that both syncs overlap: only its durable end counts (J9).
 */
export type Reader = 'consumer' | 'committed-transactions' | 'follower'

/** First offset the reader may not read (exclusive). */
export function readLimit(state: PartitionState, reader: Reader): Offset {
  switch (reader) {
    case 'consumer':
      return state.highWatermark
    case 'committed-transactions':
      return lastStableOffset(state)
    case 'follower':
      return state.endOffset
  }
}

/**
 * Whether a fetch may be answered here; null when it may. From the high watermark to the end there is simply nothing to
 * read yet; an offset outside the log is refused, so that the client resets by its own policy.
 */
export function checkRead(
  state: PartitionState,
  read: { readonly fetchOffset: Offset; readonly currentLeaderEpoch: LeaderEpoch },
): WireErrorName | null {
  const refused = checkLeader(state, read.currentLeaderEpoch)
  if (refused !== null) return refused
  return read.fetchOffset < state.logStartOffset || read.fetchOffset > state.endOffset ? 'OFFSET_OUT_OF_RANGE' : null
}

/** Whether the broker that fetches as a follower holds a replica; null when it does. */
export function checkFollower(state: PartitionState, brokerId: BrokerId): WireErrorName | null {
  return brokerId !== state.self && state.replicas.includes(brokerId) ? null : 'NOT_LEADER_OR_FOLLOWER'
}

/** An epoch and the first offset after its last record. -1, -1 when the log knows no such epoch. */
export interface EpochEnd {
  readonly epoch: LeaderEpoch
  readonly endOffset: Offset
}

/**
 * Compares the reader's history with ours: `ours` is what our epochs say of `lastFetchedEpoch`, the epoch of the last
 * record it has. Null when its log is a prefix of ours up to `fetchOffset`. A divergence is told with error NONE and no
 * records, and the reader truncates to it; an epoch we know nothing of is out of range.
 */
export function decideDivergence(
  read: { readonly fetchOffset: Offset; readonly lastFetchedEpoch: LeaderEpoch },
  ours: EpochEnd,
): EpochEnd | 'OFFSET_OUT_OF_RANGE' | null {
  if (ours.epoch === -1 || ours.endOffset === -1) return 'OFFSET_OUT_OF_RANGE'
  return ours.epoch < read.lastFetchedEpoch || ours.endOffset < read.fetchOffset ? ours : null
}

/**
 * Whether consumers may be told where the log ends. A leader whose high watermark is still below its term's start does
 * not know what was committed before: what it said could go back (ListOffsets answers OFFSET_NOT_AVAILABLE).
 */
export function knowsCommitted(state: PartitionState): boolean {
  return state.role === 'leader' && state.highWatermark >= state.leaderEpochStartOffset
}

/** What DeleteRecords does: the new start of the log, or an error. `offset` -1 stands for the high watermark. */
export function decideDeleteRecords(state: PartitionState, offset: Offset): { logStartOffset: Offset } | WireErrorName {
  const refused = checkLeader(state, -1)
  if (refused !== null) return refused
  const target = offset === -1 ? state.highWatermark : offset
  if (target < 0 || target > state.highWatermark) return 'OFFSET_OUT_OF_RANGE'
  return { logStartOffset: Math.max(target, state.logStartOffset) }
}
