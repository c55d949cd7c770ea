/**
 * A second, deliberately simple statement of what a partition accepts from producers: it keeps every batch and searches
 * the list. Slow and obvious; the tests hold append.ts against it.
 */

export interface ModelBatch {
  readonly producerId: bigint
  readonly epoch: number
  readonly sequence: number
  readonly count: number
  readonly transactional: boolean
  /** A coordinator's marker; it has no sequence and is always appended. */
  readonly marker: boolean
}

interface Kept extends ModelBatch {
  readonly baseOffset: number
}

const SEQUENCES = 2 ** 31

export class ModelPartition {
  log: Kept[] = []
  endOffset = 0

  /** `append`, `duplicate BASE`, or the name of an error. */
  decide(batch: ModelBatch): string {
    const mine = this.log.filter(kept => kept.producerId === batch.producerId)
    if (mine.length === 0) return 'append'
    const epoch = mine.at(-1)!.epoch
    const thisEpoch = this.#batchesOfEpoch(mine, epoch)
    const last = thisEpoch.at(-1)
    const twin = thisEpoch
      .slice(-5)
      .find(kept => batch.epoch === epoch && kept.sequence === batch.sequence && kept.count === batch.count)
    if (twin !== undefined) return `duplicate ${twin.baseOffset}`
    if (batch.epoch < epoch) return 'INVALID_PRODUCER_EPOCH'
    if (this.#isOpen(mine) && !batch.transactional) return 'INVALID_TXN_STATE'
    const expected = batch.epoch > epoch || last === undefined ? 0 : (last.sequence + last.count) % SEQUENCES
    return batch.sequence === expected ? 'append' : 'OUT_OF_ORDER_SEQUENCE_NUMBER'
  }

  append(batch: ModelBatch): number {
    const baseOffset = this.endOffset
    this.log.push({ ...batch, baseOffset })
    this.endOffset += batch.count
    return baseOffset
  }

  /** First record of the earliest open transaction, or of one whose marker is not below `highWatermark`; else that. */
  lastStableOffset(highWatermark: number): number {
    let lowest = highWatermark
    for (const id of new Set(this.log.map(kept => kept.producerId))) {
      let first: number | null = null
      for (const kept of this.log.filter(each => each.producerId === id)) {
        if (!kept.marker) {
          if (kept.transactional) first ??= kept.baseOffset
        } else if (kept.baseOffset < highWatermark) first = null
        else break
      }
      if (first !== null) lowest = Math.min(lowest, first)
    }
    return lowest
  }

  #isOpen(mine: readonly Kept[]): boolean {
    return mine.findLastIndex(kept => kept.marker) < mine.findLastIndex(kept => kept.transactional && !kept.marker)
  }

  /** Data batches since the epoch began (an epoch that came back by a marker began anew). */
  #batchesOfEpoch(mine: readonly Kept[], epoch: number): Kept[] {
    const before = mine.findLastIndex(kept => kept.epoch !== epoch)
    return mine.slice(before + 1).filter(kept => !kept.marker)
  }
}
