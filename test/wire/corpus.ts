/**
 * Decodes every message of a corpus, compares its fields, encodes it again and compares the bytes.
 *   npm run test:wire [-- --corpus FILE]
 * FILE has one message a line, as fixtures/wire/README.md describes; `.gz` is unpacked. Lines about messages or versions
 * that Ottla does not declare are skipped and counted by reason. Exit 1 when a line disagrees or none agrees.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { type CorpusLine, checkLine, type Names, type Verdict } from './check-line.ts'
import { loadMessages } from './messages.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const FIXTURES = join(ROOT, 'fixtures', 'wire')
const SHOWN_MAX = 20

const { values } = parseArgs({ options: { corpus: { type: 'string', default: join(FIXTURES, 'corpus.jsonl.gz') } } })

const stored = await readFile(values.corpus)
const text = (values.corpus.endsWith('.gz') ? gunzipSync(stored) : stored).toString('utf8')
const names: Names = JSON.parse(await readFile(join(FIXTURES, 'corpus-names.json'), 'utf8'))
const messages = await loadMessages(join(ROOT, 'packages', 'ottla', 'src', 'wire', 'schema'))

let agree = 0
let disagree = 0
const skipped = new Map<string, number>()

for (const [index, json] of text.split('\n').entries()) {
  if (json === '') continue
  const line: CorpusLine = JSON.parse(json)
  const verdict = checkLine(line, messages, names)
  if (verdict.kind === 'agrees') agree++
  else if (verdict.kind === 'skipped') skipped.set(verdict.reason, (skipped.get(verdict.reason) ?? 0) + 1)
  else report(line, index + 1, verdict)
}

function report(line: CorpusLine, number: number, verdict: Extract<Verdict, { kind: 'differs' }>): void {
  disagree++
  if (disagree > SHOWN_MAX) return
  console.error(`line ${number}: ${line.name} ${line.kind} version ${line.version}`)
  for (const difference of verdict.differences) console.error(`  ${difference}`)
}

const skippedTotal = [...skipped.values()].reduce((sum, count) => sum + count, 0)
const reasons = [...skipped].map(([reason, count]) => `${count} ${reason}`).join(', ')
if (disagree > SHOWN_MAX) console.error(`and ${disagree - SHOWN_MAX} more`)
if (disagree > 0) console.error(`${disagree} lines disagree`)
console.log(`${agree} lines agree, ${skippedTotal} skipped${reasons === '' ? '' : ` (${reasons})`}`)
if (disagree > 0 || agree === 0) process.exitCode = 1
