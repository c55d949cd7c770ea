import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { plantBugs } from '../../base/planted.ts'
import { attributesOf, type BatchHeader, Codec, emptyBatchHeader } from '../../wire/batch/header.ts'
import { type ModelBatch, ModelPartition } from './append.model.ts'
import { type AppendDecision, decideAck, decideAppend, evolveAppended, evolveReplayed } from './append.ts'
import { evolveDurable } from './high-watermark.ts'
import { follow, lead } from './leadership.ts'
import { SEQUENCE_MAX } from './sequence.ts'
import { invariants, lastStableOffset, openPartition, type PartitionState } from './state.ts'

const alone = { leader: 1, leaderEpoch: 0, partitionEpoch: 0, replicas: [1], isr: [1] }

function leader(): PartitionState {
  const state = openPartition({
    self: 1,
    minInsyncReplicas: 1,
    logStartOffset: 0,
    endOffset: 0,
    highWatermark: null,
    producers: [],
    nowMs: 0,
  })
  lead(state, alone, 0)
  return state
}

interface Sent {
  epoch?: number
  sequence?: number
  count?: number
  transactional?: boolean
  control?: boolean
  timestamp?: number
}

function header(sent: Sent): BatchHeader {
  const { epoch = -1, sequence = -1, count = 1, transactional = false, control = false, timestamp = 7 } = sent
  return {
    ...emptyBatchHeader(),
    magic: 2,
    attributes: attributesOf({ codec: Codec.none, transactional, control }),
    hasProducerId: epoch !== -1,
    producerEpoch: epoch,
    baseSequence: sequence,
    lastOffsetDelta: count - 1,
    recordsCount: count,
    maxTimestamp: timestamp,
  }
}

/** Decides, and evolves when the decision is to append. */
function send(state: PartitionState, producerId: bigint | null, sent: Sent): AppendDecision {
  const batch = header(sent)
  const decision = decideAppend(state, batch, producerId, { acks: 1 })
  if (decision.kind === 'append') {
    evolveAppended(state, batch, { producerId, baseOffset: decision.baseOffset, nowMs: 0 })
  }
  invariants(state)
  return decision
}

function errorOf(decision: AppendDecision): string {
  return decision.kind === 'refused' ? decision.error : decision.kind
}

test('I-03 plain batches get consecutive offsets and leave no producer behind', () => {
  const state = leader()
  assert.deepEqual(send(state, null, { count: 10 }), { kind: 'append', baseOffset: 0, lastOffset: 9 })
  assert.deepEqual(send(state, null, { count: 1 }), { kind: 'append', baseOffset: 10, lastOffset: 10 })
  assert.equal(state.endOffset, 11)
  assert.equal(state.producers.size, 0)
})

test('each of the last five batches is answered with its original offset and time, nothing is appended', () => {
  const state = leader()
  for (let i = 0; i < 6; i++) send(state, 9n, { epoch: 0, sequence: i * 10, count: 10, timestamp: 100 + i })
  for (let i = 1; i < 6; i++) {
    const again = send(state, 9n, { epoch: 0, sequence: i * 10, count: 10 })
    assert.deepEqual(again, { kind: 'duplicate', baseOffset: i * 10, lastOffset: i * 10 + 9, timestamp: 100 + i })
  }
  assert.equal(errorOf(send(state, 9n, { epoch: 0, sequence: 0, count: 10 })), 'OUT_OF_ORDER_SEQUENCE_NUMBER')
  assert.equal(state.endOffset, 60)
})

test('a batch with the same first sequence and another length is not a duplicate', () => {
  const state = leader()
  send(state, 9n, { epoch: 0, sequence: 0, count: 10 })
  assert.equal(errorOf(send(state, 9n, { epoch: 0, sequence: 0, count: 9 })), 'OUT_OF_ORDER_SEQUENCE_NUMBER')
})

test('a gap is refused and appends nothing', () => {
  const state = leader()
  send(state, 9n, { epoch: 0, sequence: 0, count: 10 })
  assert.equal(errorOf(send(state, 9n, { epoch: 0, sequence: 11 })), 'OUT_OF_ORDER_SEQUENCE_NUMBER')
  assert.equal(state.endOffset, 10)
})

test('sequences wrap from 2147483647 to 0, between batches and inside one', () => {
  const between = leader()
  send(between, 9n, { epoch: 0, sequence: SEQUENCE_MAX })
  assert.equal(errorOf(send(between, 9n, { epoch: 0, sequence: 0 })), 'append')
  const inside = leader()
  send(inside, 9n, { epoch: 0, sequence: SEQUENCE_MAX - 1, count: 5 })
  assert.equal(errorOf(send(inside, 9n, { epoch: 0, sequence: SEQUENCE_MAX - 1, count: 5 })), 'duplicate')
  assert.equal(errorOf(send(inside, 9n, { epoch: 0, sequence: 3 })), 'append')
})

