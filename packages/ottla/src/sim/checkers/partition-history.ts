/**
 * What is known of one partition: which value was ever acknowledged or given out at which offset, and how far its end
 * was ever seen. One offset has one content for ever; whoever says otherwise is a violation.
 */
import { assert } from '../../base/assert.ts'
import type { Offset } from '../../base/units.ts'
import { Contents, UNKNOWN } from './contents.ts'
import type { History } from './history.ts'
import type { Compaction } from './keyed.ts'
import type { Lane } from './lane.ts'
import { laneOfValueId, sequenceOfValueId, type ValueMark } from './value.ts'
import type { Violations } from './violation.ts'

export class PartitionHistory {
  /** `topic-partition`. */
  readonly name: string
  readonly history: History
  readonly contents = new Contents()
  readonly lanes: Lane[] = []
  /** Null: every record stays. */
  readonly compaction: Compaction | null
  /** Offsets that compaction was seen to have emptied. */
  readonly gone = new Set<Offset>()
  #knownEndOffset: Offset = 0
  #startOffsetMax: Offset = 0
  #startOffsetMin: Offset = 0

  /** Use `History.partition`. */
  constructor(name: string, history: History, compaction: Compaction | null) {
    this.name = name
    this.history = history
    this.compaction = compaction
  }

  get violations(): Violations {
    return this.history.violations
  }

  /** The log may begin here at the latest: moved by deletion of records and by retention, as the workload allows them. */
  get startOffsetMax(): Offset {
    return this.#startOffsetMax
  }

  /** The log may not begin before: a deletion up to here was acknowledged. */
  get startOffsetMin(): Offset {
    return this.#startOffsetMin
  }

  /** The highest end that readers must be able to see: a request that begins now is told at least this. */
  get knownEndOffset(): Offset {
    return this.#knownEndOffset
  }

  /** Records below `offset` may go from now on. */
  allowStart(offset: Offset): void {
    this.#startOffsetMax = Math.max(this.#startOffsetMax, offset)
  }

  /** The broker said that everything below `offset` is deleted; `allowStart` was called before it was asked to. */
  promiseStart(offset: Offset): void {
    assert(offset <= this.#startOffsetMax, 'what is deleted was allowed to go', { offset })
    this.#startOffsetMin = Math.max(this.#startOffsetMin, offset)
  }

  /**
   * A fault took what this partition's durability does not promise to keep, of `from` and later: a power cut and
   * `page-cache`. What was acknowledged there may be gone, and its offsets may be given out anew.
   */
  excuseLoss(from: Offset): void {
    this.contents.forgetFrom(from)
    for (const offset of this.gone) if (offset >= from) this.gone.delete(offset)
    this.#knownEndOffset = Math.min(this.#knownEndOffset, from)
    for (const lane of this.lanes) lane.excuseFrom(from)
  }

  sawEnd(endOffset: Offset): void {
    this.#knownEndOffset = Math.max(this.#knownEndOffset, endOffset)
  }

  /** `valueId` was acknowledged, or given out, at `offset`. */
  holds(offset: Offset, valueId: number, how: 'acknowledged' | 'read'): void {
    const known = this.contents.at(offset)
    if (known === UNKNOWN) {
      this.contents.set(offset, valueId)
    } else if (known !== valueId) {
      const what = `offset ${offset} held ${this.show(known)}, then ${this.show(valueId)} was ${how} there`
      this.violations.add('two-contents', this.name, what)
    }
  }

  /** The lane that sent it to this partition; null, and a violation, when none did. `mark` in words: what is wrong. */
  laneOf(offset: Offset, mark: ValueMark | string): Lane | null {
    const problem = typeof mark === 'string' ? mark : this.#problemOf(mark)
    if (problem === null) return this.history.lanes[(mark as ValueMark).lane] as Lane
    this.violations.add('invented', this.name, `offset ${offset} holds ${problem}`)
    return null
  }

  show(valueId: number): string {
    const lane = this.history.lanes[laneOfValueId(valueId)]
    return lane === undefined ? `value ${valueId}` : lane.nameOf(sequenceOfValueId(valueId))
  }

  #problemOf({ lane: index, sequence, run }: ValueMark): string | null {
    if (run !== this.history.run) return `a record of run ${run}, this is ${this.history.run}`
    const lane = this.history.lanes[index]
    if (lane === undefined) return `a record of lane ${index}, which there is not`
    if (lane.partition !== this) return `${lane.nameOf(sequence)}, sent to ${lane.partition.name}`
    return sequence < lane.count ? null : `${lane.nameOf(sequence)}, which was never sent`
  }
}
