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
  /** Copied since the process began. */
  #spentBytes = 0
  /** As much of it as time has paid for: never more than was copied. */
  #paidBytes = 0
  #asOfMs: Millis = 0

  constructor(clock: Clock, bytesPerSecond: () => number) {
    this.clock = clock
    this.#bytesPerSecond = bytesPerSecond
  }

  /** Bytes were copied. Returns the bytes that are to be paid for before whoever did so copies more. */
  spend(bytes: number): number {
    this.#pay()
    this.#spentBytes += bytes
    return this.#spentBytes
  }

  /** How long until so much is paid for, at the pace in force now. Milliseconds. */
  waitMs(bytes: number): Millis {
    this.#pay()
    return (1000 * Math.max(0, bytes - this.#paidBytes)) / this.#pace
  }

  /** At the pace in force now, since the last look: who waits looks every {@link LOOK_EVERY_MS}. */
  #pay(): void {
    const nowMs = this.clock.monoMs()
    const earned = (this.#pace * (nowMs - this.#asOfMs)) / 1000
    this.#paidBytes = Math.min(this.#spentBytes, this.#paidBytes + earned)
    this.#asOfMs = nowMs
  }

  get #pace(): number {
    return Math.max(1, this.#bytesPerSecond())
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

  /** Throws CopyStopped. */
  check(): void {
    if (this.#stopped) throw new CopyStopped()
  }

  /** Bytes were copied: waits as long as that costs, or at least until others had their turn. Throws CopyStopped. */
  async spend(bytes: number): Promise<void> {
    const { clock } = this.#pace
    const due = this.#pace.spend(bytes)
    let waitMs = this.#pace.waitMs(due)
    if (waitMs >= 1 || clock.monoMs() >= this.#sliceEndsMs) {
      do {
        // The pace may change meanwhile.
        await this.wait(Math.min(waitMs, LOOK_EVERY_MS))
        waitMs = this.#pace.waitMs(due)
      } while (waitMs >= 1)
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
    await this.pause(delayMs)
    this.check()
  }

  /** Waits, also of a copy that is to end; until somebody asks for that, at most. */
  async pause(delayMs: Millis): Promise<void> {
    await new Promise<void>(resolve => {
      const cancel = this.#pace.clock.after(delayMs, resolve)
      this.#endWait = () => {
        cancel()
        resolve()
      }
    })
    this.#endWait = () => {}
  }
}
