/**
 * Who is in sync: what a follower's fetch tells, and when the leader asks the controller for another ISR. The change
 * itself is the controller's (core/controller); until its outcome is known the maximal ISR counts (high-watermark.ts).
 * Sources: KIP-497 (asking the controller), KIP-841 and KIP-903 (who may join), KIP-320 (not before the term's start).
 */
import { assert } from '../../base/assert.ts'
import type { BrokerId, Millis, Offset } from '../../base/units.ts'
import { advanceHighWatermark, inMaximalIsr, isCaughtUp } from './high-watermark.ts'
import type { FollowerProgress, PartitionState } from './state.ts'

export interface FollowerFetch {
  readonly brokerId: BrokerId
  readonly brokerEpoch: number
  /** Where it fetches from: everything below is durable there. */
  readonly endOffset: Offset
  /** Alive in the image, with this broker epoch, and not shutting down. */
  readonly eligible: boolean
  readonly nowMs: Millis
}

/** Notes a follower's position. It is a replica of the partition and fetched in our term. Returns whether the high watermark moved. */
export function evolveFollowerFetch(state: PartitionState, fetch: FollowerFetch): boolean {
  assert(state.role === 'leader', 'only a leader is fetched from', { role: state.role })
  const follower = state.followers.get(fetch.brokerId)
  assert(follower !== undefined, 'a follower is a replica', { brokerId: fetch.brokerId, replicas: state.replicas })
  // Another start of its process: what the one before had caught up with may be lost.
  const restarted = follower.brokerEpoch !== -1 && fetch.brokerEpoch !== follower.brokerEpoch
  if (restarted) follower.caughtUpAtMs = Number.NEGATIVE_INFINITY
  if (fetch.endOffset >= state.endOffset) follower.caughtUpAtMs = fetch.nowMs
  else if (follower.leaderEndAtFetch !== -1 && fetch.endOffset >= follower.leaderEndAtFetch) {
    // It now has all that we had when it last asked, so at that time it asked for everything.
    follower.caughtUpAtMs = Math.max(follower.caughtUpAtMs, follower.fetchedAtMs)
  }
  const keepsUp = fetch.endOffset >= state.endOffset || fetch.endOffset >= nonNegative(follower.leaderEndAtFetch)
  follower.joining = keepsUp && fetch.eligible && !inMaximalIsr(state, fetch.brokerId)
  follower.endOffset = fetch.endOffset
  follower.brokerEpoch = fetch.brokerEpoch
  follower.leaderEndAtFetch = state.endOffset
  follower.fetchedAtMs = fetch.nowMs
  return advanceHighWatermark(state)
}

export interface IsrRules {
  readonly nowMs: Millis
  /** `replica.lag.time.max.ms`. */
  readonly lagMaxMs: Millis
  /** Whether the broker is alive in the image, with this broker epoch, and not shutting down. */
  readonly eligible: (id: BrokerId, brokerEpoch: number) => boolean
}

/**
 * The ISR to ask for now, in the order of the replicas, or null when it is right as it is, when a change is under way,
 * or when this broker does not lead.
 */
export function decideIsr(state: PartitionState, rules: IsrRules): readonly BrokerId[] | null {
  if (state.role !== 'leader' || state.proposedIsr !== null) return null
  const wanted = state.replicas.filter(id => {
    if (id === state.self) return true
    const follower = state.followers.get(id)
    assert(follower !== undefined, 'a leader watches every other replica', { id })
    return state.isr.includes(id) ? isCaughtUp(state, follower, rules) : mayJoin(state, id, { follower, rules })
  })
  return wanted.length === state.isr.length && wanted.every(id => state.isr.includes(id)) ? null : wanted
}

/** The change was sent to the controller. From now on both ISRs count. */
export function evolveIsrProposed(state: PartitionState, isr: readonly BrokerId[]): void {
  assert(state.role === 'leader' && state.proposedIsr === null, 'one change at a time, by the leader', { isr })
  assert(isr.includes(state.self), 'a leader stays in its ISR', { isr })
  state.proposedIsr = isr
}

/**
 * The controller refused the change for good. Not for a lost reply: then it may have been made, and the leader asks
 * again until it knows (`leadership.ts` ends the wait when the image shows a newer partition epoch).
 */
export function evolveIsrRefused(state: PartitionState): boolean {
  state.proposedIsr = null
  // Who was refused is waited for again only when it is seen to keep up again.
  for (const follower of state.followers.values()) follower.joining = false
  return advanceHighWatermark(state)
}

/** Stops waiting for replicas that fell behind while about to join. Called now and then. Returns whether the high watermark moved. */
export function evolveLag(state: PartitionState, at: { nowMs: Millis; lagMaxMs: Millis }): boolean {
  for (const follower of state.followers.values()) {
    if (follower.joining && !isCaughtUp(state, follower, at)) follower.joining = false
  }
  return advanceHighWatermark(state)
}

/**
 * A replica may join when it has all that consumers may have seen, and all of the terms before ours: with less it could
 * be elected without records that were acknowledged.
 */
function mayJoin(state: PartitionState, id: BrokerId, at: { follower: FollowerProgress; rules: IsrRules }): boolean {
  const { endOffset, brokerEpoch } = at.follower
  return (
    endOffset >= state.highWatermark &&
    endOffset >= state.leaderEpochStartOffset &&
    isCaughtUp(state, at.follower, at.rules) &&
    at.rules.eligible(id, brokerEpoch)
  )
}

function nonNegative(offset: Offset): Offset {
  return offset === -1 ? Number.POSITIVE_INFINITY : offset
}
