/** A broker process on a data directory that outlives it: started, killed, stopped; and what it holds. Linux: /proc. */
import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const CLI = join(import.meta.dirname, '../packages/ottla/src/apps/cli/main.ts')
const PAGE_BYTES = 4096
const TICKS_PER_SECOND = 100

export class BrokerProcess {
  readonly port: number
  /** Resolves when the process is gone, however it went. */
  readonly ended: Promise<void>
  readonly #child: ChildProcess

  private constructor(child: ChildProcess, port: number, ended: Promise<void>) {
    this.#child = child
    this.port = port
    this.ended = ended
  }

  /** Resolves when it listens. `settings` are lines of a properties file; `nodeFlags` are for a profile. */
  static async start(
    directory: string,
    { settings = [], nodeFlags = [] }: { settings?: readonly string[]; nodeFlags?: readonly string[] } = {},
  ): Promise<BrokerProcess> {
    const flags = settings.flatMap(setting => ['--set', setting])
    const args = [...nodeFlags, CLI, 'start', '--port', '0', '--data', directory, ...flags]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    const ended = new Promise<void>(resolve => child.once('exit', () => resolve()))
    const port = await new Promise<number>((resolve, reject) => {
      child.once('exit', code => reject(new Error(`the broker ended with ${code} before it listened`)))
      createInterface({ input: child.stdout as NonNullable<typeof child.stdout> }).on('line', line => {
        const found = /listening on .*:(\d+)/.exec(line)
        if (found !== null) resolve(Number(found[1]))
      })
    })
    return new BrokerProcess(child, port, ended)
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }

  /** A clean stop. */
  stop(): Promise<void> {
    this.#child.kill('SIGTERM')
    return this.ended
  }

  /** User and system, since its start. */
  cpuSeconds(): number {
    const fields = this.#stat()
    // Fields 14 and 15 of proc(5); the two before the split are 1 and 2.
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
  }

  residentBytes(): number {
    return Number(this.#stat()[21]) * PAGE_BYTES
  }

  descriptorCount(): number {
    return readdirSync(`/proc/${this.#child.pid}/fd`).length
  }

  #stat(): readonly string[] {
    return readFileSync(`/proc/${this.#child.pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? []
  }
}
