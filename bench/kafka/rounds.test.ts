import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fleet } from './fleet.ts'
import { runRounds, turnsOf } from './rounds.ts'
import { type Group, keyOf } from './rows.ts'
import type { Workload } from './workload.ts'

const bench = {
  fleet: new Fleet({ folder: '/nowhere', program: 'none', warmUp: async () => {} }),
  measureMs: 1,
  startBytes: 1,
  topics: 1,
}

/** Writes down what happens; gives the number of the measurement as a figure, and fails at one of them. */
function noting(seen: string[], options: { failsAt?: number; roundsMax?: number } = {}): Group {
  let measurements = 0
  const workload: Workload = {
    title: 'noting',
    ...(options.roundsMax === undefined ? {} : { roundsMax: options.roundsMax }),
    prepare: async (_, contender) => {
      seen.push(`prepare ${keyOf(contender)}`)
      return {
        durability: `${contender.durability} in effect`,
        measure: async () => {
          seen.push(`measure ${keyOf(contender)}`)
          if (++measurements === options.failsAt) throw new Error('broken')
          return { startMs: measurements }
        },
        release: async () => {
          seen.push(`release ${keyOf(contender)}`)
        },
      }
    },
  }
  const contenders = [
    { side: 'ottla', durability: 'disk' },
    { side: 'kafka', durability: 'page-cache' },
  ] as const
  return { workload, rows: [], contenders }
}

const rounds = (count: number, seen: string[]) => ({
  rounds: count,
  settle: async () => {
    seen.push('settle')
  },
  progress: () => {},
})

test('all are prepared, then take turns with the disk settled before each, and are released', async () => {
  const seen: string[] = []
  const measured = await runRounds(bench, noting(seen), rounds(2, seen))
  assert.deepEqual(seen, [
    'prepare ottla disk',
    'prepare kafka page-cache',
    'settle',
    'measure ottla disk',
    'settle',
    'measure kafka page-cache',
    'settle',
    'measure kafka page-cache',
    'settle',
    'measure ottla disk',
    'release ottla disk',
    'release kafka page-cache',
  ])
  assert.deepEqual(measured.get('ottla disk')?.samples, [{ startMs: 1 }, { startMs: 4 }])
  assert.equal(measured.get('kafka page-cache')?.durability, 'page-cache in effect')
})

test('a workload of minutes has fewer rounds', async () => {
  const seen: string[] = []
  const measured = await runRounds(bench, noting(seen, { roundsMax: 1 }), rounds(5, seen))
  assert.equal(measured.get('ottla disk')?.samples.length, 1)
})

test('what was prepared is released also when a round fails', async () => {
  const seen: string[] = []
  await assert.rejects(runRounds(bench, noting(seen, { failsAt: 2 }), rounds(2, seen)), /broken/)
  assert.deepEqual(seen.slice(-2), ['release ottla disk', 'release kafka page-cache'])
})

test('in each round another one begins', () => {
  assert.deepEqual(
    [0, 1, 2, 3].map(round => turnsOf(['a', 'b', 'c'], round).join('')),
    ['abc', 'bca', 'cab', 'abc'],
  )
  assert.deepEqual(turnsOf([], 1), [])
})
