/**
 * Where each leader's term begins in a log: the leader epoch cache. Rebuilt from the checkpoint and the batches after it;
 * never a reason to cut a log. Source: KIP-101, KIP-279; Kafka LeaderEpochFileCache.
 */
import type { LeaderEpoch, Offset } from '../base/units.ts'
import type { EpochStart } from './kafka-files.ts'

export class LeaderEpochs {
  /** Epochs and offsets both rise. */
  #entries: EpochStart[]
  readonly #onAssigned: (entry: EpochStart) => void

  /** `onAssigned` is told of each term that `assign` notes, so that it is kept. */
  constructor(entries: readonly EpochStart[], onAssigned: (entry: EpochStart) => void) {
    this.#entries = [...entries]
    this.#onAssigned = onAssigned
  }

  get entries(): readonly EpochStart[] {
    return this.#entries
  }

  /** A leader's term begins: the next record it appends has `startOffset`. */
  assign(epoch: LeaderEpoch, startOffset: Offset): void {
    if (this.note(epoch, startOffset)) this.#onAssigned({ epoch, startOffset })
  }

  /** Takes the epoch of a batch. True when it began a term that was not known. */
  note(epoch: LeaderEpoch, startOffset: Offset): boolean {
    const last = this.#entries.at(-1)
    if (epoch < 0 || (last !== undefined && epoch <= last.epoch)) return false
    // A term that began at or after this offset got no record: it holds nothing.
    while ((this.#entries.at(-1)?.startOffset ?? -1) >= startOffset) this.#entries.pop()
    this.#entries.push({ epoch, startOffset })
    return true
  }

  /** -1 when none is known. */
  latest(): LeaderEpoch {
    return this.#entries.at(-1)?.epoch ?? -1
  }

  /**
   * The largest epoch at or below `epoch` that is known here, and where its records end. (-1, -1) when `epoch` is not
   * known, being above all or -1. Below all: the first one's start, under the epoch asked for.
   */
  endOffsetFor(epoch: LeaderEpoch, logEndOffset: Offset): { epoch: LeaderEpoch; endOffset: Offset } {
    const last = this.#entries.at(-1)
    if (epoch < 0 || last === undefined || epoch > last.epoch) return { epoch: -1, endOffset: -1 }
    if (epoch === last.epoch) return { epoch, endOffset: logEndOffset }
    const above = this.#entries.findIndex(entry => entry.epoch > epoch)
    const next = this.#entries[above] as EpochStart
    const own = this.#entries[above - 1]
    return { epoch: own?.epoch ?? epoch, endOffset: next.startOffset }
  }

  /** Epoch of the record at `offset`; -1 when it is older than all that is known. */
  epochAt(offset: Offset): LeaderEpoch {
    for (let i = this.#entries.length - 1; i >= 0; i--) {
      const entry = this.#entries[i] as EpochStart
      if (entry.startOffset <= offset) return entry.epoch
    }
    return -1
  }

  /** The log ends at `endOffset` now. */
  cutEnd(endOffset: Offset): void {
    this.#entries = this.#entries.filter(entry => entry.startOffset < endOffset)
  }

  /** The log begins at `startOffset` now: its first record's term stays, from there. */
  cutStart(startOffset: Offset): void {
    const first = this.epochAt(startOffset)
    this.#entries = this.#entries
      .filter(entry => entry.epoch >= first && (entry.startOffset > startOffset || entry.epoch === first))
      .map(entry => (entry.startOffset < startOffset ? { epoch: entry.epoch, startOffset } : entry))
  }
}
