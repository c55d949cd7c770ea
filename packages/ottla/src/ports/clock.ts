/** Time. Wall time may jump; monotonic time never goes back and says nothing about the calendar. */
import type { Millis } from '../base/units.ts'

export type Cancel = () => void

export interface Clock {
  /** Milliseconds since the Unix epoch. May jump either way. For record timestamps and retention only. */
  wallMs(): Millis
  /** Milliseconds from an arbitrary start; never decreases. For every timeout and age. May have fractions. */
  monoMs(): Millis
  /**
   * Runs `run` once after `delayMs` (clamped to 0 or more) of monotonic time, never synchronously. The timer does not
   * keep a process alive. The returned function cancels it; cancelling twice or late does nothing.
   */
  after(delayMs: Millis, run: () => void): Cancel
}
