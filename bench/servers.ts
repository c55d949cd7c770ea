/** The processes that are measured, started and ended; and what they cost. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

export interface Server {
  readonly name: string
  readonly port: number
  /** Processor time used so far, user and system. Seconds; NaN where /proc is not to be had. */
  cpuSeconds(): number
  residentBytes(): number
  stop(): Promise<void>
}

const here = import.meta.dirname

/** Both write below `parent`, so that they share the file system. */
export function startBareLoop(parent: string): Promise<Server> {
  const directory = mkdtempSync(join(parent, 'ottla-bench-bare-'))
  return start('bare loop', directory, [join(here, 'bare-loop.ts'), directory], /^port (\d+)/)
}

export function startOttla(parent: string, settings: readonly string[] = []): Promise<Server> {
  const directory = mkdtempSync(join(parent, 'ottla-bench-'))
  const cli = join(here, '../packages/ottla/src/apps/cli/main.ts')
  const flags = settings.flatMap(setting => ['--set', setting])
  return start(
    'ottla',
    directory,
    [cli, 'start', '--port', '0', '--data', directory, ...flags],
    /listening on .*:(\d+)/,
  )
}

async function start(name: string, directory: string, args: readonly string[], ready: RegExp): Promise<Server> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const port = await portOf(name, child, ready)
  const stat = () => {
    try {
      return readFileSync(`/proc/${child.pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? []
    } catch {
      return []
    }
  }
  return {
    name,
    port,
    // Fields 14 and 15 of proc(5), in ticks of 10 ms; the two before the split are 1 and 2.
    cpuSeconds: () => (Number(stat()[11]) + Number(stat()[12])) / 100,
    residentBytes: () => Number(stat()[21]) * 4096,
    stop: () =>
      new Promise(resolve => {
        child.once('exit', () => {
          rmSync(directory, { recursive: true, force: true })
          resolve()
        })
        child.kill('SIGTERM')
      }),
  }
}

function portOf(name: string, child: ChildProcess, ready: RegExp): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('exit', code => reject(new Error(`${name} ended with ${code} before it listened`)))
    if (child.stdout === null) throw new Error('no output to read')
    createInterface({ input: child.stdout }).on('line', line => {
      const found = ready.exec(line)
      if (found !== null) resolve(Number(found[1]))
    })
  })
}
