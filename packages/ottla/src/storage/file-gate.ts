/**
 * Keeps the names of a log's files still while somebody reads by them: many at a time may use the files, and whoever
 * renames or removes one, or the log's folder, waits until nobody does, and holds newcomers back meanwhile. Nobody inside
 * enters again.
 */
export class FileGate {
  #users = 0
  /** Set while somebody is, or waits to be, alone. */
  #alone: PromiseWithResolvers<void> | null = null
  #left: () => void = () => {}

  /** Runs `work` while no file is renamed or removed. */
  async shared<T>(work: () => Promise<T>): Promise<T> {
    while (this.#alone !== null) await this.#alone.promise
    return this.#use(work)
  }

  /** As `shared`, or null when somebody is, or waits to be, alone. Whoever is inside may call it, as it never waits. */
  sharedNow<T>(work: () => Promise<T>): Promise<T> | null {
    return this.#alone === null ? this.#use(work) : null
  }

  async #use<T>(work: () => Promise<T>): Promise<T> {
    this.#users++
    try {
      return await work()
    } finally {
      this.#users--
      if (this.#users === 0) this.#left()
    }
  }

  /** Runs `work`, which is short, while nobody uses the files. One at a time: for whoever runs exclusively. */
  async alone<T>(work: () => Promise<T>): Promise<T> {
    const alone = Promise.withResolvers<void>()
    this.#alone = alone
    if (this.#users > 0) {
      await new Promise<void>(resolve => {
        this.#left = resolve
      })
      this.#left = () => {}
    }
    try {
      return await work()
    } finally {
      this.#alone = null
      alone.resolve()
    }
  }
}
