/**
 * For tests: what a client runs in, with the memory network and a clock that the test moves. Nothing waits for real time
 * but `until`, which gives up.
 */
import assert from 'node:assert/strict'
import { ManualClock } from '../../adapters/memory/clock.ts'
import { MemoryNet } from '../../adapters/memory/net.ts'
import { SeededRandom } from '../../adapters/memory/random.ts'
import { Turns } from '../../adapters/memory/turns.ts'

const PATIENCE_MS = 10_000

export class TestWorld {
  readonly clock = new ManualClock()
  readonly random = new SeededRandom(7)
  readonly #turns = new Turns(this.clock, PATIENCE_MS)
  readonly net: MemoryNet

  /** `cut`: how many of the waiting bytes arrive at once. */
  constructor(options: { readonly cut?: (count: number) => number } = {}) {
    this.net = new MemoryNet(options)
  }

  /** Lets everything run, the clock with it, until the condition holds. */
  until(condition: () => boolean, what?: string): Promise<void> {
    return this.#turns.until(condition, what)
  }

  /** Runs a promise to its end. */
  settled<T>(promise: Promise<T>): Promise<T> {
    return this.#turns.settled(promise)
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
