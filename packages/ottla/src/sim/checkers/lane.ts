/**
 * What one producer sends to one partition, in order, and what it heard of it. Nine bytes a record. Knows nothing of
 * what readers see; that is compared in full-read.ts.
 */
import { assert } from '../../base/assert.ts'
import type { Offset } from '../../base/units.ts'
import { GrowingBytes, GrowingNumbers } from './growing.ts'
import type { PartitionHistory } from './partition-history.ts'
import { valueIdOf } from './value.ts'

/** What a producer knows of a record: nothing yet, that it is kept, or that the broker took none of it. */
export const Outcome = { unknown: 0, acknowledged: 1, refused: 2 } as const
export type OutcomeCode = (typeof Outcome)[keyof typeof Outcome]

/** An acknowledgement that named no offset. */
export const NO_OFFSET = -1
const SENDS_MAX = 63

export interface LaneRules {
  /** For people. */
  readonly producer: string
  /** The broker knows its retries: each record at most once in the log. Else once per sending at most. */
  readonly idempotent: boolean
  /** An acknowledged record can be read at once: acks=all. */
  readonly visibleWhenAcknowledged: boolean
  /**
   * Records lie in the log in the order they were first sent in. Not for a producer without idempotence that has several
   * requests out, or that gives up one of unknown outcome and goes on.
   */
  readonly ordered: boolean
}

export class Lane {
  readonly index: number
  readonly partition: PartitionHistory
  readonly rules: LaneRules
  readonly #offsets = new GrowingNumbers()
  /** Outcome in the low two bits, times sent above them. */
  readonly #states = new GrowingBytes()

  /** Use `History.lane`. */
  constructor(index: number, partition: PartitionHistory, rules: LaneRules) {
    this.index = index
    this.partition = partition
    this.rules = rules
  }

  /** Records sent so far; the next has this sequence. */
  get count(): number {
    return this.#states.length
  }

  /** Call before the bytes leave. Returns the sequence of the first of the `count` records. */
  send(count: number): number {
    const first = this.count
    for (let i = 0; i < count; i++) {
      this.#states.push(Outcome.unknown | (1 << 2))
      this.#offsets.push(NO_OFFSET)
    }
    return first
  }

  /** The same records go out once more. */
  resend(first: number, count: number): void {
    assert(first + count <= this.count, 'what is sent again was sent before', { first, count })
    for (let sequence = first; sequence < first + count; sequence++) {
      const sends = Math.min(SENDS_MAX, this.sendsOf(sequence) + 1)
      this.#states.set(sequence, this.outcomeOf(sequence) | (sends << 2))
    }
  }

  /** The broker said that it keeps them, the first at `baseOffset`, or at NO_OFFSET when it did not say where. */
  acknowledge(first: number, count: number, baseOffset: Offset): void {
    assert(first + count <= this.count, 'what is acknowledged was sent', { first, count })
    for (let i = 0; i < count; i++) {
      const sequence = first + i
      const before = this.offsetOf(sequence)
      const offset = baseOffset === NO_OFFSET ? before : baseOffset + i
      if (this.rules.idempotent && before !== NO_OFFSET && before !== offset) {
        const what = `${this.nameOf(sequence)} was acknowledged at ${before} and again at ${offset}`
        this.partition.violations.add('duplicate', this.partition.name, what)
      }
      this.#setOutcome(sequence, Outcome.acknowledged)
      this.#offsets.set(sequence, offset)
      if (offset !== NO_OFFSET) this.partition.holds(offset, valueIdOf(this.index, sequence), 'acknowledged')
    }
    if (baseOffset !== NO_OFFSET && this.rules.visibleWhenAcknowledged) this.partition.sawEnd(baseOffset + count)
  }

  /** The broker said that it took none of them, in an answer that leaves no doubt. */
  refuse(first: number, count: number): void {
    for (let sequence = first; sequence < first + count; sequence++) {
      // An earlier sending may have been kept, with its reply lost.
      if (this.sendsOf(sequence) === 1) this.#setOutcome(sequence, Outcome.refused)
    }
  }

  /** Acknowledgements at or past `from` no longer bind: a power cut may legally have taken what they promised. */
  excuseFrom(from: Offset): void {
    for (let sequence = 0; sequence < this.count; sequence++) {
      if (this.outcomeOf(sequence) !== Outcome.acknowledged) continue
      const offset = this.offsetOf(sequence)
      if (offset !== NO_OFFSET && offset < from) continue
      this.#setOutcome(sequence, Outcome.unknown)
      this.#offsets.set(sequence, NO_OFFSET)
    }
  }

  outcomeOf(sequence: number): OutcomeCode {
    return (this.#states.at(sequence) & 3) as OutcomeCode
  }

  sendsOf(sequence: number): number {
    return this.#states.at(sequence) >> 2
  }

  /** Where it was acknowledged, or NO_OFFSET. */
  offsetOf(sequence: number): Offset {
    return this.#offsets.at(sequence)
  }

  /** How often the record may lie in the log. */
  copiesMaxOf(sequence: number): number {
    if (this.rules.idempotent) return 1
    const sends = this.sendsOf(sequence)
    return sends === SENDS_MAX ? Number.POSITIVE_INFINITY : sends
  }

  nameOf(sequence: number): string {
    return `record ${sequence} of ${this.rules.producer}`
  }

  #setOutcome(sequence: number, outcome: OutcomeCode): void {
    this.#states.set(sequence, outcome | (this.sendsOf(sequence) << 2))
  }
}
