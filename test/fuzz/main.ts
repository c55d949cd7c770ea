/**
 * `npm run fuzz -- --seconds 60 [--seed N] [--target NAME] [--keep]`: damaged requests and batches against the codecs, the judges of
 * batches and a whole broker in memory. Looks for crashes, hangs above 50 ms and memory beyond what the input allows.
 * What is found is kept under fixtures/fuzz/found and run first from then on. `--input FILE` runs one kept input again;
 * `--keep` adds inputs with new outcomes to the corpus in fixtures/fuzz.
 * Exit 1 when anything was found.
 */
import { readFileSync } from 'node:fs'
import { Prng } from '../../packages/ottla/src/base/random.ts'
import { optionsOrExit } from '../../tools/command-line.ts'
import { campaign } from './campaign.ts'
import { Corpus, saveFinding } from './corpus.ts'
import { judge } from './judge.ts'
import { targetNames, targetOf } from './targets/all.ts'

const values = optionsOrExit({
  seconds: { type: 'string', default: '60' },
  seed: { type: 'string' },
  target: { type: 'string', multiple: true, default: [...targetNames] },
  input: { type: 'string' },
  keep: { type: 'boolean', default: false },
})
const seed = values.seed ?? String(Date.now())
const seconds = Number(values.seconds)
if (!(seconds > 0)) {
  console.error(`--seconds ${values.seconds}: a number above 0 is expected`)
  process.exit(2)
}
const unknown = values.target.find(name => !targetNames.includes(name))
if (unknown !== undefined) {
  console.error(`--target ${unknown}: one of ${targetNames.join(', ')} is expected`)
  process.exit(2)
}

if (values.input === undefined) await fuzz()
else await runOne(values.input)

async function fuzz(): Promise<void> {
  console.log(`seed ${seed}, ${seconds} s over ${values.target.join(', ')}`)
  let found = 0
  for (const name of values.target) {
    const target = await targetOf(name)
    const corpus = new Corpus(name)
    const result = await campaign(target, {
      rng: new Prng(`${seed}/${name}`),
      untilMs: performance.now() + (seconds * 1000) / values.target.length,
      now: () => performance.now(),
      corpus,
    })
    if (values.keep) corpus.save()
    console.log(`${name}: ${result.runs} inputs, ${result.outcomes} outcomes`)
    for (const finding of result.findings) {
      found++
      console.error(`\n${finding.kind} in ${name}: ${finding.what}`)
      console.error(`again: npm run fuzz -- --target ${name} --input ${saveFinding(finding)}`)
    }
  }
  console.log(found === 0 ? 'nothing found' : `${found} found`)
  process.exit(found === 0 ? 0 : 1)
}

async function runOne(path: string): Promise<void> {
  const target = await targetOf(values.target[0] ?? '')
  const input = Uint8Array.from(Buffer.from(readFileSync(path, 'utf8').trim(), 'hex'))
  const { outcome, finding } = await judge(target, input)
  console.log(finding === null ? `nothing wrong: ${outcome}` : `${finding.kind}: ${finding.what}`)
  process.exit(finding === null ? 0 : 1)
}
