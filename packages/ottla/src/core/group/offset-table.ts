/**
 * Committed offsets of one group by topic and partition. Changed in place, by evolve only: a group may commit for 10,000
 * partitions every few seconds, and millions of records are replayed at start. Source: Kafka's OffsetCommitValue.
 */
import type { OffsetCommitValue } from '../../wire/gen/records/offsets.ts'

export class OffsetTable {
  readonly #topics = new Map<string, Map<number, OffsetCommitValue>>()
  #size = 0

  /** Offsets of all topics. */
  get size(): number {
    return this.#size
  }

  get(topic: string, partition: number): OffsetCommitValue | null {
    return this.#topics.get(topic)?.get(partition) ?? null
  }

  set(topic: string, partition: number, value: OffsetCommitValue): void {
    let partitions = this.#topics.get(topic)
    if (partitions === undefined) {
      partitions = new Map()
      this.#topics.set(topic, partitions)
    }
    const before = partitions.size
    partitions.set(partition, value)
    this.#size += partitions.size - before
  }

  /** One that is not there is no harm: a tombstone may be read back after what it deletes was compacted away. */
  delete(topic: string, partition: number): void {
    const partitions = this.#topics.get(topic)
    if (partitions?.delete(partition) !== true) return
    this.#size -= 1
    if (partitions.size === 0) this.#topics.delete(topic)
  }

  /** Topics that have an offset, with their offsets, in the order in which they came. */
  topics(): Iterable<readonly [string, ReadonlyMap<number, OffsetCommitValue>]> {
    return this.#topics
  }
}

/** The table as decisions see it. */
export type Offsets = Pick<OffsetTable, 'size' | 'get' | 'topics'>
