/**
 * Which transactions hold back the last stable offset: those open, and those whose marker is not yet below the high
 * watermark (a marker that can still be lost has decided nothing for readers). Does not know outcomes or aborted ranges:
 * those are in the log's transaction index. Source: KIP-98.
 */
import { assert } from '../../base/assert.ts'
import type { Offset } from '../../base/units.ts'

interface Decided {
  readonly firstOffset: Offset
  readonly markerOffset: Offset
}

export class UnstableTransactions {
  /** First offsets of transactions that hold back readers. Added in rising order, so the first one is the lowest. */
  readonly #firstOffsets = new Set<Offset>()
  /** Those with a marker, in the order of the markers. */
  #decided: Decided[] = []

  get size(): number {
    return this.#firstOffsets.size
  }

  /** Lowest first offset of a transaction that is not stable, or null. */
  firstUnstableOffset(): Offset | null {
    for (const offset of this.#firstOffsets) return offset
    return null
  }

  begin(firstOffset: Offset): void {
    assert(!this.#firstOffsets.has(firstOffset), 'two transactions do not begin at one offset', { firstOffset })
    this.#firstOffsets.add(firstOffset)
  }

  /** The marker of the transaction that began at `firstOffset` was appended. */
  decide(firstOffset: Offset, markerOffset: Offset): void {
    assert(this.#firstOffsets.has(firstOffset), 'a marker ends a transaction that began', { firstOffset, markerOffset })
    this.#decided.push({ firstOffset, markerOffset })
  }

  /** The high watermark moved: markers below it are final. */
  settle(highWatermark: Offset): void {
    if (this.#decided.length === 0) return
    let count = 0
    for (const { firstOffset, markerOffset } of this.#decided) {
      if (markerOffset >= highWatermark) break
      this.#firstOffsets.delete(firstOffset)
      count += 1
    }
    if (count > 0) this.#decided = this.#decided.slice(count)
  }

  /** Forgets all and takes the first offsets of open transactions instead, in any order. */
  restore(firstOffsets: readonly Offset[]): void {
    this.#firstOffsets.clear()
    this.#decided = []
    for (const offset of [...firstOffsets].sort((a, b) => a - b)) this.begin(offset)
  }
}
