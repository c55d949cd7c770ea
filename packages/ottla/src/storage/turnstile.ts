/** One at a time, in the order of asking: truncations, checkpoints, removals and the like of one directory. */
export class Turnstile {
  #last: Promise<unknown> = Promise.resolve()

  enter<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work)
    // Its caller is told of a failure; whoever comes next starts all the same.
    this.#last = result.catch(() => {})
    return result
  }
}
