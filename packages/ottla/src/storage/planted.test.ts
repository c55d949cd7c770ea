/** Each planted bug of storage is found by the crash points: so the guard that it takes away is reached and needed. */
import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { type PlantedBug, plantBugs } from '../base/planted.ts'
import type { CrashKind, StorageModel } from './crash-model.testing.ts'
import { crashAt, type Scenario, scenarios } from './crash-run.testing.ts'
import { logId, topicConfig } from './testing.ts'

const POINTS_MAX = 1000

interface Hunt {
  readonly bug: PlantedBug
  readonly scenario: Scenario
  readonly kind: CrashKind
}

const cuts = scenarios['cuts and later starts'] as Scenario
const rolls = scenarios['appends, rolls and checkpoints'] as Scenario

/** The same sizes again and again: what a new batch overwrites, an old one follows. */
async function evenBatches(model: StorageModel): Promise<void> {
  await model.create('b', logId(1), topicConfig({ durability: 'page-cache' }))
  model.usual = { valueBytes: 900 }
  for (let i = 0; i < 12; i++) await model.append('b', model.usual)
}

/** Small index intervals, then a cut and other batches in the place of those that the index knew. */
async function indexedCuts(model: StorageModel): Promise<void> {
  await model.create('a', logId(0), topicConfig({ 'index.interval.bytes': '0', 'segment.bytes': '3000' }))
  for (let i = 0; i < 30; i++) await model.append('a', { valueBytes: 60 })
  await model.directory.checkpoint()
  await model.truncate('a', 12)
  for (let i = 0; i < 6; i++) await model.append('a', { valueBytes: 150 })
  await model.directory.checkpoint()
  await model.append('a')
}

const hunts: readonly Hunt[] = [
  { bug: 'reply-before-sync', scenario: rolls, kind: 'power' },
  { bug: 'journal-not-replayed', scenario: rolls, kind: 'kill' },
  { bug: 'ring-reused-before-writeback-synced', scenario: rolls, kind: 'power' },
  { bug: 'truncation-not-journaled', scenario: cuts, kind: 'kill' },
  { bug: 'stale-tail-kept', scenario: evenBatches, kind: 'power' },
  { bug: 'index-trusted', scenario: indexedCuts, kind: 'kill' },
]

afterEach(() => plantBugs([]))

for (const { bug, scenario, kind } of hunts) {
  test(`a crash finds ${bug}`, async t => {
    const total = (await crashAt(scenario, { at: -1, kind, seed: 'whole' })) ?? 0
    assert.ok(total > 0)
    plantBugs([bug])
    for (let tried = 0; tried < POINTS_MAX; tried++) {
      try {
        await crashAt(scenario, { at: tried % total, kind, seed: String(Math.floor(tried / total)) })
      } catch (error) {
        t.diagnostic(`after ${tried + 1} crashes: ${String(error).split('\n')[0]}`)
        return
      }
    }
    assert.fail(`${bug} was not found in ${POINTS_MAX} crashes`)
  })
}
