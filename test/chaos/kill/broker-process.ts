/**
 * The broker under test: the command-line program in a process of its own, on a data directory that
 * outlives it. What it prints goes to one file for all of its starts.
 */
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { PlantedBug } from '../../../packages/ottla/src/base/planted.ts'
import type { NetAddress } from '../../../packages/ottla/src/ports/net.ts'
import { addressInBanner } from '../../interop/brokers/ottla.ts'
import { repositoryRoot } from '../../interop/cache.ts'
import { killChild, startChild, tail, withLogFile } from '../../interop/children.ts'
import { pause } from './bell.ts'

/** The command line as it stands in the sources. */
export const SOURCE_PROGRAM = join(repositoryRoot, 'packages', 'ottla', 'src', 'apps', 'cli', 'main.ts')
const BUG_PLANTER = new URL('./plant-bug.ts', import.meta.url)
/** From the start of the process to its banner. A broker of this size that takes longer is broken. */
const START_TIMEOUT_MS = 30_000
const STOP_TIMEOUT_MS = 20_000

export interface ProcessOptions {
  /** The command line's main file. */
  readonly program: string
  /** Planted in it, which only the sources can be. */
  readonly bug: PlantedBug | null
  readonly dataFolder: string
  readonly logPath: string
  readonly configs: Readonly<Record<string, string>>
}

/** The process did what no process of ours may do. */
export class ProcessFailure extends Error {}

export class BrokerProcess {
  readonly startedAtMs = performance.now()
  readonly #child: ChildProcess
  readonly #logPath: string
  readonly #address: Promise<NetAddress | null>
  #isEndAsked = false

  constructor(options: ProcessOptions) {
    const settings = Object.entries(options.configs).flatMap(([key, value]) => ['--set', `${key}=${value}`])
    const planting = options.bug === null ? [] : ['--import', `${BUG_PLANTER}?${options.bug}`]
    const args = [...planting, options.program, 'start', '--port', '0', '--data', options.dataFolder, ...settings]
    this.#logPath = options.logPath
    this.#child = withLogFile(options.logPath, log =>
      startChild(process.execPath, args, { stdio: ['ignore', 'pipe', log] }),
    )
    this.#address = this.#readBanner()
  }

  /** Resolves with where it listens. Rejects with a ProcessFailure when it ends or hangs before. */
  async ready(): Promise<NetAddress> {
    const address = await Promise.race([this.#address, pause(START_TIMEOUT_MS)])
    if (address !== null && address !== undefined) return address
    const how = address === null ? `ended with ${this.#ending()}` : `is silent for ${START_TIMEOUT_MS / 1000} s`
    throw await this.#failure(`the broker ${how} before it served`)
  }

  /** kill -9. Resolves when it is gone. */
  async kill(): Promise<void> {
    this.#refuseEnded()
    this.#isEndAsked = true
    await killChild(this.#child)
  }

  /** SIGTERM, without waiting. */
  askToStop(): void {
    this.#refuseEnded()
    this.#isEndAsked = true
    this.#child.kill('SIGTERM')
  }

  /** SIGTERM; resolves when it ended with code 0, rejects with a ProcessFailure when it does not. */
  async stop(): Promise<void> {
    this.askToStop()
    if (this.#hasEnded()) return
    const ended = await Promise.race([once(this.#child, 'exit'), pause(STOP_TIMEOUT_MS)])
    if (ended === undefined) throw await this.#failure(`the broker goes on ${STOP_TIMEOUT_MS / 1000} s after SIGTERM`)
    if (this.#child.exitCode !== 0) throw await this.#failure(`the broker ended with ${this.#ending()} after SIGTERM`)
  }

  /** Rejects with a ProcessFailure when it ended though nobody asked it to. */
  async check(): Promise<void> {
    if (this.#hasEnded() && !this.#isEndAsked) {
      throw await this.#failure(`the broker ended by itself with ${this.#ending()}`)
    }
  }

  /** kill -9 if it still runs, whatever happened. */
  async end(): Promise<void> {
    this.#isEndAsked = true
    await killChild(this.#child)
  }

  async #readBanner(): Promise<NetAddress | null> {
    const lines = createInterface({ input: this.#child.stdout! })
    // Iterates to the end, so that the pipe never fills.
    return new Promise(resolve => {
      lines.on('line', line => {
        const address = addressInBanner(line)
        if (address !== null) resolve(address)
      })
      lines.on('close', () => resolve(null))
    })
  }

  #refuseEnded(): void {
    if (this.#hasEnded()) throw new ProcessFailure(`the broker ended by itself with ${this.#ending()}`)
  }

  #hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  #ending(): string {
    return String(this.#child.exitCode ?? this.#child.signalCode ?? 'no code yet')
  }

  async #failure(what: string): Promise<ProcessFailure> {
    return new ProcessFailure(`${what}; its log ends:\n${tail(await readFile(this.#logPath, 'utf8'), 40)}`)
  }
}
