/**
 * For tests: what a client runs in, with the memory network and a clock that the test moves. Nothing waits for real time
 * but `until`, which gives up.
 */
import assert from 'node:assert/strict'
import { setImmediate as nextLoop } from 'node:timers/promises'
import { ManualClock } from '../../adapters/memory/clock.ts'
import { MemoryNet } from '../../adapters/memory/net.ts'
import { SeededRandom } from '../../adapters/memory/random.ts'

const PATIENCE_MS = 2000

export class TestWorld {
  readonly clock = new ManualClock()
  readonly random = new SeededRandom(7)
  readonly net: MemoryNet

  /** `cut`: how many of the waiting bytes arrive at once. */
  constructor(options: { readonly cut?: (count: number) => number } = {}) {
    this.net = new MemoryNet(options)
  }

  /** Lets everything run, the clock with it, until the condition holds. */
  async until(condition: () => boolean, what = 'what the test waits for'): Promise<void> {
    const giveUpAt = performance.now() + PATIENCE_MS
    while (!condition()) {
      if (performance.now() > giveUpAt) throw new Error(`${what} did not happen`)
      this.clock.advance(1)
      await nextLoop()
    }
  }

  /** Runs a promise to its end. */
  async settled<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false
    const watched = promise.finally(() => {
      isSettled = true
    })
    watched.catch(() => {})
    await this.until(() => isSettled, 'a promise settling')
    return watched
  }

  /** The error with which a promise ends; fails when it ends well. */
  async failure(promise: Promise<unknown>): Promise<Error> {
    const outcome = await this.settled(
      promise.then(
        () => null,
        error => error,
      ),
    )
    assert.ok(outcome instanceof Error, 'the promise rejects')
    return outcome
  }
}
