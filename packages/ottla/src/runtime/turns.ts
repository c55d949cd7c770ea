/** Long work in slices, so that nobody else is held up for more than some milliseconds. */
import type { Clock } from '../ports/clock.ts'

/** Resolves when others had their turn. */
export function nextTurn(clock: Clock): Promise<void> {
  return new Promise(resolve => clock.after(0, resolve))
}