test('a new epoch begins at sequence 0, an old one is fenced with INVALID_PRODUCER_EPOCH', () => {
  const state = leader()
  send(state, 9n, { epoch: 3, sequence: 0 })
  assert.equal(errorOf(send(state, 9n, { epoch: 4, sequence: 1 })), 'OUT_OF_ORDER_SEQUENCE_NUMBER')
  assert.equal(errorOf(send(state, 9n, { epoch: 4, sequence: 0 })), 'append')
  assert.equal(errorOf(send(state, 9n, { epoch: 3, sequence: 1 })), 'INVALID_PRODUCER_EPOCH')
  assert.equal(errorOf(send(state, 9n, { epoch: 4, sequence: 0 })), 'duplicate')
  assert.equal(errorOf(send(state, 9n, { epoch: 4, sequence: 1 })), 'append')
})

test('a producer without state may begin anywhere, unless transactions are strict', () => {
  const state = leader()
  assert.equal(errorOf(send(state, 1n, { epoch: 5, sequence: 77 })), 'append')
  const first = header({ epoch: 0, sequence: 5, transactional: true })
  const strict = decideAppend(state, first, 2n, { acks: -1, strictFirstSequence: true })
  assert.equal(errorOf(strict), 'OUT_OF_ORDER_SEQUENCE_NUMBER')
})

test('a batch outside the open transaction of its producer is refused until the marker', () => {
  const state = leader()
  send(state, 9n, { epoch: 0, sequence: 0, transactional: true })
  assert.equal(errorOf(send(state, 9n, { epoch: 0, sequence: 1 })), 'INVALID_TXN_STATE')
  evolveAppended(state, header({ epoch: 0, control: true, transactional: true }), {
    producerId: 9n,
    baseOffset: 1,
    nowMs: 0,
    coordinatorEpoch: 4,
  })
  assert.equal(errorOf(send(state, 9n, { epoch: 0, sequence: 1 })), 'append')
  assert.equal(state.producers.find(9n)?.coordinatorEpoch, 4)
})

test('the last stable offset waits for the marker to be committed', () => {
  const state = leader()
  send(state, null, { count: 3 })
  send(state, 9n, { epoch: 0, sequence: 0, count: 2, transactional: true })
  evolveDurable(state, 5)
  assert.equal(lastStableOffset(state), 3)
  const marker = header({ epoch: 0, control: true, transactional: true })
  evolveAppended(state, marker, { producerId: 9n, baseOffset: 5, nowMs: 0 })
  assert.equal(lastStableOffset(state), 3, 'the marker is not durable yet')
  evolveDurable(state, 6)
  assert.equal(lastStableOffset(state), 6)
})

test('who does not lead appends nothing and acknowledges nothing', () => {
  const state = leader()
  send(state, null, {})
  assert.equal(decideAck(state, 1), null)
  evolveDurable(state, 1)
  assert.equal(decideAck(state, 1), 'NONE')
  follow(state, { ...alone, leader: 2, leaderEpoch: 1, partitionEpoch: 1, replicas: [1, 2], isr: [2] })
  assert.equal(errorOf(send(state, null, {})), 'NOT_LEADER_OR_FOLLOWER')
  assert.equal(decideAck(state, 1), 'NOT_LEADER_OR_FOLLOWER')
})

test('C6 acks=all needs min.insync.replicas, acks=1 does not', () => {
  const state = leader()
  state.minInsyncReplicas = 2
  lead(state, { ...alone, partitionEpoch: 1, replicas: [1, 2, 3], isr: [1] }, 0)
  assert.equal(errorOf(decideAppend(state, header({}), null, { acks: -1 })), 'NOT_ENOUGH_REPLICAS')
  assert.equal(errorOf(decideAppend(state, header({}), null, { acks: 1 })), 'append')
  lead(state, { ...alone, partitionEpoch: 2, replicas: [1, 2, 3], isr: [1, 3] }, 0)
  assert.equal(errorOf(decideAppend(state, header({}), null, { acks: -1 })), 'append')
  evolveAppended(state, header({}), { producerId: null, baseOffset: 0, nowMs: 0 })
  evolveDurable(state, 1)
  lead(state, { ...alone, partitionEpoch: 3, replicas: [1, 2, 3], isr: [1] }, 0)
  assert.equal(decideAck(state, 1), 'NOT_ENOUGH_REPLICAS_AFTER_APPEND')
})

test('min.insync.replicas above the replica count asks for all of them, not for more than there are', () => {
  const state = leader()
  state.minInsyncReplicas = 3
  assert.equal(errorOf(decideAppend(state, header({}), null, { acks: -1 })), 'append')
})

test('duplicates are known after a restart, and not while that bug is planted', t => {
  t.after(() => plantBugs([]))
  const before = leader()
  for (let i = 0; i < 3; i++) send(before, 9n, { epoch: 0, sequence: i })
  const after = openPartition({
    self: 1,
    minInsyncReplicas: 1,
    logStartOffset: 0,
    endOffset: 3,
    highWatermark: 3,
    producers: before.producers.snapshot(),
    nowMs: 1e9,
  })
  lead(after, { ...alone, leaderEpoch: 1, partitionEpoch: 1 }, 1e9)
  assert.equal(errorOf(decideAppend(after, header({ epoch: 0, sequence: 2 }), 9n, { acks: 1 })), 'duplicate')
  plantBugs(['sequence-check-skipped-after-restart'])
  assert.equal(errorOf(decideAppend(after, header({ epoch: 0, sequence: 2 }), 9n, { acks: 1 })), 'append')
})

