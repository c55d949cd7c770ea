/**
 * Docs against code. `npm run docs` writes docs/generated/{config,errors,metrics}.md; `-- --check` writes nothing and
 * fails when a page differs, when spec declares what no code uses, or when a page written by hand, or a comment
 * that cites a page, names what is not there. `--root` names another tree, for its own test.
 */
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { parseArgs } from 'node:util'
import { brokerApis } from '../../packages/ottla/src/broker/api/broker-apis.ts'
import { allRows } from '../../packages/ottla/src/spec/config/broker.ts'
import { brokerRows } from '../../packages/ottla/src/spec/config/broker-rows.ts'
import { topicRows } from '../../packages/ottla/src/spec/config/topic-rows.ts'
import { unhonoured } from '../../packages/ottla/src/spec/config/unhonoured.ts'
import { errorNames } from '../../packages/ottla/src/spec/errors.ts'
import { metrics } from '../../packages/ottla/src/spec/metrics.ts'
import { allApis } from '../../packages/ottla/src/wire/gen/all.ts'
import { sourceFile } from '../arch/source-file.ts'
import { checkCitations } from './citations.ts'
import { checkOmissions, type KnownApis } from './omissions.ts'
import { generatedPages } from './pages.ts'
import { checkProse, type World } from './prose.ts'
import { checkSamples } from './samples.ts'
import { checkUses } from './uses.ts'

const { values } = parseArgs({
  options: {
    check: { type: 'boolean', default: false },
    root: { type: 'string', default: join(import.meta.dirname, '..', '..') },
  },
})
const ROOT = values.root
const SOURCES = join(ROOT, 'packages', 'ottla', 'src')
const GENERATED = join(ROOT, 'docs', 'generated')

const pages = generatedPages()
if (values.check) check()
else write()

function write(): void {
  mkdirSync(GENERATED, { recursive: true })
  for (const [name, text] of pages) writeFileSync(join(GENERATED, name), text)
  console.log(`docs: ${pages.size} pages written`)
}

function check(): void {
  const stale = [...pages].filter(([name, text]) => textOf(join(GENERATED, name)) !== text)
  const declared = {
    configFields: [...Object.keys(brokerRows), ...Object.keys(topicRows)],
    metrics: Object.keys(metrics),
  }
  const files = list('**/*.ts', SOURCES).map(path => sourceFile(path, textOf(join(SOURCES, path))))
  const prose = list('{*.md,docs/**/*.md,packages/*/*.md,fixtures/**/*.md,.ci/*.md}', ROOT).filter(
    path => !path.startsWith('docs/generated/'),
  )
  // The test of this check cites what is not there.
  const citing = list('{packages,tools,test,bench}/**/*.ts', ROOT).filter(path => path !== 'tools/docs/docs.test.ts')
  const findings = [
    ...stale.map(([name]) => `docs/generated/${name} is not what spec gives; run \`npm run docs\``),
    ...checkUses(declared, files),
    ...checkOmissions(textOf(join(ROOT, 'docs', 'omissions.md')), knownApis()),
    ...checkProse(
      prose.map(path => ({ path, text: textOf(join(ROOT, path)) })),
      world(),
    ),
    ...checkSamples(
      prose.map(path => ({ path, text: textOf(join(ROOT, path)) })),
      path => textOf(join(ROOT, path)) || null,
    ),
    ...checkCitations(
      citing.map(path => ({ path, text: textOf(join(ROOT, path)) })),
      path => textOf(join(ROOT, path)) || null,
    ),
  ]
  for (const finding of findings) console.error(finding)
  console.log(`docs: ${pages.size} generated and ${prose.length} other pages, ${findings.length} differences`)
  if (findings.length > 0) process.exitCode = 1
}

function world(): World {
  const { scripts } = JSON.parse(textOf(join(ROOT, 'package.json'))) as { scripts: Readonly<Record<string, string>> }
  const names = new Set(
    allRows.flatMap(row => [row.kafka, row.topic ?? '', ...(row.aliases ?? []).map(alias => alias.kafka)]),
  )
  return {
    exists: path => existsSync(join(ROOT, path)),
    scripts: new Set(Object.keys(scripts)),
    knowsKey: key => names.has(key) || unhonoured(key, '') !== null,
    errorNames: new Set(errorNames),
  }
}

function knownApis(): KnownApis {
  return {
    handled: new Set(brokerApis().advertised.map(row => row.apiKey)),
    declared: new Map(allApis.map(api => [api.key, api.name])),
  }
}

/** Empty for a file that is not there. */
function textOf(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : ''
}

function list(pattern: string, folder: string): string[] {
  return globSync(pattern, { cwd: folder, exclude: ['**/node_modules/**'] })
    .map(path => path.split(sep).join('/'))
    .sort()
}
