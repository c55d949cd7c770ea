/** The command line of `npm run chaos:kill`. */
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { SOURCE_PROGRAM } from './broker-process.ts'
import type { Durability } from './topics.ts'

export interface KillOptions {
  /** How often the process is killed. */
  readonly count: number
  readonly durabilities: readonly Durability[]
  /** Draws topics, producers, sizes and faults. What the machine's timing adds cannot be replayed. */
  readonly seed: string
  /** Main file of the command line under test. */
  readonly program: string
  /** Keep the data directory of the last epoch even when nothing was found. */
  readonly keep: boolean
}

export class BadOption extends Error {}

const DURABILITIES: ReadonlyMap<string, readonly Durability[]> = new Map([
  ['disk', ['disk']],
  ['page-cache', ['page-cache']],
  ['both', ['disk', 'page-cache']],
  // Not a promise: shows that the checks find a loss.
  ['memory', ['memory']],
])

export function readKillOptions(args: readonly string[]): KillOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      count: { type: 'string', default: '10' },
      durability: { type: 'string', default: 'both' },
      seed: { type: 'string' },
      program: { type: 'string', default: SOURCE_PROGRAM },
      keep: { type: 'boolean', default: false },
    },
  })
  const count = Number(values.count)
  if (!Number.isInteger(count) || count < 1 || count > 100_000) {
    throw new BadOption(`--count ${values.count}: a whole number of kills from 1 to 100000 is needed`)
  }
  const durabilities = DURABILITIES.get(values.durability)
  if (durabilities === undefined) {
    throw new BadOption(`--durability ${values.durability}: one of ${[...DURABILITIES.keys()].join(', ')} is needed`)
  }
  const seed = values.seed ?? String(Date.now() % 1_000_000)
  return { count, durabilities, seed, program: resolve(values.program), keep: values.keep }
}
