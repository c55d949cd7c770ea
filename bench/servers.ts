/** The processes that are measured, started and ended; and what they cost. */
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { endChild, killChild, startChild } from '../test/interop/children.ts'
import { cpuSecondsOf, descriptorsOf, residentBytesOf } from './process-costs.ts'

/** A broker that is stopped cleanly may have gigabytes to write out; killed, it would have to recover at its next start. */
const STOP_PATIENCE_MS = 180_000

export interface Server {
  readonly name: string
  readonly port: number
  readonly pid: number
  /** Processor time used so far, user and system. Seconds. */
  cpuSeconds(): number
  residentBytes(): number
  descriptors(): number
  /** By SIGTERM. What it wrote below `parent` is gone afterwards, unless the folder was given. */
  stop(): Promise<void>
  /** By SIGKILL; what it wrote stays. */
  kill(): Promise<void>
}

export interface OttlaOptions {
  /** As `key=value`. */
  readonly settings?: readonly string[]
  /** The file that Node runs; the sources' unless given. */
  readonly program?: string
  /** A folder for the data, which stays; else a new one, which does not. */
  readonly folder?: string
  readonly port?: number
  /** For Node, before the program. */
  readonly nodeArgs?: readonly string[]
}

const here = import.meta.dirname
export const sourceProgram = join(here, '../packages/ottla/src/apps/cli/main.ts')

/** Both write below `parent`, so that they share the file system. */
export function startBareLoop(parent: string, mode: 'disk' | 'page-cache' | 'disk-twice' = 'disk'): Promise<Server> {
  const folder = mkdtempSync(join(parent, 'ottla-bench-bare-'))
  const args = [join(here, 'bare-loop.ts'), folder, mode]
  return start('bare loop', args, { ready: /^port (\d+)/, removed: folder })
}

/** Answers every request with so many bytes; see bare-answers.ts. */
export function startBareAnswers(answerBytes: number): Promise<Server> {
  const args = [join(here, 'bare-answers.ts'), String(answerBytes)]
  return start('bare answers', args, { ready: /^port (\d+)/, removed: null })
}

export function startOttla(parent: string, options: OttlaOptions = {}): Promise<Server> {
  const folder = options.folder ?? mkdtempSync(join(parent, 'ottla-bench-'))
  const args = ottlaArgs({ ...options, folder })
  const removed = options.folder === undefined ? folder : null
  return start('ottla', args, { ready: /listening on .*:(\d+)/, removed })
}

/** What Node is given to start a broker. */
export function ottlaArgs(options: OttlaOptions & { readonly folder: string }): string[] {
  const { settings = [], program = sourceProgram, port = 0, nodeArgs = [], folder } = options
  const flags = settings.flatMap(setting => ['--set', setting])
  return [...nodeArgs, program, 'start', '--port', String(port), '--data', folder, '--log-level', 'warn', ...flags]
}

interface StartOptions {
  readonly ready: RegExp
  /** Folder that goes with the process. */
  readonly removed: string | null
}

async function start(name: string, args: readonly string[], { ready, removed }: StartOptions): Promise<Server> {
  const child = startChild(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const port = await portOf(name, child, ready)
  return {
    ...serverOf(name, port, child),
    stop: async () => {
      await endChild(child, STOP_PATIENCE_MS)
      if (removed !== null) rmSync(removed, { recursive: true, force: true })
      if (child.exitCode !== 0) throw new Error(`${name} ended with ${child.exitCode ?? child.signalCode}`)
    },
  }
}

/** A child that runs already, as something to measure. Its stop throws when it does not end by itself. */
export function serverOf(name: string, port: number, child: ChildProcess): Server {
  return {
    ...costsOf(child.pid as number),
    name,
    port,
    stop: async () => {
      await endChild(child, STOP_PATIENCE_MS)
      if (child.signalCode === 'SIGKILL') throw new Error(`${name} did not stop in ${STOP_PATIENCE_MS} ms`)
    },
    kill: () => killChild(child),
  }
}

/** What a server is asked while it is measured. */
export function costsOf(pid: number): Pick<Server, 'pid' | 'cpuSeconds' | 'residentBytes' | 'descriptors'> {
  return {
    pid,
    cpuSeconds: () => cpuSecondsOf(pid),
    residentBytes: () => residentBytesOf(pid),
    descriptors: () => descriptorsOf(pid),
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
