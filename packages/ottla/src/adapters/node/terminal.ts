/**
 * The process as a person or a script meets it: its three streams, and the signals that ask it to end. For programs only;
 * nothing that serves requests looks here.
 */
import { once } from 'node:events'

/** Whoever read our output has gone: there is nobody left to write for. */
export class OutputClosed extends Error {
  constructor() {
    super('the output was closed')
    this.name = 'OutputClosed'
  }
}

export type EndSignal = 'SIGINT' | 'SIGTERM'

export interface Terminal {
  /** Results, to the output. Resolves when more may be written. Rejects with OutputClosed. */
  write(text: string | Uint8Array): Promise<void>
  /** One line for the person, beside the results. */
  note(line: string): void
  /** The input as it comes. */
  input(): AsyncIterable<Uint8Array>
  /** Calls `ended` for each SIGINT and SIGTERM, which then no longer end the process. Returns how to stop that. */
  onEndSignal(ended: (signal: EndSignal) => void): () => void
}

/** Longer than any program runs; the timer only keeps the process alive. */
const HOLD_MS = 2 ** 31 - 1

export class NodeTerminal implements Terminal {
  #isOutputClosed = false
  #isInputUsed = false

  constructor() {
    process.stdout.on('error', () => {
      this.#isOutputClosed = true
    })
    // A person's window that was closed is no reason to fail.
    process.stderr.on('error', () => {})
  }

  async write(text: string | Uint8Array): Promise<void> {
    if (!this.#isOutputClosed && !process.stdout.write(text)) {
      await Promise.race([once(process.stdout, 'drain'), once(process.stdout, 'close')]).catch(() => {})
    }
    if (this.#isOutputClosed) throw new OutputClosed()
  }

  note(line: string): void {
    process.stderr.write(`${line}\n`)
  }

  input(): AsyncIterable<Uint8Array> {
    this.#isInputUsed = true
    return process.stdin
  }

  onEndSignal(ended: (signal: EndSignal) => void): () => void {
    process.on('SIGINT', ended)
    process.on('SIGTERM', ended)
    return () => {
      process.off('SIGINT', ended)
      process.off('SIGTERM', ended)
    }
  }

  /**
   * A process lives by what it waits for, and our timers do not count: this one lives until the returned function is
   * called, and not by an input that nobody reads any more.
   */
  hold(): () => void {
    const timer = setInterval(() => {}, HOLD_MS)
    return () => {
      clearInterval(timer)
      if (this.#isInputUsed) process.stdin.destroy()
    }
  }
}
