/**
 * A1, A2, A4, A5 of reliability.md: a scenario is crashed at every change it makes to the disk, by kill and by power cut,
 * and what is recovered is compared with what was promised. Then the recovered directory is used, stopped and opened
 * again. OTTLA_CRASH_SEEDS=n repeats power cuts with n seeds, which differ in what the disk kept.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crashAt, scenarios } from './crash-run.testing.ts'

const SEEDS = Number(process.env.OTTLA_CRASH_SEEDS ?? 1)
/** Every n-th crash point; 1 tries all. */
const STRIDE = Number(process.env.OTTLA_CRASH_STRIDE ?? 1)

for (const [name, scenario] of Object.entries(scenarios)) {
  for (const kind of ['kill', 'power'] as const) {
    test(`A1 ${name}: a ${kind} at any change loses nothing that was acknowledged`, async t => {
      const total = await crashAt(scenario, { at: -1, kind, seed: 'whole' })
      assert.ok(total !== null && total > 20)
      let points = 0
      for (let seed = 0; seed < (kind === 'power' ? SEEDS : 1); seed++) {
        for (let at = seed % STRIDE; at < total; at += STRIDE) {
          try {
            await crashAt(scenario, { at, kind, seed: String(seed) })
          } catch (error) {
            throw new Error(`crash at change ${at} of ${total}, ${kind}, seed ${seed}`, {
              cause: error,
            })
          }
          points++
        }
      }
      t.diagnostic(`${points} crash points`)
    })
  }
}
