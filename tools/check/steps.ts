/** Runs programs side by side and tells which ended well: the body of `npm run check`. */
import { spawn } from 'node:child_process'

export interface Step {
  readonly name: string
  /** Program and arguments; the program `node` means this very Node. */
  readonly command: readonly [string, ...string[]]
}

export interface StepResult {
  readonly name: string
  readonly ok: boolean
  readonly ms: number
  /** Everything it printed. */
  readonly output: string
}

/** A step that takes longer hangs. The whole check has a minute on a machine that does nothing else. */
const STEP_TIMEOUT_MS = 600_000

/** `ended` is called as each step ends; the results are in the order of the steps. At most `width` run at a time. */
export async function runSteps(
  steps: readonly Step[],
  options: { readonly cwd: string; readonly width: number; readonly ended: (result: StepResult) => void },
): Promise<StepResult[]> {
  const results: StepResult[] = new Array(steps.length)
  let next = 0
  const lane = async () => {
    while (next < steps.length) {
      const index = next++
      const result = await runStep(steps[index]!, options.cwd)
      results[index] = result
      options.ended(result)
    }
  }
  await Promise.all(Array.from({ length: options.width }, lane))
  return results
}

function runStep(step: Step, cwd: string): Promise<StepResult> {
  const begun = performance.now()
  const [program, ...args] = step.command
  const { promise, resolve } = Promise.withResolvers<StepResult>()
  const output: Buffer[] = []
  const child = spawn(program === 'node' ? process.execPath : program, args, { cwd })
  const timer = setTimeout(() => child.kill('SIGTERM'), STEP_TIMEOUT_MS)
  const end = (ok: boolean, why: string) => {
    clearTimeout(timer)
    const text = Buffer.concat(output).toString() + why
    resolve({ name: step.name, ok, ms: performance.now() - begun, output: text })
  }
  child.stdout.on('data', piece => output.push(piece))
  child.stderr.on('data', piece => output.push(piece))
  child.on('error', error => end(false, `${program} cannot be started: ${error.message}\n`))
  child.on('close', (code, signal) =>
    end(code === 0, signal === null ? '' : `ended by ${signal} after ${STEP_TIMEOUT_MS / 1000} s\n`),
  )
  return promise
}
