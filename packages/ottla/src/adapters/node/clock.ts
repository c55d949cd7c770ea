/** The real clock. Timers never keep the process alive: a server lives by its sockets. */
import type { Cancel, Clock } from '../../ports/clock.ts'

/** Longest delay that the system's timers take; longer ones are set again when they run out. */
const TIMER_MS_MAX = 2 ** 31 - 1

export class NodeClock implements Clock {
  wallMs(): number {
    return Date.now()
  }

  monoMs(): number {
    return performance.now()
  }

  after(delayMs: number, run: () => void): Cancel {
    const dueMs = this.monoMs() + Math.max(0, delayMs)
    let timer: NodeJS.Timeout
    const arm = () => {
      const leftMs = dueMs - this.monoMs()
      // setTimeout may fire up to a millisecond early: what is left then is waited for.
      if (leftMs <= 0) run()
      else timer = setTimeout(arm, Math.min(Math.ceil(leftMs), TIMER_MS_MAX)).unref()
    }
    timer = setTimeout(arm, Math.min(Math.ceil(Math.max(0, delayMs)), TIMER_MS_MAX)).unref()
    return () => clearTimeout(timer)
  }
}
