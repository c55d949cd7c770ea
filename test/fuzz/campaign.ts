/** One target fuzzed for some time: what was kept and found before first, then ever new inputs made from it. */
import type { Prng } from '../../packages/ottla/src/base/random.ts'
import { Corpus, foundInputs } from './corpus.ts'
import { judge } from './judge.ts'
import type { Finding, Target } from './target.ts'

export interface CampaignOptions {
  readonly rng: Prng
  readonly untilMs: number
  readonly now: () => number
  readonly corpus: Corpus
  /** A target is left alone after so many findings: the rest are likely the same. 5 when absent. */
  readonly findingsMax?: number
}

export interface CampaignResult {
  readonly runs: number
  readonly outcomes: number
  readonly findings: readonly Finding[]
}

export async function campaign(target: Target, options: CampaignOptions): Promise<CampaignResult> {
  const { rng, corpus, findingsMax = 5 } = options
  const findings: Finding[] = []
  const outcomes = new Set<string>()
  const pool = [...target.seeds, ...corpus.inputs(), ...foundInputs(target.name)]
  let runs = 0
  const tryOne = async (input: Uint8Array) => {
    runs++
    const { outcome, finding } = await judge(target, input)
    if (finding !== null) findings.push(finding)
    else {
      outcomes.add(outcome)
      if (corpus.offer(outcome, input)) pool.push(input)
    }
  }
  for (const input of [...pool]) if (findings.length < findingsMax) await tryOne(input)
  while (options.now() < options.untilMs && findings.length < findingsMax) {
    await tryOne(target.mutate(rng.pick(pool), rng))
  }
  return { runs, outcomes: outcomes.size, findings }
}

/** Runs what was kept and found before, and nothing else. */
export async function replay(target: Target, corpus = new Corpus(target.name)): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const input of [...target.seeds, ...corpus.inputs(), ...foundInputs(target.name)]) {
    const { finding } = await judge(target, input)
    if (finding !== null) findings.push(finding)
  }
  return findings
}
