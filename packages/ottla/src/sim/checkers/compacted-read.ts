/**
 * What one whole reading of a compacted partition must show (I-19): of each key the newest record that anybody knows of,
 * unless that deletes the key and may be forgotten itself, with everything older; and nothing that an earlier reading
 * found gone. Records that newer ones replace may be there or not.
 */
import type { Offset } from '../../base/units.ts'
import { UNKNOWN } from './contents.ts'
import { type Compaction, isDeletion, keyOf } from './keyed.ts'
import { type Lane, NO_OFFSET, Outcome } from './lane.ts'
import type { PartitionHistory } from './partition-history.ts'
import { valueIdOf } from './value.ts'

interface Seen {
  /** The first and the last record of a key. */
  readonly first: Offset
  last: Offset
}

export class CompactedRead {
  readonly #partition: PartitionHistory
  readonly #compaction: Compaction
  readonly #startOffset: Offset
  readonly #seen = new Map<number, Seen>()
  readonly #offsets = new Set<Offset>()

  constructor(partition: PartitionHistory, compaction: Compaction, startOffset: Offset) {
    this.#partition = partition
    this.#compaction = compaction
    this.#startOffset = startOffset
  }

  reads(offset: Offset, valueId: number): void {
    const { gone, name, violations } = this.#partition
    this.#offsets.add(offset)
    const key = keyOf(valueId, this.#compaction)
    const seen = this.#seen.get(key)
    if (seen === undefined) this.#seen.set(key, { first: offset, last: offset })
    else seen.last = offset
    if (!gone.has(offset)) return
    const what = `${this.#partition.show(valueId)} at offset ${offset} was gone, and is back`
    violations.add('returned', name, what)
  }

  /**
   * Deletions that are gone, by their offsets, of which was read what they deleted: wrong, unless compaction took first the
   * one and then the other while this reading went on. The next one tells: a deletion that is still so was forgotten too soon.
   */
  get torn(): readonly Offset[] {
    const forgotten = [...this.#newestKnown()].filter(([key, offset]) => this.#isForgotten(key, offset))
    return forgotten.filter(([key]) => this.#seen.has(key)).map(([, offset]) => offset)
  }

  /** Call once, when everything up to the end was read. */
  end(endOffset: Offset): void {
    const { contents, gone } = this.#partition
    for (const [key, offset] of this.#newestKnown()) {
      if (this.#seen.get(key)?.last !== offset) this.#newestIsGone(key, offset, endOffset)
    }
    for (let offset = this.#startOffset; offset < contents.endOffset; offset++) {
      if (contents.at(offset) !== UNKNOWN && !this.#offsets.has(offset)) gone.add(offset)
    }
  }

  /** By key. What was read is known. */
  #newestKnown(): Map<number, Offset> {
    const { contents } = this.#partition
    const newest = new Map<number, Offset>()
    for (let offset = this.#startOffset; offset < contents.endOffset; offset++) {
      const valueId = contents.at(offset)
      if (valueId !== UNKNOWN) newest.set(keyOf(valueId, this.#compaction), offset)
    }
    return newest
  }

  #isForgotten(key: number, newest: Offset): boolean {
    const { contents } = this.#partition
    return this.#compaction.forgetsDeletions && isDeletion(contents.at(newest)) && this.#seen.get(key)?.last !== newest
  }

  #newestIsGone(key: number, offset: Offset, endOffset: Offset): void {
    const { contents, name, violations } = this.#partition
    const record = `${this.#partition.show(contents.at(offset))}, the newest of key ${key}, at offset ${offset}`
    if (offset >= endOffset) {
      violations.add('acknowledged-loss', name, `${record}, lies behind the end ${endOffset}`)
    } else if (this.#isForgotten(key, offset)) {
      const older = this.#seen.get(key)
      if (older === undefined) return
      violations.add('returned', name, `${record}, is gone, and what it deleted lies at offset ${older.first}`)
    } else if (!this.#mayBeDeleted(key)) {
      violations.add('acknowledged-loss', name, `${record}, is gone`)
    }
  }

  /** Some deletion of the key may have lain anywhere: nobody knows where it went, or how often. */
  #mayBeDeleted(key: number): boolean {
    return this.#compaction.forgetsDeletions && this.#partition.lanes.some(lane => this.#mayDelete(lane, key))
  }

  #mayDelete(lane: Lane, key: number): boolean {
    for (let sequence = 0; sequence < lane.count; sequence++) {
      const valueId = valueIdOf(lane.index, sequence)
      if (!isDeletion(valueId) || keyOf(valueId, this.#compaction) !== key) continue
      if (lane.outcomeOf(sequence) === Outcome.refused) continue
      if (lane.offsetOf(sequence) === NO_OFFSET || lane.copiesMaxOf(sequence) > 1) return true
    }
    return false
  }
}
