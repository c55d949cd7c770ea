/**
 * A1, A2, A4, A5 of docs/reliability.md: a scenario is crashed at every change it makes to the disk, by kill and by
 * power cut, and what is recovered is compared with what was promised. Then the recovered directory is used, stopped and
 * opened again. CRASH_SEEDS=n repeats power cuts with n seeds, which differ in what the disk kept.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { sharedScenarios } from './crash-run.testing.ts'
import { type CrashOrder, CrashThread } from './crash-thread.testing.ts'

const SEEDS = Number(process.env.CRASH_SEEDS ?? 1)
/** Every n-th crash point; 1 tries all. */
const STRIDE = Number(process.env.CRASH_STRIDE ?? 1)

const thread = new CrashThread()
after(() => thread.end())

for (const scenario of Object.keys(sharedScenarios)) {
  for (const kind of ['kill', 'power'] as const) {
    test(`A1 ${scenario}: a ${kind} at any change loses nothing that was acknowledged`, async t => {
      const total = await thread.changesOf(scenario, kind)
      assert.ok(total > 20)
      const orders: CrashOrder[] = []
      for (let seed = 0; seed < (kind === 'power' ? SEEDS : 1); seed++) {
        for (let at = seed % STRIDE; at < total; at += STRIDE) orders.push({ scenario, at, kind, seed: String(seed) })
      }
      const { tried, error } = await thread.crash(orders)
      if (error !== undefined) {
        const { at, seed } = orders[tried - 1]!
        throw new Error(`crash at change ${at} of ${total}, ${kind}, seed ${seed}`, { cause: error })
      }
      assert.equal(tried, orders.length)
      t.diagnostic(`${tried} crash points`)
    })
  }
}
