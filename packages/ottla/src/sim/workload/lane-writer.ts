/**
 * What one producer has written to one partition and not yet settled, oldest first. Idempotent producers number their
 * records, so that a batch sent again is known for what it is; after a failure nothing new goes out until everything
 * older is settled, in order.
 */
import { assert } from '../../base/assert.ts'
import type { Prng } from '../../base/random.ts'
import { BatchBuilder } from '../../wire/batch/build.ts'
import type { CodecId } from '../../wire/batch/header.ts'
import type { History } from '../checkers/history.ts'
import { keyedRecord } from '../checkers/keyed.ts'
import { type Lane, NO_OFFSET } from '../checkers/lane.ts'
import { encodeValue, VALUE_BYTES_MIN } from '../checkers/value.ts'
import { mayRetry, nameOf } from './actor.ts'
import type { Place } from './places.ts'

export interface ProducerKind {
  readonly acks: -1 | 1
  readonly idempotent: boolean
  /** Requests out at a time. Without idempotence more than one loses the promise of order. */
  readonly inFlightMax: number
  readonly recordsMax: number
  readonly valueBytesMax: number
  readonly codec: CodecId
}

export interface ProducerIdentity {
  readonly producerId: bigint
  readonly producerEpoch: number
}

export interface Batch {
  readonly first: number
  readonly count: number
  readonly bytes: Uint8Array
}

const builder = new BatchBuilder()

export class LaneWriter {
  readonly place: Place
  readonly #history: History
  readonly #kind: ProducerKind
  readonly #producer: string
  readonly #rng: Prng
  #lane: Lane
  #losses: number
  #unsettled: Batch[] = []

  constructor(
    place: Place,
    history: History,
    { kind, producer, rng }: { kind: ProducerKind; producer: string; rng: Prng },
  ) {
    this.place = place
    this.#history = history
    this.#kind = kind
    this.#producer = producer
    this.#rng = rng
    this.#losses = place.losses
    this.#lane = this.#newLane()
  }

  /** Sent, outcome not known; in the order in which they were first sent. */
  get unsettled(): readonly Batch[] {
    return this.#unsettled
  }

  /** Whether the partition lost what it may since the last look. Then everything unsettled is given up. */
  restartAfterLoss(): boolean {
    if (this.#losses === this.place.losses) return false
    this.#losses = this.place.losses
    this.#unsettled = []
    this.#lane = this.#newLane()
    return true
  }

  /** A batch of new records. */
  make(identity: ProducerIdentity | null, timestampMs: number): Batch {
    const count = this.#rng.int(1, this.#kind.recordsMax)
    const first = this.#lane.send(count)
    for (let i = 0; i < count; i++) this.#add(first + i, timestampMs + i)
    const { codec } = this.#kind
    const sequence = identity === null ? {} : { ...identity, baseSequence: first }
    const batch = { first, count, bytes: builder.build({ codec, ...sequence }) }
    this.#unsettled.push(batch)
    return batch
  }

  sendsAgain(batch: Batch): void {
    this.#lane.resend(batch.first, batch.count)
  }

  /** The broker answered. False when the batch, and what was sent after it, has to go out again. */
  answered(
    batch: Batch,
    { errorCode, baseOffset }: { readonly errorCode: number; readonly baseOffset: number },
  ): boolean {
    // Of a past that a power cut has since taken, or settled by the answer to an earlier sending.
    if (this.#losses !== this.place.losses || !this.#unsettled.includes(batch)) return true
    const name = nameOf(errorCode)
    if (name === 'NONE' || name === 'DUPLICATE_SEQUENCE_NUMBER') {
      this.#lane.acknowledge(batch.first, batch.count, name === 'NONE' && baseOffset >= 0 ? baseOffset : NO_OFFSET)
      this.#unsettled = this.#unsettled.filter(other => other !== batch)
      return true
    }
    const isBehindAnother = this.#unsettled[0] !== batch
    if (mayRetry(name) || (name === 'OUT_OF_ORDER_SEQUENCE_NUMBER' && isBehindAnother)) return false
    const what = `${this.#producer} was answered ${name} to records ${batch.first} to ${batch.first + batch.count - 1}`
    this.#history.unexpected(this.place.history.name, what)
    this.#unsettled = this.#unsettled.filter(other => other !== batch)
    return true
  }

  #add(sequence: number, timestampMs: number): void {
    const { compaction } = this.place.history
    const bytes = this.#rng.int(VALUE_BYTES_MIN, this.#kind.valueBytesMax)
    const mark = { lane: this.#lane.index, sequence, run: this.#history.run }
    if (compaction !== null) {
      const { key, value, headers } = keyedRecord(mark, bytes, compaction)
      builder.append(key, value, headers, timestampMs)
    } else {
      const value = encodeValue(mark, bytes)
      builder.append(this.#rng.chance(0.3) ? value.subarray(0, 8) : null, value, [], timestampMs)
    }
  }

  #newLane(): Lane {
    const { idempotent, acks, inFlightMax } = this.#kind
    assert(inFlightMax >= 1 && inFlightMax <= 5, 'what the broker remembers of a producer', { inFlightMax })
    return this.#history.lane(this.place.history.name, {
      producer: this.#producer,
      idempotent,
      ordered: idempotent || inFlightMax === 1,
      visibleWhenAcknowledged: acks === -1,
    })
  }
}
