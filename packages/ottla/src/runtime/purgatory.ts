/**
 * Where requests wait: for a partition's offset to be reached (produce with acks=all, delete records) or for enough
 * bytes to read (fetch), each no longer than its deadline. A wait is woken by the partitions that it watches; it never
 * polls. Source of the idea: Kafka's DelayedOperationPurgatory.
 */
import { assert } from '../base/assert.ts'
import type { Millis } from '../base/units.ts'
import type { Cancel, Clock } from '../ports/clock.ts'

/** A list of waits that one place (a partition) wakes. Cheap when empty; most are, most of the time. */
export class WaitList {
  #waits: Set<Wait> | null = null

  get isEmpty(): boolean {
    return this.#waits === null || this.#waits.size === 0
  }

  /** Asks every wait whether it is done now. A wait that is, has left all its lists when this returns. */
  wake(): void {
    if (this.#waits === null) return
    for (const wait of [...this.#waits]) wait.attempt()
  }

  /** @internal for Wait */
  add(wait: Wait): void {
    this.#waits ??= new Set()
    this.#waits.add(wait)
  }

  /** @internal for Wait */
  delete(wait: Wait): void {
    this.#waits?.delete(wait)
  }
}

/** Tries to finish; true when it has, and the wait is over. */
export type Attempt = () => boolean

/** One request that waits. Made by `Purgatory.park` only. */
export class Wait {
  readonly #lists: readonly WaitList[]
  readonly #attempt: Attempt
  readonly #over: () => void
  #done = false

  constructor(lists: readonly WaitList[], attempt: Attempt, over: () => void) {
    this.#lists = lists
    this.#attempt = attempt
    this.#over = over
    for (const list of lists) list.add(this)
  }

  get isDone(): boolean {
    return this.#done
  }

  attempt(): void {
    if (this.#done) return
    if (this.#attempt()) this.finish()
  }

  /** Leaves every list. Idempotent. */
  finish(): void {
    if (this.#done) return
    this.#done = true
    for (const list of this.#lists) list.delete(this)
    this.#over()
  }
}

export interface ParkOptions {
  /** From now. 0 still waits for one turn of the timer. */
  readonly timeoutMs: Millis
  /** Must be true to its word: called at once and then whenever a list is woken. */
  readonly attempt: Attempt
  /** Called once when the deadline passes, or `abort` is called, before `attempt` came true. */
  readonly expired: () => void
}

export class Purgatory {
  readonly #clock: Clock
  #waiting = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Requests that wait now. */
  get size(): number {
    return this.#waiting
  }

  /**
   * Waits on the lists, unless `attempt` is true at once. Returns how to end the wait early (`expired` is called then,
   * unless it is over already).
   */
  park(lists: readonly WaitList[], options: ParkOptions): () => void {
    if (options.attempt()) return () => {}
    let timer: Cancel = () => {}
    this.#waiting++
    const wait = new Wait(lists, options.attempt, () => {
      timer()
      this.#waiting--
      assert(this.#waiting >= 0, 'a wait ends once', { waiting: this.#waiting })
    })
    const expire = () => {
      if (wait.isDone) return
      wait.finish()
      options.expired()
    }
    timer = this.#clock.after(options.timeoutMs, expire)
    return expire
  }
}
