/**
 * Whether a batch is appended, and where: leadership, in-sync replicas, producer epochs and sequences. The batch itself
 * was validated before (wire/batch/validate.ts): framing, CRC, timestamps, sizes. `evolveAppended` is the only place that
 * moves the log's end, live, in replay and on followers alike.
 *
 * Keeps I-04 (offsets never go back), I-07 (acknowledged when committed) and I-08 (a batch is in the log once).
 *
 * Sources: KIP-98 (idempotence), KIP-360 (producers without state), KIP-890 (transactions that begin implicitly).
 */
import { assert } from '../../base/assert.ts'
import { planted } from '../../base/planted.ts'
import type { Millis, Offset } from '../../base/units.ts'
import type { WireErrorName } from '../../spec/errors.ts'
import { type BatchHeader, isControl, isTransactional } from '../../wire/batch/header.ts'
import { requiredInsync } from './high-watermark.ts'
import type { ProducedBatch, Producer } from './producers.ts'
import { follows, sequenceAfter } from './sequence.ts'
import type { PartitionState } from './state.ts'

export interface AppendRules {
  /** -1: every in-sync replica, of which there must be enough. 1: the leader. 0: nobody. */
  readonly acks: number
  /**
   * Whether a transaction of a producer this partition knows nothing of must begin at sequence 0 (transactions v2). False
   * for clients of the first version.
   */
  readonly strictFirstSequence?: boolean
}

export type AppendDecision =
  /** Append with `baseOffset`; the log then ends after `lastOffset` (inclusive). */
  | { readonly kind: 'append'; readonly baseOffset: Offset; readonly lastOffset: Offset }
  /** Already in the log, at these offsets: answer as if it had been appended now. `timestamp` as stored. */
  | { readonly kind: 'duplicate'; readonly baseOffset: Offset; readonly lastOffset: Offset; readonly timestamp: Millis }
  | { readonly kind: 'refused'; readonly error: WireErrorName; readonly message: string }

/**
 * What becomes of a client's batch. `producerId` is the batch's when `header.hasProducerId`, else null (reading it costs,
 * and most batches have none). Changes nothing.
 */
export function decideAppend(
  state: PartitionState,
  header: BatchHeader,
  producerId: bigint | null,
  rules: AppendRules,
): AppendDecision {
  if (state.role !== 'leader') {
    return refuse('NOT_LEADER_OR_FOLLOWER', 'this broker does not lead the partition')
  }
  if (rules.acks === -1 && state.isr.length < requiredInsync(state)) {
    return refuse(
      'NOT_ENOUGH_REPLICAS',
      `acks=all needs ${requiredInsync(state)} replicas in sync, there is ${state.isr.length}`,
    )
  }
  if (producerId !== null) {
    const decision = decideProducer(state, header, producerId, rules)
    if (decision !== null) return decision
  }
  const lastOffset = state.endOffset + header.lastOffsetDelta
  assert(Number.isSafeInteger(lastOffset + 1), 'offsets are exact', { lastOffset })
  return { kind: 'append', baseOffset: state.endOffset, lastOffset }
}

export interface Appended {
  readonly producerId: bigint | null
  /** Offset of the batch's first record as it is in the log; gaps left by compaction are legal, going back is not. */
  readonly baseOffset: Offset
  /** Monotonic. */
  readonly nowMs: Millis
  /** Epoch of the coordinator whose marker the batch is; only read for control batches. */
  readonly coordinatorEpoch?: number
}

/** The batch is in the log: moves the end and remembers the producer. In place, allocating nothing for plain batches. */
export function evolveAppended(state: PartitionState, header: BatchHeader, appended: Appended): void {
  const { baseOffset, producerId } = appended
  assert(baseOffset >= state.endOffset, 'offsets never go back', { baseOffset, endOffset: state.endOffset })
  state.endOffset = baseOffset + header.lastOffsetDelta + 1
  if (producerId !== null) evolveProducer(state, header, appended)
}

/**
 * Remembers the producer of a batch that lies in the log already, without moving its end: for the replay after a start or
 * a truncation, from the producer snapshot's offset on, in log order.
 */
export function evolveReplayed(state: PartitionState, header: BatchHeader, appended: Appended): void {
  assert(appended.baseOffset < state.endOffset, 'what is replayed is in the log', { baseOffset: appended.baseOffset })
  if (appended.producerId !== null) evolveProducer(state, header, appended)
}

/**
 * What to tell a client that waits with acks=all for `endOffset` (exclusive), or null to go on waiting. The watermark
 * stands while too few replicas are in sync, so what it has passed was on enough of them.
 */
export function decideAck(state: PartitionState, endOffset: Offset): WireErrorName | null {
  if (state.role !== 'leader') return 'NOT_LEADER_OR_FOLLOWER'
  if (state.highWatermark >= endOffset) return 'NONE'
  return state.isr.length < requiredInsync(state) ? 'NOT_ENOUGH_REPLICAS_AFTER_APPEND' : null
}

