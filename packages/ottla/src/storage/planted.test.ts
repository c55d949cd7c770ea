/** Each planted bug of storage is found by the crash points: so the guard that it takes away is reached and needed. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { PlantedBug } from '../base/planted.ts'
import type { CrashKind } from './crash-model.testing.ts'
import { type CrashOrder, CrashThread } from './crash-thread.testing.ts'

const POINTS_MAX = 1000
/** The first crashes are all over the scenario, and each change has its turn: primes, of which one does not divide. */
const SPREADS = [41, 37]

interface Hunt {
  readonly bug: PlantedBug
  /** A name in `scenarios`. */
  readonly scenario: string
  readonly kind: CrashKind
  /** One that finds it soon. */
  readonly firstSeed?: number
}

const cuts = 'cuts and later starts'
const rolls = 'appends, rolls and checkpoints'

const hunts: readonly Hunt[] = [
  { bug: 'reply-before-sync', scenario: rolls, kind: 'power' },
  { bug: 'journal-not-replayed', scenario: rolls, kind: 'kill' },
  { bug: 'ring-reused-before-writeback-synced', scenario: rolls, kind: 'power' },
  { bug: 'truncation-not-journaled', scenario: cuts, kind: 'kill' },
  { bug: 'stale-tail-kept', scenario: 'even batches', kind: 'power' },
  { bug: 'cleaned-swap-not-synced', scenario: 'compaction in several passes', kind: 'power', firstSeed: 1 },
  { bug: 'index-trusted', scenario: 'indexed cuts', kind: 'kill' },
]

const thread = new CrashThread()
after(() => thread.end())

for (const { bug, scenario, kind, firstSeed = 0 } of hunts) {
  test(`a crash finds ${bug}`, async t => {
    const total = await thread.changesOf(scenario, kind)
    const step = SPREADS.find(prime => total % prime !== 0)!
    const orders = Array.from({ length: POINTS_MAX }, (_, i): CrashOrder => {
      return { scenario, at: (i * step) % total, kind, seed: String(firstSeed + Math.floor(i / total)), bugs: [bug] }
    })
    const { tried, error } = await thread.crash(orders)
    assert.ok(error !== undefined, `${bug} was not found in ${POINTS_MAX} crashes`)
    t.diagnostic(`after ${tried} crashes: ${String(error).split('\n')[0]}`)
  })
}
