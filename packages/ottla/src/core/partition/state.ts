/**
 * One replica of a partition as this broker knows it: its role, the ends that matter, what is known of the other
 * replicas and of producers. Changed only by the evolve functions of this folder, in place, because every batch passes
 * here; the decide functions read it. The log itself (bytes, segments, epochs) is storage's.
 *
 * The order that always holds (I-03): logStart <= highWatermark <= end, durableEnd <= end.
 */
import { assert } from '../../base/assert.ts'
import type { BrokerId, LeaderEpoch, Millis, Offset } from '../../base/units.ts'
import { PRODUCERS_MAX, type ProducerEntry, ProducerTable } from './producers.ts'
import { UnstableTransactions } from './transactions.ts'

/**
 * - idle: the image has not said yet, or names no leader; nothing is served. From: any. To: leader, follower.
 * - leader: appends and serves. From: any, in a term that names this broker.
 * - follower: copies from the leader. From: any, in a term that names another broker.
 */
export type Role = 'idle' | 'leader' | 'follower'

/** What the leader knows of another replica. */
export interface FollowerProgress {
  /** Its durable end: the offset it fetched from last. -1 before its first fetch in this term. */
  endOffset: Offset
  /** Epoch of the broker's registration that fetched, -1 when unknown. An ISR is asked for with it (KIP-903). */
  brokerEpoch: number
  /** Our end when it fetched last, and when that was. Monotonic. */
  leaderEndAtFetch: Offset
  fetchedAtMs: Millis
  /** The last time at which it held everything we had. Monotonic. */
  caughtUpAtMs: Millis
  /**
   * Outside the ISR, but it keeps up and may join: the high watermark waits for it. Else a leader alone in its ISR under
   * constant load would always be one batch ahead, and the replica could never join.
   */
  joining: boolean
}

export interface PartitionState {
  readonly self: BrokerId
  role: Role
  /** -1 when there is none. */
  leader: BrokerId
  /** Term of the leader, from the image. -1 before the first one. */
  leaderEpoch: LeaderEpoch
  /** Version of the image's partition record: the compare-and-set value of ISR changes. -1 before the first one. */
  partitionEpoch: number
  /** In the order of preference. */
  replicas: readonly BrokerId[]
  /** As committed by the controller. */
  isr: readonly BrokerId[]
  /** The ISR asked for, whose fate is unknown; null when none is under way. */
  proposedIsr: readonly BrokerId[] | null
  /** `min.insync.replicas` of the topic, 1 or more. */
  minInsyncReplicas: number
  /** Our end when this term began: what lies below was written under earlier leaders. Leader only. */
  leaderEpochStartOffset: Offset
  /** First offset that may be read. */
  logStartOffset: Offset
  /** First offset not yet written here. */
  endOffset: Offset
  /** First offset that a power cut here could take. */
  durableEndOffset: Offset
  /** First offset not yet known to be on the whole ISR: consumers read strictly below. Never back within a term. */
  highWatermark: Offset
  /** The other replicas. Leader only. */
  readonly followers: Map<BrokerId, FollowerProgress>
  readonly producers: ProducerTable
  readonly transactions: UnstableTransactions
}

export interface OpenedLog {
  readonly self: BrokerId
  readonly minInsyncReplicas: number
  readonly logStartOffset: Offset
  /** Everything recovered counts as durable: recovery synced it. */
  readonly endOffset: Offset
  /** As last checkpointed; null when no checkpoint knows it. */
  readonly highWatermark: Offset | null
  /** Producers as of some offset; the caller then replays the batches from there with `evolveAppended`. */
  readonly producers: readonly ProducerEntry[]
  /** Monotonic. */
  readonly nowMs: Millis
  readonly producersMax?: number
}

/** The state of a replica whose log was just opened or created: idle until `lead` or `follow`. */
export function openPartition(log: OpenedLog): PartitionState {
  assert(log.minInsyncReplicas >= 1, 'min.insync.replicas is 1 or more', { given: log.minInsyncReplicas })
  const highWatermark = Math.min(Math.max(log.highWatermark ?? log.logStartOffset, log.logStartOffset), log.endOffset)
  const state: PartitionState = {
    self: log.self,
    role: 'idle',
    leader: -1,
    leaderEpoch: -1,
    partitionEpoch: -1,
    replicas: [],
    isr: [],
    proposedIsr: null,
    minInsyncReplicas: log.minInsyncReplicas,
    leaderEpochStartOffset: -1,
    logStartOffset: log.logStartOffset,
    endOffset: log.endOffset,
    durableEndOffset: log.endOffset,
    highWatermark,
    followers: new Map(),
    producers: new ProducerTable(log.producersMax ?? PRODUCERS_MAX),
    transactions: new UnstableTransactions(),
  }
  restoreProducers(state, log.producers, log.nowMs)
  return state
}

/** Replaces what is known of producers: after a start, or a truncation. The caller replays batches from the snapshot's offset. */
export function restoreProducers(state: PartitionState, entries: readonly ProducerEntry[], nowMs: Millis): void {
  state.producers.restore(entries, nowMs)
  const open = entries.map(entry => entry.currentTxnFirstOffset).filter(offset => offset !== -1)
  state.transactions.restore(open)
}

/**
 * First offset that a read_committed consumer may not read yet (exclusive end): the first record of the earliest
 * transaction that is open or whose marker is not below the high watermark; else the high watermark. Source: KIP-98.
 */
export function lastStableOffset(state: PartitionState): Offset {
  const unstable = state.transactions.firstUnstableOffset()
  if (unstable === null || unstable >= state.highWatermark) return state.highWatermark
  return Math.max(unstable, state.logStartOffset)
}

/** Asserts what always holds. Cheap but for the producers, which are visited one by one when `deep`. */
export function invariants(state: PartitionState, deep = true): void {
  const { logStartOffset, highWatermark, endOffset, durableEndOffset, isr, replicas } = state
  const ends = { logStartOffset, highWatermark, endOffset, durableEndOffset }
  assert(0 <= logStartOffset && logStartOffset <= highWatermark, 'the log starts at or below the high watermark', ends)
  assert(highWatermark <= endOffset, 'the high watermark is within the log', ends)
  assert(durableEndOffset <= endOffset, 'nothing unwritten is durable', ends)
  assert(Number.isSafeInteger(endOffset), 'offsets are exact', ends)
  const stable = lastStableOffset(state)
  assert(stable >= logStartOffset && stable <= highWatermark, 'the last stable offset is in reach', { ...ends, stable })
  assert(
    isr.every(id => replicas.includes(id)),
    'the ISR is of replicas',
    { isr, replicas },
  )
  if (state.role === 'leader') {
    assert(state.leader === state.self, 'a leader is named by its term', { leader: state.leader })
    assert(isr.includes(state.self), 'a leader is in its ISR', { isr })
    assert(state.leaderEpochStartOffset <= endOffset, 'a term begins within the log', ends)
    assert(!state.followers.has(state.self), 'a leader does not follow itself')
  } else {
    assert(state.leader !== state.self, 'who is named leader leads', { role: state.role })
    assert(state.proposedIsr === null && state.followers.size === 0, 'only a leader watches followers')
  }
  if (deep) state.producers.invariants()
}
