/**
 * The child processes of an interop run: every one is started here, and every one is ended here by its own pid,
 * also when the run is cut short by Ctrl-C or fails.
 */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'

/** How long a child may take to end after SIGTERM before it gets SIGKILL. Milliseconds. */
const TERM_PATIENCE_MS = 15_000

const running = new Set<ChildProcess>()

export interface Finished {
  /** Exit code, or null when a signal ended the child. */
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: Buffer
  readonly stderr: string
  /** True when the child was killed because its time was over. */
  readonly timedOut: boolean
}

export interface RunOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** Bytes for the standard input, which is then closed. */
  readonly input?: Uint8Array
  /** The child is killed after this time. Milliseconds; default 60,000. */
  readonly timeoutMs?: number
}

/** Starts a long-lived child and remembers it until it has ended. */
export function startChild(command: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  const child = spawn(command, args, options)
  running.add(child)
  child.once('close', () => running.delete(child))
  child.once('error', () => running.delete(child))
  return child
}

/** Opens a file that a child may use as its standard error; the descriptor is the caller's to close after the start. */
export function withLogFile<T>(path: string, start: (descriptor: number) => T): T {
  const descriptor = openSync(path, 'a')
  try {
    return start(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** Runs a program to its end and keeps what it printed. Rejects only when the program cannot be started. */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const child = startChild(command, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { ...process.env, ...options.env },
  })
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  child.stdout!.on('data', (chunk: Buffer) => stdout.push(chunk))
  child.stderr!.on('data', (chunk: Buffer) => stderr.push(chunk))
  // A program may end before it has read all of its input; its exit code tells the story, not the broken pipe.
  child.stdin!.on('error', () => {})
  child.stdin!.end(options.input)
  let timedOut = false
  const timer = setTimeout(() => {
    timedOut = true
    child.kill('SIGKILL')
  }, options.timeoutMs ?? 60_000)
  try {
    const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
    return { code, signal, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString(), timedOut }
  } finally {
    clearTimeout(timer)
  }
}

/** Like {@link run}, but anything other than exit code 0 is an error that carries what the program printed. */
export async function runOrThrow(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Finished> {
  const finished = await run(command, args, options)
  if (finished.code !== 0) throw new Error(describeFailure(command, args, finished))
  return finished
}

export function describeFailure(command: string, args: readonly string[], finished: Finished): string {
  const how = finished.timedOut ? 'ran out of time' : `ended with ${finished.code ?? finished.signal}`
  const said = `${tail(finished.stderr)}\n${tail(finished.stdout.toString())}`.trim()
  return `${command} ${shorten(args.join(' '), 300)} ${how}\n${said}`
}

/** Ends one child: SIGTERM, then SIGKILL when it does not go in `patienceMs`. Resolves when it is gone. */
export async function endChild(child: ChildProcess, patienceMs = TERM_PATIENCE_MS): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  const gone = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), patienceMs)
  await gone
  clearTimeout(timer)
}

/** Ends one child by SIGKILL, as a crash would. Resolves when it is gone. */
export async function killChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}

/** Ends every child that is still running. */
export async function endAllChildren(): Promise<void> {
  await Promise.all([...running].map(child => endChild(child)))
}

/** Makes Ctrl-C, SIGTERM and an early exit end the children too. Call once, first thing. */
export function endChildrenOnExit(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      void endAllChildren().finally(() => process.exit(130))
    })
  }
  process.once('exit', () => {
    for (const child of running) child.kill('SIGKILL')
  })
}

/** The last lines of a text. */
export function tail(text: string, lines = 15): string {
  return text.trimEnd().split('\n').slice(-lines).join('\n')
}

export function shorten(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length)}...`
}
