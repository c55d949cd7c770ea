/** What stands between a broken guard and a release: the type checker, the unit tests, the simulator. Cheapest first. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Outcome, runProgram } from './program.ts'

export type Judge = 'tsc' | 'tests' | 'sim'

export interface Verdict {
  /** Null: nobody noticed. */
  readonly killedBy: Judge | null
  readonly seconds: number
  /** The first thing that was wrong, one line. Empty when nothing was. */
  readonly evidence: string
}

interface Step {
  readonly judge: Judge
  readonly args: readonly string[]
  readonly timeoutMs: number
}

const MINUTE_MS = 60_000
const SIMULATOR = join('packages', 'ottla', 'src', 'sim', 'main.ts')
/** Words that choose the tests nearest to the guards; the rest of `npm test` comes after them. */
const NEAR_TESTS = ['src/storage/', 'src/core/', 'src/runtime/']

/** The steps that there are in `root`, which may have no simulator. */
export function stepsIn(root: string, seeds: number): Step[] {
  const steps: Step[] = [
    {
      // What is unused once the guard is gone is no evidence that the guard matters.
      judge: 'tsc',
      args: [
        'node_modules/typescript/bin/tsc',
        '--noEmit',
        '-p',
        '.',
        '--noUnusedLocals',
        'false',
        '--noUnusedParameters',
        'false',
      ],
      timeoutMs: 2 * MINUTE_MS,
    },
    { judge: 'tests', args: ['tools/test.ts', ...NEAR_TESTS], timeoutMs: 5 * MINUTE_MS },
    { judge: 'tests', args: ['tools/test.ts'], timeoutMs: 10 * MINUTE_MS },
  ]
  if (seeds > 0 && existsSync(join(root, SIMULATOR))) {
    steps.push({ judge: 'sim', args: [SIMULATOR, '--seeds', String(seeds)], timeoutMs: 30 * MINUTE_MS })
  }
  return steps
}

/** Runs the steps until one fails. */
export async function tryTree(root: string, steps: readonly Step[]): Promise<Verdict> {
  let seconds = 0
  for (const { judge, args, timeoutMs } of steps) {
    const outcome = await runProgram(args, { cwd: root, timeoutMs })
    seconds += outcome.seconds
    if (!outcome.ok) return { killedBy: judge, seconds, evidence: evidenceIn(judge, outcome) }
  }
  return { killedBy: null, seconds, evidence: '' }
}

const TELLING: Readonly<Record<Judge, RegExp>> = {
  tsc: /error TS\d+/,
  tests: /^FAIL /,
  sim: /seed|violation|failed/i,
}

/** The first line of the output that tells what was wrong. */
export function evidenceIn(judge: Judge, outcome: Outcome): string {
  if (outcome.isLate) return `no end after ${Math.round(outcome.seconds)} s`
  const lines = outcome.output.split('\n').filter(line => line.trim() !== '')
  return (lines.find(line => TELLING[judge].test(line)) ?? lines.at(-1) ?? 'it ended badly without a word').trim()
}
