import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Prng } from '../../packages/ottla/src/base/random.ts'
import { campaign, replay } from './campaign.ts'
import { Corpus, foundInputs, saveFinding } from './corpus.ts'
import { mutateBytes } from './mutate-bytes.ts'
import type { Target } from './target.ts'
import { targetNames, targetOf } from './targets/all.ts'

for (const name of targetNames) {
  test(`what was kept and found before does no harm to ${name}`, async () => {
    const findings = await replay(await targetOf(name))
    assert.deepEqual(
      findings.map(({ kind, what }) => `${kind}: ${what}`),
      [],
    )
  })
}

/** Reads a length and as many bytes, wrongly in the way given when the length is above what a seed has. */
function planted(harm: (claimed: number) => void): Target {
  return {
    name: 'planted',
    seeds: [new Uint8Array([0, 0, 0, 4, 1, 2, 3, 4])],
    mutate: mutateBytes,
    run: input => {
      if (input.length < 4) return 'short'
      const claimed = new DataView(input.buffer, input.byteOffset).getInt32(0)
      if (claimed > 100_000_000) harm(claimed)
      return claimed < 0 ? 'negative' : 'read'
    },
    allowedBytes: inputBytes => 8 * inputBytes + 1024 * 1024,
  }
}

const harms: Readonly<Record<string, (claimed: number) => void>> = {
  crash: () => {
    throw new RangeError('out of bounds')
  },
  memory: () => {
    held.push(new Uint8Array(16 * 1024 * 1024))
  },
  hang: () => {
    const until = performance.now() + 80
    while (performance.now() < until);
  },
}
const held: Uint8Array[] = []

for (const [kind, harm] of Object.entries(harms)) {
  test(`a planted ${kind} is found from its seed, kept, and found again from what was kept`, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ottla-fuzz-'))
    try {
      const options = {
        untilMs: performance.now() + 20_000,
        now: () => performance.now(),
        rng: new Prng(kind),
        findingsMax: 1,
      }
      const { findings } = await campaign(planted(harm), { ...options, corpus: new Corpus('planted', folder) })
      held.length = 0
      const [first] = findings
      assert.ok(first !== undefined, 'nothing was found')
      assert.equal(first.kind, kind)
      saveFinding(first, folder)
      assert.deepEqual(foundInputs('planted', folder), [first.input])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
}

test('the same seed makes the same inputs', async () => {
  const inputsOf = (seed: string) => {
    const rng = new Prng(seed)
    return Array.from({ length: 50 }, () => Buffer.from(mutateBytes(new Uint8Array(20), rng)).toString('hex'))
  }
  assert.deepEqual(inputsOf('a'), inputsOf('a'))
  assert.notDeepEqual(inputsOf('a'), inputsOf('b'))
})
