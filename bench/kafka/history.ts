/** What was measured, kept: a line of JSON for each run, below the cache that git ignores, since figures are a machine's. */
import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdirSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { dirname, join } from 'node:path'
import { kafkaVersion } from '../../test/interop/clients/java-home.ts'
import { goalText, type RowResult } from './report.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const FOLDER = join(ROOT, '.cache', 'bench')
export const HISTORY_PATH = join(FOLDER, 'kafka.jsonl')
export const PROFILE_FOLDER = join(FOLDER, 'profiles')

/** On what, and with what, a run was made. */
export interface Circumstances {
  /** ISO 8601. */
  readonly at: string
  readonly commit: string
  readonly processor: string
  readonly cores: number
  readonly memoryBytes: number
  readonly kernel: string
  readonly node: string
  readonly kafka: string
  /** The built package, or the sources. */
  readonly program: 'package' | 'sources'
  readonly rounds: number
  readonly seconds: number
}

export async function circumstancesOf(
  run: Pick<Circumstances, 'program' | 'rounds' | 'seconds'>,
): Promise<Circumstances> {
  return {
    at: new Date().toISOString(),
    commit: commit(),
    processor: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryBytes: totalmem(),
    kernel: release(),
    node: process.version,
    kafka: await kafkaVersion(),
    ...run,
  }
}

export function historyLine(circumstances: Circumstances, results: readonly RowResult[]): string {
  const rows = results.map(({ row, sides, verdicts }) => ({
    name: row.name,
    sides: sides.map(({ contender, durability, samples }) => ({ side: contender.side, durability, samples })),
    goals: verdicts.map(({ goal, measured, outcome }) => ({ goal: goalText(goal), ...measured, outcome })),
  }))
  return `${JSON.stringify({ ...circumstances, rows })}\n`
}

export function appendHistory(path: string, line: string): void {
  mkdirSync(dirname(path), { recursive: true })
  appendFileSync(path, line)
}

/** With `+` when the tree has changes; `unknown` outside of a checkout. */
function commit(): string {
  try {
    const git = (...args: string[]) => execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', stdio: 'pipe' }).trim()
    return `${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain') === '' ? '' : '+'}`
  } catch {
    return 'unknown'
  }
}