test('I-04 offsets never go back', () => {
  const state = leader()
  send(state, null, { count: 5 })
  assert.throws(() => evolveAppended(state, header({}), { producerId: null, baseOffset: 4, nowMs: 0 }), /never go back/)
})

// Few producers, epochs and sequences, so that runs are full of twins, gaps and old epochs.
const modelBatch: fc.Arbitrary<ModelBatch> = fc.record({
  producerId: fc.bigInt(0n, 2n),
  epoch: fc.integer({ min: 0, max: 2 }),
  sequence: fc.oneof(fc.integer({ min: 0, max: 8 }), fc.constantFrom(SEQUENCE_MAX, SEQUENCE_MAX - 1)),
  count: fc.integer({ min: 1, max: 2 }),
  transactional: fc.boolean(),
  marker: fc.constant(false),
})

type Step =
  | { step: 'send'; batch: ModelBatch }
  /** What a well-behaved producer would send next. */
  | { step: 'next'; batch: ModelBatch }
  | { step: 'marker'; batch: ModelBatch }
  | { step: 'durable' }
  /** Snapshot so many batches ago, then replay. */
  | { step: 'restart'; back: number }

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ step: fc.constant('send' as const), batch: modelBatch }) },
    { weight: 8, arbitrary: fc.record({ step: fc.constant('next' as const), batch: modelBatch }) },
    { weight: 1, arbitrary: fc.record({ step: fc.constant('marker' as const), batch: modelBatch }) },
    { weight: 3, arbitrary: fc.constant({ step: 'durable' as const }) },
    {
      weight: 1,
      arbitrary: fc.record({ step: fc.constant('restart' as const), back: fc.integer({ min: 0, max: 9 }) }),
    },
  ),
  { maxLength: 60 },
)

test('I-08 I-09 agrees with a model that searches the whole log, across restarts', () => {
  fc.assert(
    fc.property(steps, run => {
      const model = new ModelPartition()
      let state = leader()
      const history: { at: number; entries: ReturnType<PartitionState['producers']['snapshot']> }[] = []
      for (const step of run) {
        history.push({ at: model.log.length, entries: state.producers.snapshot() })
        if (step.step === 'durable') evolveDurable(state, state.endOffset)
        else if (step.step === 'restart') state = restart(state, model, history.at(-1 - step.back) ?? history[0]!)
        else apply(state, model, step)
        invariants(state)
        assert.equal(state.endOffset, model.endOffset)
        assert.equal(lastStableOffset(state), model.lastStableOffset(state.highWatermark))
      }
    }),
    { numRuns: 400 },
  )
})

function apply(state: PartitionState, model: ModelPartition, step: Step & { batch: ModelBatch }): void {
  let batch = step.batch
  const known = state.producers.find(batch.producerId)
  if (step.step === 'marker') {
    // A coordinator never goes back in epochs; the partition takes what it says.
    batch = { ...batch, marker: true, transactional: true, count: 1, sequence: -1 }
    batch = { ...batch, epoch: Math.max(batch.epoch, known?.producerEpoch ?? 0) }
  } else if (step.step === 'next' && known !== undefined) {
    const last = known.batches.at(-1)
    const sequence = last === undefined ? 0 : (last.lastSequence + 1) % (SEQUENCE_MAX + 1)
    batch = { ...batch, epoch: known.producerEpoch, sequence, transactional: known.currentTxnFirstOffset !== -1 }
  }
  const { epoch, sequence, count, transactional, marker } = batch
  const sent = header({ epoch, sequence, count, transactional, control: marker })
  if (!marker) {
    const decision = decideAppend(state, sent, batch.producerId, { acks: 1 })
    const said = decision.kind === 'duplicate' ? `duplicate ${decision.baseOffset}` : errorOf(decision)
    assert.equal(said, model.decide(batch))
    if (decision.kind !== 'append') return
  }
  const baseOffset = model.append(batch)
  evolveAppended(state, sent, { producerId: batch.producerId, baseOffset, nowMs: 0 })
}

/** The broker starts again from a snapshot that is some batches old and replays what came after it. */
function restart(
  state: PartitionState,
  model: ModelPartition,
  from: { at: number; entries: ReturnType<PartitionState['producers']['snapshot']> },
): PartitionState {
  const again = openPartition({
    self: 1,
    minInsyncReplicas: 1,
    logStartOffset: 0,
    endOffset: model.endOffset,
    highWatermark: 0,
    producers: from.entries,
    nowMs: 0,
  })
  for (const kept of model.log.slice(from.at)) {
    const { epoch, sequence, count, transactional, marker } = kept
    const sent = header({ epoch, sequence, count, transactional, control: marker })
    evolveReplayed(again, sent, { producerId: kept.producerId, baseOffset: kept.baseOffset, nowMs: 0 })
  }
  lead(again, { ...alone, leaderEpoch: state.leaderEpoch + 1, partitionEpoch: state.partitionEpoch + 1 }, 0)
  return again
}
