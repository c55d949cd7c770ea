/** Waits that somebody else may cut short, such as a person by Ctrl-C. */
export class Interrupt {
  #isAsked = false
  #wake: () => void = () => {}

  get isAsked(): boolean {
    return this.#isAsked
  }

  ask(): void {
    this.#isAsked = true
    this.#wake()
  }

  /** What `work` comes to; null once asked: then `work` goes on, and how it ends matters to nobody. One at a time. */
  cut<T>(work: Promise<T>): Promise<T | null> {
    // A promise of its own for each wait: one that many waits share would remember them all.
    return new Promise((resolve, reject) => {
      this.#wake = () => resolve(null)
      work.then(resolve, reject)
      if (this.#isAsked) resolve(null)
    })
  }
}
