/** Rounds: every contender of a group once in each, the first one another each time, the disk quiet before every turn. */
import { runOrThrow } from '../../test/interop/children.ts'
import type { Sample } from './figures.ts'
import { type Group, keyOf } from './rows.ts'
import type { Bench, Contender, Prepared } from './workload.ts'

const SYNC_TIMEOUT_MS = 120_000

/** What a contender gave, a sample a round. */
export interface Measured {
  readonly contender: Contender
  /** In effect. */
  readonly durability: string
  readonly samples: readonly Sample[]
}

export interface RoundOptions {
  readonly rounds: number
  /** Before each turn: see {@link quietDisk}. */
  readonly settle: () => Promise<void>
  /** Told of each turn before it begins. */
  readonly progress: (text: string) => void
}

/** Measured contenders by {@link keyOf}. What was made for them is deleted also when a round fails. */
export async function runRounds(
  bench: Bench,
  group: Group,
  { rounds, settle, progress }: RoundOptions,
): Promise<ReadonlyMap<string, Measured>> {
  const ready: { readonly contender: Contender; readonly prepared: Prepared; readonly samples: Sample[] }[] = []
  const count = Math.min(rounds, group.workload.roundsMax ?? rounds)
  try {
    for (const contender of group.contenders) {
      progress(`${group.workload.title}: ${keyOf(contender)} warms up`)
      ready.push({ contender, prepared: await group.workload.prepare(bench, contender), samples: [] })
    }
    for (let round = 0; round < count; round++) {
      for (const { contender, prepared, samples } of turnsOf(ready, round)) {
        progress(`${group.workload.title}: round ${round + 1} of ${count}, ${keyOf(contender)}`)
        await settle()
        samples.push(await prepared.measure())
      }
    }
  } finally {
    for (const { prepared } of ready) await prepared.release()
  }
  return new Map(
    ready.map(({ contender, prepared: { durability }, samples }) => [
      keyOf(contender),
      { contender, durability, samples },
    ]),
  )
}

/** All of them, beginning with another one each round, so that none always follows the same. */
export function turnsOf<T>(all: readonly T[], round: number): T[] {
  const first = all.length === 0 ? 0 : round % all.length
  return [...all.slice(first), ...all.slice(0, first)]
}

/** What one side left dirty in the page cache of that file system would otherwise be written out in the time of the next. */
export async function quietDisk(folder: string): Promise<void> {
  await runOrThrow('sync', ['--file-system', folder], { timeoutMs: SYNC_TIMEOUT_MS })
}
