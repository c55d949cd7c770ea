/**
 * One life of a simulated process. What it began and what had not finished when it died never does: everything that a
 * world does for a process asks here first.
 */
export class ProcessLife {
  #alive = true

  get alive(): boolean {
    return this.#alive
  }

  end(): void {
    this.#alive = false
  }

  /** `run` for as long as the process lives. */
  guard(run: () => void): () => void {
    return () => {
      if (this.#alive) run()
    }
  }
}
