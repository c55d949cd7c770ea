/** Waiting for something to have changed. Whoever waits looks again afterwards. */

export class Bell {
  #waiting = Promise.withResolvers<void>()

  /** Wakes all who wait now. */
  ring(): void {
    this.#waiting.resolve()
    this.#waiting = Promise.withResolvers<void>()
  }

  /** Resolves at the next ring. Ask right after looking, without waiting between. */
  next(): Promise<void> {
    return this.#waiting.promise
  }
}

export function pause(delayMs: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, Math.max(0, delayMs)))
}
