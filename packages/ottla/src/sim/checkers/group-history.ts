/**
 * What members of consumer groups sent and heard, in one run, and what of it cannot be: the checks run as it is told. Pure,
 * as history.ts. What is promised (docs/invariants.md I-16 to I-18): a partition has one owner in a generation; who is in an
 * older generation commits nothing once a newer one was given out; a committed offset that was answered is never lost and
 * never goes back.
 */
import { assert } from '../../base/assert.ts'
import type { Offset } from '../../base/units.ts'
import type { Violations } from './violation.ts'

/** A commit on its way. */
export interface SentCommit {
  readonly partition: number
  readonly offset: Offset
  readonly generation: number
  /** The newest generation whose assignment somebody held when it was sent. */
  readonly newestThen: number
}

interface PartitionOffsets {
  /** Highest offset whose commit was answered, or that was told to somebody; -1: none. */
  least: Offset
  /** Highest offset that anybody sent; -1: none. */
  most: Offset
}

export class GroupHistory {
  readonly groupId: string
  readonly #violations: Violations
  /** Members that own a partition, by generation. */
  readonly #owners = new Map<number, Map<number, string>>()
  readonly #offsets: readonly PartitionOffsets[]
  #newest = -1
  #acknowledged = 0

  constructor(groupId: string, partitions: number, violations: Violations) {
    this.groupId = groupId
    this.#violations = violations
    this.#offsets = Array.from({ length: partitions }, () => ({ least: -1, most: -1 }))
  }

  /** Commits that were answered. */
  get acknowledged(): number {
    return this.#acknowledged
  }

  /** A member, by its id or the instance that it is, holds its assignment of a generation. */
  owns(generation: number, member: string, partitions: readonly number[]): void {
    this.#newest = Math.max(this.#newest, generation)
    const owners = this.#owners.get(generation) ?? new Map<number, string>()
    this.#owners.set(generation, owners)
    for (const partition of partitions) {
      const other = owners.get(partition) ?? member
      if (other !== member) {
        this.#violate('group-owner', `partition ${partition} has ${other} and ${member} in generation ${generation}`)
      }
      owners.set(partition, member)
    }
  }

  commits(generation: number, partition: number, offset: Offset): SentCommit {
    const offsets = this.#at(partition)
    assert(offset > offsets.least, 'owners go on', { offset, least: offsets.least })
    offsets.most = Math.max(offsets.most, offset)
    return { partition, offset, generation, newestThen: this.#newest }
  }

  committed({ partition, offset, generation, newestThen }: SentCommit): void {
    this.#acknowledged++
    const offsets = this.#at(partition)
    offsets.least = Math.max(offsets.least, offset)
    if (newestThen > generation) {
      const what = `${offset} of partition ${partition} was committed in generation ${generation}, after ${newestThen} was given out`
      this.#violate('group-fence', what)
    }
  }

  /** What may not be missing from an answer to a question asked now. */
  least(partition: number): Offset {
    return this.#at(partition).least
  }

  /** The answer: -1 for nothing. `least` as it was when the question was sent. */
  fetched(partition: number, offset: Offset, least: Offset): void {
    const offsets = this.#at(partition)
    const { most } = offsets
    if (offset < least) {
      this.#violate('group-offset', `${least} of partition ${partition} was committed, and ${offset} is told`)
    }
    if (offset > most) this.#violate('group-offset', `${offset} of partition ${partition} is told, and nobody sent it`)
    // Who was told it goes on from there: it must not go back, whatever the one who sent it heard.
    offsets.least = Math.max(offsets.least, Math.min(offset, most))
  }

  /** The group did not come to rest though nothing hindered it. */
  stuck(what: string): void {
    this.#violate('group-stuck', what)
  }

  unexpected(what: string): void {
    this.#violate('unexpected', what)
  }

  #at(partition: number): PartitionOffsets {
    const offsets = this.#offsets[partition]
    assert(offsets !== undefined, 'a partition that there is', { partition })
    return offsets
  }

  #violate(kind: 'group-owner' | 'group-fence' | 'group-offset' | 'group-stuck' | 'unexpected', text: string): void {
    this.#violations.add(kind, this.groupId, text)
  }
}
