/** The command line of the comparison. */
import { parseArgs } from 'node:util'
import { HISTORY_PATH, PROFILE_FOLDER } from './history.ts'
import type { Row } from './rows.ts'

/** A command that cannot be meant: the message says what is allowed. */
export class UsageError extends Error {}

export interface Options {
  readonly list: boolean
  /** Names of rows, or beginnings of names; null for all. */
  readonly only: readonly string[] | null
  readonly rounds: number
  /** Of one round of one side. */
  readonly seconds: number
  /** Of each broker, once. */
  readonly warmSeconds: number
  /** Below which everything is written. */
  readonly directory: string
  readonly fillBytes: number
  /** What lies in the data directory of a broker whose start is timed. */
  readonly startBytes: number
  /** Topics of ten partitions, where many partitions are measured. */
  readonly topics: number
  readonly sources: boolean
  readonly history: string
  /** Folder for flame graphs; null when none are wanted. */
  readonly profile: string | null
}

const known = {
  list: { type: 'boolean', default: false },
  only: { type: 'string' },
  rounds: { type: 'string', default: '5' },
  seconds: { type: 'string', default: '2' },
  'warm-seconds': { type: 'string', default: '20' },
  directory: { type: 'string' },
  'fill-gb': { type: 'string' },
  'start-gb': { type: 'string', default: '10' },
  topics: { type: 'string', default: '1000' },
  sources: { type: 'boolean', default: false },
  history: { type: 'string', default: HISTORY_PATH },
  profile: { type: 'boolean', default: false },
  'profile-dir': { type: 'string', default: PROFILE_FOLDER },
} as const

/** Throws a {@link UsageError}. */
export function optionsOf(
  args: readonly string[],
  machine: { readonly directory: string; readonly memoryBytes: number },
): Options {
  const values = parsed(args)
  const fillGb = values['fill-gb']
  return {
    list: values.list,
    only: values.only?.split(',') ?? null,
    rounds: number('rounds', values.rounds, { min: 1, whole: true }),
    seconds: number('seconds', values.seconds, { min: 0.1 }),
    warmSeconds: number('warm-seconds', values['warm-seconds'], { min: 0.1 }),
    directory: values.directory ?? machine.directory,
    fillBytes: fillGb === undefined ? machine.memoryBytes : number('fill-gb', fillGb, { min: 0 }) * 2 ** 30,
    startBytes: number('start-gb', values['start-gb'], { min: 0.01 }) * 1e9,
    topics: number('topics', values.topics, { min: 2, whole: true }),
    sources: values.sources,
    history: values.history,
    profile: values.profile ? values['profile-dir'] : null,
  }
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: known }).values
  } catch (error) {
    const allowed = Object.keys(known).map(name => `--${name}`)
    throw new UsageError(`${(error as Error).message.split('.')[0]}; there are ${allowed.join(', ')}`)
  }
}

function number(name: string, text: string, { min, whole = false }: { min: number; whole?: boolean }): number {
  const value = Number(text)
  if (text.trim() !== '' && value >= min && (!whole || Number.isInteger(value))) return value
  throw new UsageError(`--${name} ${text}: a ${whole ? 'whole ' : ''}number from ${min} is wanted`)
}

/** The rows that a name stands for, in the order of the table. Throws a {@link UsageError} for a name that no row has. */
export function chosenRows(all: readonly Row[], only: readonly string[] | null): readonly Row[] {
  if (only === null) return all
  for (const name of only) {
    if (all.some(row => row.name.startsWith(name))) continue
    throw new UsageError(`no row is named ${name}; there are ${all.map(row => row.name).join(', ')}`)
  }
  // A whole name stands for its row alone, also where others begin with it.
  const wanted = (row: Row) =>
    only.some(name => (all.some(each => each.name === name) ? row.name === name : row.name.startsWith(name)))
  return all.filter(wanted)
}
