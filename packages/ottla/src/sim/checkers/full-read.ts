/**
 * One reading of a whole partition, from its start to its end: the moment when everything that was ever promised about
 * it is compared with what is there. May be done any number of times, while nothing is written.
 */
import { assert } from '../../base/assert.ts'
import type { Offset } from '../../base/units.ts'
import { CompactedRead } from './compacted-read.ts'
import { UNKNOWN } from './contents.ts'
import { type Lane, NO_OFFSET, Outcome } from './lane.ts'
import type { PartitionHistory } from './partition-history.ts'
import { laneOfValueId, sequenceOfValueId, type ValueMark, valueIdOf } from './value.ts'

/** A lane as this reading found it. */
interface Seen {
  /** How often each record was met, by sequence. */
  readonly copies: Uint8Array
  /** The highest sequence met so far, and where. */
  lastSequence: number
  lastOffset: Offset
}

const COPIES_MAX = 255

export class FullRead {
  readonly #partition: PartitionHistory
  readonly #seen = new Map<Lane, Seen>()
  readonly #startOffset: Offset
  /** Where what is missing may have been replaced. */
  readonly #compacted: CompactedRead | null
  #nextOffset: Offset
  #ended = false

  /** Use `History.fullRead`. `startOffset`: where the log says that it begins. */
  constructor(partition: PartitionHistory, startOffset: Offset) {
    this.#partition = partition
    this.#startOffset = startOffset
    this.#nextOffset = startOffset
    const { compaction } = partition
    this.#compacted = compaction === null ? null : new CompactedRead(partition, compaction, startOffset)
    const { startOffsetMin, startOffsetMax, name, violations } = partition
    if (startOffset < startOffsetMin) {
      violations.add('log-start', name, `the log begins at ${startOffset}, though deleted up to ${startOffsetMin}`)
    }
    if (startOffset > startOffsetMax) {
      violations.add('log-start', name, `the log begins at ${startOffset}, ${startOffsetMax} at the latest is allowed`)
      for (let offset = startOffsetMax; offset < startOffset; offset++) this.#missing(offset)
    }
  }

  /** The next record. In the order of offsets. */
  reads(offset: Offset, mark: ValueMark | string): void {
    const partition = this.#partition
    if (offset < this.#nextOffset) {
      const what = `the full read was given ${offset} when ${this.#nextOffset} was next`
      partition.violations.add('went-back', partition.name, what)
      return
    }
    for (let skipped = this.#nextOffset; skipped < offset; skipped++) this.#missing(skipped)
    this.#nextOffset = offset + 1
    const lane = partition.laneOf(offset, mark)
    if (lane === null || typeof mark === 'string') return
    const { sequence } = mark
    this.#compare(offset, valueIdOf(lane.index, sequence))
    this.#compacted?.reads(offset, valueIdOf(lane.index, sequence))
    this.#count(lane, sequence, offset)
  }

  /** Compaction may have gone on meanwhile, so that this reading shows what never was: read once more, and then `end`. */
  get torn(): readonly Offset[] {
    return this.#compacted?.torn ?? []
  }

  /** The log ends here: exclusive. What was promised beyond is missing. */
  end(endOffset: Offset): void {
    assert(!this.#ended, 'a full read ends once')
    this.#ended = true
    const partition = this.#partition
    for (let offset = this.#nextOffset; offset < Math.max(endOffset, partition.contents.endOffset); offset++) {
      this.#missing(offset)
    }
    if (this.#compacted !== null) this.#compacted.end(endOffset)
    else for (const lane of partition.lanes) this.#checkLane(lane)
  }

  #compare(offset: Offset, valueId: number): void {
    const partition = this.#partition
    const known = partition.contents.at(offset)
    if (known !== UNKNOWN && known !== valueId && this.#isAcknowledgedAt(known, offset)) {
      const what = `${partition.show(known)} was acknowledged at offset ${offset}, which holds ${partition.show(valueId)}`
      partition.violations.add('acknowledged-loss', partition.name, what)
    }
    partition.holds(offset, valueId, 'read')
  }

  #count(lane: Lane, sequence: number, offset: Offset): void {
    let seen = this.#seen.get(lane)
    if (seen === undefined) {
      seen = { copies: new Uint8Array(lane.count), lastSequence: -1, lastOffset: -1 }
      this.#seen.set(lane, seen)
    }
    const copies = (seen.copies[sequence] as number) + 1
    seen.copies[sequence] = Math.min(COPIES_MAX, copies)
    const { name, violations } = this.#partition
    if (copies > lane.copiesMaxOf(sequence)) {
      const often = lane.rules.idempotent ? 'is idempotent' : `was sent ${lane.sendsOf(sequence)} times`
      violations.add('duplicate', name, `${lane.nameOf(sequence)} ${often}; copy ${copies} lies at offset ${offset}`)
    }
    if (copies > 1) return
    if (lane.outcomeOf(sequence) === Outcome.refused) {
      violations.add('refused-but-kept', name, `${lane.nameOf(sequence)} was refused but lies at offset ${offset}`)
    }
    // Where the log begins later than it did, or is compacted, a record that was sent more than once may have lost its first copy.
    const keepsFirst = this.#startOffset === 0 && this.#compacted === null
    const isFirstCopy = keepsFirst || lane.copiesMaxOf(sequence) === 1
    if (lane.rules.ordered && isFirstCopy && sequence < seen.lastSequence) {
      const what = `${lane.nameOf(sequence)} lies at offset ${offset}, behind record ${seen.lastSequence} at ${seen.lastOffset}`
      violations.add('order', name, what)
    }
    if (sequence > seen.lastSequence) {
      seen.lastSequence = sequence
      seen.lastOffset = offset
    }
  }

  /** Nothing was read at `offset`. */
  #missing(offset: Offset): void {
    if (this.#compacted !== null) return
    const partition = this.#partition
    const { name, violations } = partition
    const known = partition.contents.at(offset)
    if (known === UNKNOWN) {
      violations.add('hole', name, `nothing lies at offset ${offset}, between the start and the end of the log`)
    } else if (this.#isAcknowledgedAt(known, offset)) {
      violations.add('acknowledged-loss', name, `${partition.show(known)}, acknowledged at offset ${offset}, is gone`)
    } else {
      violations.add('vanished', name, `${partition.show(known)}, once read at offset ${offset}, is gone`)
    }
  }

  /** Acknowledged without an offset, or idempotent and so in one place only: it must be somewhere. */
  #checkLane(lane: Lane): void {
    const copies = this.#seen.get(lane)?.copies
    const { name, violations } = this.#partition
    // Where the start moved, a record that nobody knows the offset of may have lain below it.
    if (this.#startOffset > 0) return
    for (let sequence = 0; sequence < lane.count; sequence++) {
      if (lane.outcomeOf(sequence) !== Outcome.acknowledged || lane.offsetOf(sequence) !== NO_OFFSET) continue
      if ((copies?.[sequence] ?? 0) > 0) continue
      violations.add('acknowledged-loss', name, `${lane.nameOf(sequence)}, acknowledged without an offset, is nowhere`)
    }
  }

  #isAcknowledgedAt(valueId: number, offset: Offset): boolean {
    const lane = this.#partition.history.lanes[laneOfValueId(valueId)] as Lane
    const sequence = sequenceOfValueId(valueId)
    return lane.outcomeOf(sequence) === Outcome.acknowledged && lane.offsetOf(sequence) === offset
  }
}