function decideProducer(
  state: PartitionState,
  header: BatchHeader,
  producerId: bigint,
  rules: AppendRules,
): AppendDecision | null {
  const producer = state.producers.find(producerId)
  const fromBefore = producer === undefined || lastOffsetOf(producer) < state.leaderEpochStartOffset
  if (fromBefore && planted('sequence-check-skipped-after-restart')) return null
  if (producer === undefined) return decideUnknownProducer(header, rules)
  const earlier = findDuplicate(producer, header)
  if (earlier !== null) {
    const { lastOffset, offsetDelta, timestamp } = earlier
    return { kind: 'duplicate', baseOffset: lastOffset - offsetDelta, lastOffset, timestamp }
  }
  if (header.producerEpoch < producer.producerEpoch) {
    const message = `producer ${producerId} wrote with epoch ${producer.producerEpoch}, this batch has ${header.producerEpoch}`
    return refuse('INVALID_PRODUCER_EPOCH', message)
  }
  if (producer.currentTxnFirstOffset !== -1 && !isTransactional(header)) {
    return refuse('INVALID_TXN_STATE', `producer ${producerId} has a transaction open, this batch is outside of it`)
  }
  return decideSequence(producer, header)
}

/** Its state expired, or this is its first batch: any sequence is accepted, as clients of old brokers rely on. */
function decideUnknownProducer(header: BatchHeader, rules: AppendRules): AppendDecision | null {
  if (rules.strictFirstSequence === true && isTransactional(header) && header.baseSequence !== 0) {
    const message = `the first batch of a transaction here has sequence ${header.baseSequence}, not 0`
    return refuse('OUT_OF_ORDER_SEQUENCE_NUMBER', message)
  }
  return null
}

function decideSequence(producer: Producer, header: BatchHeader): AppendDecision | null {
  const { producerId } = producer
  if (producer.producerEpoch === -1) return null
  if (header.producerEpoch > producer.producerEpoch) {
    if (header.baseSequence === 0) return null
    const message = `producer ${producerId} begins epoch ${header.producerEpoch} with sequence ${header.baseSequence}, not 0`
    return refuse('OUT_OF_ORDER_SEQUENCE_NUMBER', message)
  }
  const last = producer.batches.at(-1)?.lastSequence ?? -1
  if (follows(last, header.baseSequence)) return null
  const message = `producer ${producerId} wrote sequence ${last} last, this batch begins with ${header.baseSequence}`
  return refuse('OUT_OF_ORDER_SEQUENCE_NUMBER', message)
}

/** The remembered batch with this epoch and these sequences, or null. */
function findDuplicate(producer: Producer, header: BatchHeader): ProducedBatch | null {
  if (header.producerEpoch !== producer.producerEpoch) return null
  const lastSequence = sequenceAfter(header.baseSequence, header.lastOffsetDelta)
  for (const batch of producer.batches) {
    if (batch.firstSequence === header.baseSequence && batch.lastSequence === lastSequence) return batch
  }
  return null
}

function evolveProducer(state: PartitionState, header: BatchHeader, appended: Appended): void {
  const producerId = appended.producerId as bigint
  if (isControl(header)) {
    evolveMarker(state, header, appended)
    return
  }
  const producer = state.producers.recordBatch({
    producerId,
    producerEpoch: header.producerEpoch,
    firstSequence: header.baseSequence,
    baseOffset: appended.baseOffset,
    offsetDelta: header.lastOffsetDelta,
    timestamp: header.maxTimestamp,
    nowMs: appended.nowMs,
  })
  if (isTransactional(header) && producer.currentTxnFirstOffset === -1) {
    state.producers.beginTransaction(producer, appended.baseOffset)
    state.transactions.begin(appended.baseOffset)
  }
}

/** A coordinator's marker, in the log like any batch, ends what the producer had open here (it may have had nothing). */
function evolveMarker(state: PartitionState, header: BatchHeader, appended: Appended): void {
  const producerId = appended.producerId as bigint
  const firstOffset = state.producers.find(producerId)?.currentTxnFirstOffset ?? -1
  if (firstOffset !== -1) state.transactions.decide(firstOffset, appended.baseOffset)
  state.producers.recordMarker(producerId, {
    producerEpoch: header.producerEpoch,
    coordinatorEpoch: appended.coordinatorEpoch ?? -1,
    nowMs: appended.nowMs,
  })
}

function lastOffsetOf(producer: Producer): Offset {
  return producer.batches.at(-1)?.lastOffset ?? -1
}

function refuse(error: WireErrorName, message: string): AppendDecision {
  return { kind: 'refused', error, message }
}
