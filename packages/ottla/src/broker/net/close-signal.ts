/** Tells those who wait on behalf of a connection that it is gone. */
import type { ConnectionSignal } from '../api/handler.ts'

export class CloseSignal implements ConnectionSignal {
  readonly #listeners = new Set<() => void>()
  #closed = false
  #hurried = false

  get closed(): boolean {
    return this.#closed
  }

  onClose(listener: () => void): () => void {
    if (this.#hurried) {
      listener()
      return () => {}
    }
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  /** The connection is gone. */
  fire(): void {
    this.#closed = true
    this.hurry()
  }

  /** Calls everyone who waits, once, and whoever is yet to: no more waiting, the connection is about to end. */
  hurry(): void {
    this.#hurried = true
    const listeners = [...this.#listeners]
    this.#listeners.clear()
    for (const listener of listeners) listener()
  }
}
