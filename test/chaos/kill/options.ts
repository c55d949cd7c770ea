/** The command line of `npm run chaos:kill`. */
import { resolve } from 'node:path'
import { type PlantedBug, plantedBugs } from '../../../packages/ottla/src/base/planted.ts'
import { BadOption, readOptions } from '../../../tools/command-line.ts'
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
  /** Planted in it; null: none. */
  readonly bug: PlantedBug | null
  /** Keep the data directory of the last epoch even when nothing was found. */
  readonly keep: boolean
}

const DURABILITIES: ReadonlyMap<string, readonly Durability[]> = new Map([
  ['disk', ['disk']],
  ['page-cache', ['page-cache']],
  ['both', ['disk', 'page-cache']],
  // Not a promise: shows that the checks find a loss.
  ['memory', ['memory']],
])

export function readKillOptions(args: readonly string[]): KillOptions {
  const values = readOptions(
    {
      count: { type: 'string', default: '10' },
      durability: { type: 'string', default: 'both' },
      seed: { type: 'string' },
      program: { type: 'string', default: SOURCE_PROGRAM },
      bug: { type: 'string' },
      keep: { type: 'boolean', default: false },
    },
    args,
  )
  const count = Number(values.count)
  if (!Number.isInteger(count) || count < 1 || count > 100_000) {
    throw new BadOption(`--count ${values.count}: a whole number of kills from 1 to 100000 is needed`)
  }
  const durabilities = DURABILITIES.get(values.durability)
  if (durabilities === undefined) {
    throw new BadOption(`--durability ${values.durability}: one of ${[...DURABILITIES.keys()].join(', ')} is needed`)
  }
  const seed = values.seed ?? String(Date.now() % 1_000_000)
  const { keep } = values
  return { count, durabilities, seed, program: resolve(values.program), bug: bugNamed(values.bug), keep }
}

function bugNamed(name: string | undefined): PlantedBug | null {
  if (name === undefined) return null
  const names = Object.keys(plantedBugs) as PlantedBug[]
  const bug = names.find(known => known === name)
  if (bug === undefined) throw new BadOption(`--bug ${name}: one of ${names.join(', ')} is needed`)
  return bug
}
