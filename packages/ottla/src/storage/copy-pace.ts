/**
 * How fast logs are copied from one directory to another: all together no more bytes a second than configured, and no
 * copy long on the event loop at a time.
 */
import type { Millis } from '../base/units.ts'
import type { Clock } from '../ports/clock.ts'

/** Work between two turns of the event loop. Milliseconds. */
const SLICE_MS = 2
/** Between two looks whether something that takes long is still worth waiting for. Milliseconds. */
const LOOK_EVERY_MS = 1000

/** Thrown out of a copy that is to end. */
export class CopyStopped extends Error {
  constructor() {
    super('the copy is to end')
    this.name = 'CopyStopped'
  }
}

/** Of all copies. */
export class CopyPace {
  readonly clock: Clock
  /** In force now. */
  readonly #bytesPerSecond: () => number
  #paidAtMs: Millis = 0

  constructor(clock: Clock, bytesPerSecond: () => number) {
    this.clock = clock
    this.#bytesPerSecond = bytesPerSecond
  }

  /** Bytes were copied. Returns how long whoever did so waits before more. Milliseconds. */
  spend(bytes: number): Millis {
    const nowMs = this.clock.monoMs()
    this.#paidAtMs = Math.max(this.#paidAtMs, nowMs) + (1000 * bytes) / Math.max(1, this.#bytesPerSecond())
    return this.#paidAtMs - nowMs
  }
}

/** Of one copy. */
export class CopyTurns {
  readonly #pace: CopyPace
  #sliceEndsMs: Millis
  #endWait: () => void = () => {}
  #stopped = false

  constructor(pace: CopyPace) {
    this.#pace = pace
    this.#sliceEndsMs = pace.clock.monoMs() + SLICE_MS
  }

  /** Whoever waits goes on at once, to find out. */
  stop(): void {
    this.#stopped = true
    this.#endWait()
  }

  get stopped(): boolean {
    return this.#stopped
  }

  /** Throws CopyStopped. */
  check(): void {
    if (this.#stopped) throw new CopyStopped()
  }

  /** Bytes were copied: waits as long as that costs, or at least until others had their turn. Throws CopyStopped. */
  async spend(bytes: number): Promise<void> {
    const { clock } = this.#pace
    const waitMs = this.#pace.spend(bytes)
    if (waitMs >= 1 || clock.monoMs() >= this.#sliceEndsMs) {
      await this.wait(Math.max(0, waitMs))
      this.#sliceEndsMs = clock.monoMs() + SLICE_MS
    }
    this.check()
  }

  /** Waits for `work`; looks with `check`, which throws, now and then whether to go on waiting. Throws CopyStopped. */
  async until(work: Promise<unknown>, check: () => void): Promise<void> {
    let isOver = false
    const over = work.finally(() => {
      isOver = true
      this.#endWait()
    })
    // Told below, unless a check ends the wait before.
    over.catch(() => {})
    // Most of it is over at once.
    await Promise.resolve()
    while (!isOver) {
      check()
      await this.wait(LOOK_EVERY_MS)
    }
    await over
  }

  /** Throws CopyStopped. */
  async wait(delayMs: Millis): Promise<void> {
    this.check()
    await new Promise<void>(resolve => {
      const cancel = this.#pace.clock.after(delayMs, resolve)
      this.#endWait = () => {
        cancel()
        resolve()
      }
    })
    this.#endWait = () => {}
    this.check()
  }
}
