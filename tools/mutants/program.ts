/** Runs one program to its end or its time limit, with everything it started. */
import { type ChildProcess, spawn } from 'node:child_process'

export interface Outcome {
  readonly ok: boolean
  readonly isLate: boolean
  readonly seconds: number
  /** Both streams, as they came. */
  readonly output: string
}

let running: ChildProcess | null = null

/** `args` are for this very Node. */
export async function runProgram(
  args: readonly string[],
  options: { readonly cwd: string; readonly timeoutMs: number },
): Promise<Outcome> {
  const begun = performance.now()
  // A test runner that started us must not take the runner below for one of its own files.
  const { NODE_TEST_CONTEXT: _inherited, ...env } = process.env
  // A group of its own, so that what it starts ends with it.
  const child = spawn(process.execPath, args, { cwd: options.cwd, env, detached: true })
  running = child
  const pieces: Buffer[] = []
  child.stdout.on('data', piece => pieces.push(piece))
  child.stderr.on('data', piece => pieces.push(piece))
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
    endGroup(child)
  }, options.timeoutMs)
  const { promise, resolve } = Promise.withResolvers<boolean>()
  child.once('error', error => {
    pieces.push(Buffer.from(error.message))
    resolve(false)
  })
  child.once('close', code => resolve(code === 0))
  const ok = await promise
  clearTimeout(timer)
  running = null
  return {
    ok: ok && !isLate,
    isLate,
    seconds: (performance.now() - begun) / 1000,
    output: Buffer.concat(pieces).toString(),
  }
}

/** Ends what runs now, if anything: for Ctrl-C. */
export function endProgram(): void {
  if (running !== null) endGroup(running)
}

function endGroup(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  process.kill(-child.pid, 'SIGKILL')
}
