/**
 * What must hold however members come and go: a partition has one owner in a generation, an old generation commits
 * nothing once a newer one has begun, committed offsets never go back, and every record is read at least once.
 */
import type { GroupEvent } from './group-frames.ts'

export class Ownership {
  readonly violations: string[] = []
  readonly #ownersByGeneration = new Map<number, Map<number, string>>()
  /** When the first member learned of a generation. */
  readonly #begunAtMs = new Map<number, number>()
  readonly #committed = new Map<number, number>()
  readonly #read = new Map<number, Map<number, number>>()

  get generations(): number {
    return this.#begunAtMs.size
  }

  note(event: GroupEvent, nowMs: number): void {
    switch (event.kind) {
      case 'joined':
        if (!this.#begunAtMs.has(event.generation)) this.#begunAtMs.set(event.generation, nowMs)
        return
      case 'assigned':
        this.#assigned(event.generation, event.member, event.partitions)
        return
      case 'committed':
        for (const [generation, begunAtMs] of this.#begunAtMs) {
          if (generation > event.generation && begunAtMs < event.sentAtMs)
            this.violations.push(
              `${event.member} committed in generation ${event.generation} after ${generation} had begun`,
            )
        }
    }
  }

  /** The committed offsets as they are now, asked one after another over one connection. */
  noteCommitted(offsets: ReadonlyMap<number, number>): void {
    for (const [partition, before] of this.#committed) {
      const now = offsets.get(partition)
      if (now === undefined || now < before)
        this.violations.push(`committed offset of partition ${partition} went from ${before} to ${now ?? 'none'}`)
    }
    for (const [partition, offset] of offsets) this.#committed.set(partition, offset)
  }

  noteRead(partition: number, offset: number): void {
    const times = this.#read.get(partition) ?? new Map<number, number>()
    this.#read.set(partition, times.set(offset, (times.get(offset) ?? 0) + 1))
  }

  /** Offsets below the end of each partition that nobody has read. */
  missing(ends: ReadonlyMap<number, number>): string[] {
    const missing: string[] = []
    for (const [partition, end] of ends) {
      const times = this.#read.get(partition)
      for (let offset = 0; offset < end; offset++) if (!times?.has(offset)) missing.push(`${partition}:${offset}`)
    }
    return missing
  }

  /** How many reads were of a record that had been read before: what at-least-once costs. */
  get readAgain(): number {
    let again = 0
    for (const times of this.#read.values()) for (const count of times.values()) again += count - 1
    return again
  }

  #assigned(generation: number, member: string, partitions: readonly number[]): void {
    const owners = this.#ownersByGeneration.get(generation) ?? new Map<number, string>()
    this.#ownersByGeneration.set(generation, owners)
    for (const partition of partitions) {
      const other = owners.get(partition)
      if (other !== undefined && other !== member)
        this.violations.push(`partition ${partition} has two owners in generation ${generation}: ${other}, ${member}`)
      owners.set(partition, member)
    }
  }
}
