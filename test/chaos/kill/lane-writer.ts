/**
 * The batches of one producer for one partition that are not settled yet, oldest first: what goes out next, what goes
 * out once more, what happened to each. Sends nothing itself.
 */
import type { Prng } from '../../../packages/ottla/src/base/random.ts'
import { keyedRecord } from '../../../packages/ottla/src/sim/checkers/keyed.ts'
import type { Lane } from '../../../packages/ottla/src/sim/checkers/lane.ts'
import { encodeValue } from '../../../packages/ottla/src/sim/checkers/value.ts'
import { BatchBuilder } from '../../../packages/ottla/src/wire/batch/build.ts'
import { drawBatch } from './batch-draw.ts'
import type { ProducerKind } from './producer-kind.ts'
import type { Topic } from './topics.ts'

/** Sequences of idempotent producers wrap after this one. */
const SEQUENCE_MAX = 2 ** 31 - 1
/** Of every codec that has levels: the clients must not need more of the processor than the broker. */
const FASTEST = 1

export interface LaneBatch {
  /** Counts the batches of the lane. */
  readonly ordinal: number
  /** Place in the lane of its first record. */
  readonly first: number
  readonly count: number
  readonly bytes: Uint8Array
  sends: number
  /** Sent on this connection, no reply yet. */
  isOut: boolean
}

export interface ProducerIdentity {
  readonly producerId: bigint
  readonly producerEpoch: number
}

const builder = new BatchBuilder()

export class LaneWriter {
  readonly topic: Topic
  readonly partition: number
  readonly lane: Lane
  readonly #kind: ProducerKind
  readonly #random: Prng
  readonly #unsettled: LaneBatch[] = []
  #built = 0
  /** A batch failed: those behind it come back first, then all go out again, in order. */
  #isRewinding = false
  #isAbandoned = false

  constructor(place: { topic: Topic; partition: number; lane: Lane }, kind: ProducerKind, random: Prng) {
    this.topic = place.topic
    this.partition = place.partition
    this.lane = place.lane
    this.#kind = kind
    this.#random = random
  }

  get isRewinding(): boolean {
    return this.#isRewinding
  }

  /** Records whose outcome nobody knows. */
  get unsettledRecords(): number {
    return this.#unsettled.reduce((sum, batch) => sum + batch.count, 0)
  }

  /**
   * What goes out next, marked as out; null when it is not this lane's turn: the oldest unsettled batch is always among the
   * last `inFlightMax`, which is as far back as a broker knows a retry. `identity` is null without idempotence.
   */
  next(identity: ProducerIdentity | null): LaneBatch | null {
    if (this.#isRewinding || this.#isAbandoned) return null
    let batch = this.#unsettled.find(waiting => !waiting.isOut)
    if (batch === undefined) {
      if (this.#built - (this.#unsettled[0]?.ordinal ?? this.#built) >= this.#kind.inFlightMax) return null
      batch = this.#build(identity)
      this.#unsettled.push(batch)
    } else {
      this.lane.resend(batch.first, batch.count)
    }
    batch.isOut = true
    batch.sends++
    return batch
  }

  acknowledged(batch: LaneBatch, baseOffset: number): void {
    this.lane.acknowledge(batch.first, batch.count, baseOffset)
    this.#settle(batch)
  }

  /** The broker could not, or not in time; it may have been appended. */
  failed(batch: LaneBatch): void {
    batch.isOut = false
    if (!this.#kind.retries) this.#settle(batch)
    else this.#isRewinding = true
    this.#turnRound()
  }

  /** Nothing more is heard of it, and nothing more will be sent (acks=0). */
  forgotten(batch: LaneBatch): void {
    this.#settle(batch)
  }

  /** An answer after which no client goes on: nothing more is sent, what is out is left to its fate. */
  abandon(): void {
    this.#isAbandoned = true
  }

  /** The connection is gone with all replies. */
  disconnected(): void {
    this.#isRewinding = false
    if (!this.#kind.retries) this.#unsettled.length = 0
    for (const batch of this.#unsettled) batch.isOut = false
  }

  #settle(batch: LaneBatch): void {
    const index = this.#unsettled.indexOf(batch)
    if (index >= 0) this.#unsettled.splice(index, 1)
    this.#turnRound()
  }

  #turnRound(): void {
    if (this.#isRewinding && !this.#unsettled.some(batch => batch.isOut)) this.#isRewinding = false
  }

  #build(identity: ProducerIdentity | null): LaneBatch {
    const { count, valueBytes, codec } = drawBatch(this.#random, this.topic.batchBytesMax)
    const first = this.lane.send(count)
    for (let i = 0; i < count; i++) this.#append(first + i, valueBytes)
    const baseSequence = first % (SEQUENCE_MAX + 1)
    const format = { codec, level: FASTEST }
    const bytes = builder.build(identity === null ? format : { ...format, ...identity, baseSequence })
    return { ordinal: this.#built++, first, count, bytes, sends: 0, isOut: false }
  }

  #append(sequence: number, valueBytes: number): void {
    const { compaction, history } = this.lane.partition
    const mark = { lane: this.lane.index, sequence, run: history.run }
    if (compaction === null) {
      const value = encodeValue(mark, valueBytes)
      builder.append(this.#random.chance(0.5) ? value.subarray(0, 8) : null, value, [], Date.now())
    } else {
      const { key, value, headers } = keyedRecord(mark, valueBytes, compaction)
      builder.append(key, value, headers, Date.now())
    }
  }
}
