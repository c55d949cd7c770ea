/** What stands between a broken guard and a release: the type checker, the unit tests, the simulator. Cheapest first. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Outcome, runProgram } from './program.ts'

export type Judge = 'tsc' | 'tests' | 'sim'

export interface Verdict {
  /** Null: nobody noticed. */
  readonly killedBy: Judge | null
  readonly seconds: number
  /** The first thing that was wrong, one line. Empty when nothing was, or told to be no witness when nobody noticed. */
  readonly evidence: string
}

interface Step {
  readonly judge: Judge
  readonly args: readonly string[]
  readonly timeoutMs: number
}

const MINUTE_MS = 60_000
/** How often the files that failed must fail again. */
const CONFIRMATIONS = 2
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

/** Runs the steps until one fails, and fails again: a test that fails now and then is no witness. */
export async function tryTree(root: string, steps: readonly Step[]): Promise<Verdict> {
  let seconds = 0
  let evidence = ''
  for (const { judge, args, timeoutMs } of steps) {
    let outcome = await runProgram(args, { cwd: root, timeoutMs })
    seconds += outcome.seconds
    if (outcome.ok) continue
    const killed = { killedBy: judge, evidence: evidenceIn(judge, outcome) }
    const suspects = outcome.isLate ? [] : failedFilesIn(outcome.output)
    for (let again = 0; again < CONFIRMATIONS && suspects.length > 0 && !outcome.ok; again++) {
      outcome = await runProgram(['tools/test.ts', ...suspects], { cwd: root, timeoutMs })
      seconds += outcome.seconds
    }
    if (!outcome.ok) return { ...killed, seconds }
    evidence = `passed when tried again, so it does not count: ${killed.evidence}`
  }
  return { killedBy: null, seconds, evidence }
}

/** Test files that the test runner's output says failed. */
export function failedFilesIn(output: string): string[] {
  return [...new Set([...output.matchAll(/^FAIL {2}(\S+\.test\.ts): /gm)].map(match => match[1] as string))]
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
