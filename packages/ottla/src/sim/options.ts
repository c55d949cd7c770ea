/** The command line of the simulator. */
import { parseArgs } from 'node:util'
import { type PlantedBug, plantedBugs } from '../base/planted.ts'
import { type WorkloadName, workloads } from './verdict.ts'

export interface SimOptions {
  /** The first seed. */
  readonly seed: number
  /** How many seeds, from the first on. */
  readonly count: number
  readonly bugs: readonly PlantedBug[]
  readonly workload: WorkloadName | undefined
  /** Threads. */
  readonly jobs: number
  /** Prints what happened, also of seeds that pass. */
  readonly isVerbose: boolean
}

export const USAGE = `npm run sim -- [options]

  --seed N        run seed N, and show what happened in it
  --seeds N       run N seeds, beginning with --seed (1 if not given)
  --bug NAME      plant a bug; succeeds at the first seed that finds it
  --bug all       one bug after the other
  --workload W    ${workloads.join(', ')}; drawn from the seed if not given
  --jobs N        threads; 1 if not given
  --verbose       show what happened, also of seeds that pass

Bugs:
${Object.entries(plantedBugs)
  .map(([name, doc]) => `  ${name.padEnd(38)} ${doc}`)
  .join('\n')}`

/** A string says what is wrong with the arguments. */
export function readOptions(args: readonly string[]): SimOptions | string {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        seed: { type: 'string' },
        seeds: { type: 'string' },
        bug: { type: 'string' },
        workload: { type: 'string' },
        jobs: { type: 'string' },
        verbose: { type: 'boolean' },
      },
    })
    const bugs = bugsOf(values.bug)
    const workload = workloads.find(name => name === values.workload)
    if (workload !== values.workload) return `--workload ${values.workload}: one of ${workloads.join(', ')}`
    const count = values.seeds ?? (values.seed !== undefined ? '1' : bugs.length > 0 ? '1000' : '100')
    return {
      seed: whole('--seed', values.seed ?? '1'),
      count: whole('--seeds', count),
      bugs,
      workload,
      jobs: Math.max(1, whole('--jobs', values.jobs ?? '1')),
      isVerbose: values.verbose ?? (values.seed !== undefined && values.seeds === undefined),
    }
  } catch (error) {
    return (error as Error).message
  }
}

function bugsOf(name: string | undefined): readonly PlantedBug[] {
  if (name === undefined) return []
  const names = Object.keys(plantedBugs) as PlantedBug[]
  if (name === 'all') return names
  const found = names.find(known => known === name)
  if (found === undefined) throw new Error(`--bug ${name}: one of ${names.join(', ')}, or all`)
  return [found]
}

function whole(option: string, text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new Error(`${option} ${text}: a whole number`)
  return Number(text)
}
