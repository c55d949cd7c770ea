/**
 * When the directory's checkpoints are made: at the latest some time after a change, and again when one found no room. And
 * how fast: one of thousands of logs would take the disk and the processor from requests for seconds, so it rests between
 * logs for as long as nobody waits for it.
 */
import type { Millis } from '../base/units.ts'
import type { Clock } from '../ports/clock.ts'
import { DiskFault, isDiskFault } from '../ports/disk.ts'

/** How long a log may differ from the checkpoint. Milliseconds: for journaled logs, and for others. */
export const CHECKPOINT_AFTER_MS = 5000
export const CHECKPOINT_UNJOURNALED_AFTER_MS = 60_000
/** Until one that found the disk full is tried again. */
const FULL_AFTER_MS = 1000
/** Behind each log. Four are in work at once: 200 logs in a second, 10,000 in 50. */
const REST_MS = 20

export class CheckpointSchedule {
  readonly #clock: Clock
  readonly #checkpoint: () => Promise<void>
  readonly #stopped: () => boolean
  readonly #onEnd: () => void
  #atMs: Millis | null = null
  #cancel: (() => void) | null = null
  #running = false
  #hurried = false
  readonly #resting = new Set<() => void>()
  #full = false

  constructor(parts: {
    readonly clock: Clock
    readonly checkpoint: () => Promise<void>
    /** True: no more of them. */
    readonly stopped: () => boolean
    readonly onEnd: () => void
  }) {
    this.#clock = parts.clock
    this.#checkpoint = parts.checkpoint
    this.#stopped = parts.stopped
    this.#onEnd = parts.onEnd
  }

  /** The newest one found the disk full. */
  get isFull(): boolean {
    return this.#full
  }

  /** One is made within `delayMs`, or sooner. */
  within(delayMs: Millis): void {
    const dueMs = this.#clock.monoMs() + delayMs
    if (this.#atMs !== null && this.#atMs <= dueMs) return
    this.#atMs = dueMs
    this.#cancel?.()
    this.#cancel = this.#clock.after(delayMs, () => {
      if (this.#atMs === dueMs) this.#begin()
    })
  }

  /** Waits for none any more. */
  stop(): void {
    this.#cancel?.()
  }

  /** One is made as fast as it can be; after one that found the disk full, not before it is time to try again. */
  soon(): void {
    if (!this.#full) this.#begin()
    this.hurry()
  }

  /** The one that is being made, if any, rests no more. */
  hurry(): void {
    if (!this.#running) return
    this.#hurried = true
    for (const wake of this.#resting) wake()
  }

  /** Waited for between two logs; undefined: there is no time to rest. */
  rest(): Promise<void> | undefined {
    if (this.#hurried) return undefined
    return new Promise(resolve => {
      const wake = (): void => {
        this.#resting.delete(wake)
        cancel()
        resolve()
      }
      const cancel = this.#clock.after(REST_MS, wake)
      this.#resting.add(wake)
    })
  }

  /** Whoever makes one calls this around it. */
  async noting<T>(work: () => Promise<T>): Promise<T> {
    this.#atMs = null
    try {
      const made = await work()
      this.#full = false
      return made
    } catch (error) {
      this.#full = isDiskFault(error, 'ENOSPC')
      throw error
    }
  }

  #begin(): void {
    if (this.#running || this.#stopped()) return
    this.#running = true
    this.#checkpoint().then(
      () => this.#ended(),
      error => {
        if (!(error instanceof DiskFault)) throw error
        if (!this.#stopped()) this.within(this.#full ? FULL_AFTER_MS : CHECKPOINT_AFTER_MS)
        this.#ended()
      },
    )
  }

  #ended(): void {
    this.#running = false
    this.#hurried = false
    // Asked for while this one was made, and due before it was over.
    if (this.#atMs !== null && this.#atMs <= this.#clock.monoMs()) this.#begin()
    this.#onEnd()
  }
}
