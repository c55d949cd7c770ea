/**
 * One reader of one partition: asks, and is given records. Call `asks` when a fetch goes out, `told` when its reply is
 * there, `reads` for each record in it that is at or past the position asked for.
 */
import type { Offset } from '../../base/units.ts'
import type { PartitionHistory } from './partition-history.ts'
import { type ValueMark, valueIdOf } from './value.ts'

export class ReaderCheck {
  readonly name: string
  readonly partition: PartitionHistory
  #nextOffset: Offset
  #floor: Offset = 0
  #highWatermark: Offset = 0

  /** Use `History.reader`. */
  constructor(name: string, partition: PartitionHistory, from: Offset) {
    this.name = name
    this.partition = partition
    this.#nextOffset = from
  }

  /** Where it reads on. */
  get nextOffset(): Offset {
    return this.#nextOffset
  }

  /** A fetch goes out: whatever end is known by now, its reply must not be behind. */
  asks(): void {
    this.#floor = this.partition.knownEndOffset
  }

  /** A reply without an error came, with this high watermark. */
  told(highWatermark: Offset): void {
    const { name, violations } = this.partition
    if (highWatermark < this.#floor) {
      const what = `${this.name} was told high watermark ${highWatermark} after ${this.#floor} was known`
      violations.add('stale', name, what)
    }
    this.#highWatermark = highWatermark
    this.partition.sawEnd(highWatermark)
  }

  /** What it was given ends here, records or not: exclusive. Only where compaction may have left holes. */
  skipsTo(offset: Offset): void {
    this.#nextOffset = Math.max(this.#nextOffset, offset)
  }

  /** It was given this record. `mark`: what its value says, or in words what is wrong with it. */
  reads(offset: Offset, mark: ValueMark | string): void {
    const { name, violations } = this.partition
    if (offset >= this.#highWatermark) {
      const what = `${this.name} was given ${offset} under high watermark ${this.#highWatermark}`
      violations.add('beyond-high-watermark', name, what)
    }
    if (offset < this.#nextOffset) {
      violations.add('went-back', name, `${this.name} was given ${offset} when ${this.#nextOffset} was next`)
    }
    this.#nextOffset = offset + 1
    if (this.partition.laneOf(offset, mark) === null || typeof mark === 'string') return
    this.partition.holds(offset, valueIdOf(mark.lane, mark.sequence), 'read')
  }
}
