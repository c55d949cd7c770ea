/** Tells those who wait on behalf of a connection that it is gone. */
import type { ConnectionSignal } from '../api/handler.ts'

export class CloseSignal implements ConnectionSignal {
  readonly #listeners = new Set<() => void>()
  #closed = false

  get closed(): boolean {
    return this.#closed
  }

  onClose(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  /** Calls everyone once; a second call does nothing. */
  fire(): void {
    this.#closed = true
    const listeners = [...this.#listeners]
    this.#listeners.clear()
    for (const listener of listeners) listener()
  }
}
