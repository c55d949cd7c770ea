/**
 * The process as a person or a script meets it: arguments, environment, the three streams, signals, exit codes. For
 * programs only; nothing that serves requests looks here.
 */
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { resolve } from 'node:path'
import { faulting } from './disk-faults.ts'

/** Whoever read our output has gone: there is nobody left to write for. */
export class OutputClosed extends Error {
  constructor() {
    super('the output was closed')
    this.name = 'OutputClosed'
  }
}

export type EndSignal = 'SIGINT' | 'SIGTERM'

export interface Terminal {
  /** Working folder that relative paths start from. */
  absolutePath(path: string): string
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly hostName: string
  /** The whole of a small text file. Rejects with a DiskFault. */
  readTextFile(path: string): Promise<string>
  /** Results, to the output. Resolves when more may be written. Rejects with OutputClosed. */
  write(text: string | Uint8Array): Promise<void>
  /** One line for the person, beside the results. */
  note(line: string): void
  /** The input as it comes. */
  input(): AsyncIterable<Uint8Array>
  /** Calls `ended` for each SIGINT and SIGTERM, which then no longer end the process. Returns how to stop that. */
  onEndSignal(ended: (signal: EndSignal) => void): () => void
  /** Calls `crashed` with what nobody caught, instead of ending the process. */
  onCrash(crashed: (why: unknown) => void): void
  /** A process lives by what it waits for, and timers do not count: this one lives until the returned function is called. */
  hold(): () => void
  /** Ends the process at once. */
  exit(code: number): never
}

/** Longer than any program runs; the timer only keeps the process alive. */
const HOLD_MS = 2 ** 31 - 1

export class NodeTerminal implements Terminal {
  readonly environment = process.env
  #isOutputClosed = false

  constructor() {
    process.stdout.on('error', () => {
      this.#isOutputClosed = true
    })
    // A person's window that was closed is no reason to fail.
    process.stderr.on('error', () => {})
  }

  get hostName(): string {
    return hostname()
  }

  absolutePath(path: string): string {
    return resolve(path)
  }

  readTextFile(path: string): Promise<string> {
    return faulting(path, () => readFile(path, 'utf8'))
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

  onCrash(crashed: (why: unknown) => void): void {
    // Rejections that nobody handles end up here too.
    process.on('uncaughtException', crashed)
  }

  hold(): () => void {
    const timer = setInterval(() => {}, HOLD_MS)
    return () => clearInterval(timer)
  }

  exit(code: number): never {
    process.exit(code)
  }
}
