/** Each check of docs against code finds what it is for. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { sourceFile } from '../arch/source-file.ts'
import { checkCitations } from './citations.ts'
import { checkOmissions } from './omissions.ts'
import { generatedPages } from './pages.ts'
import { checkProse } from './prose.ts'
import { checkUses, unreadFields } from './uses.ts'

const ROOT = join(import.meta.dirname, '..', '..')

const world = {
  exists: (path: string) => ['README.md', 'docs/omissions.md', 'tools/arch'].includes(path),
  scripts: new Set(['check']),
  knowsKey: (key: string) => key === 'log.segment.bytes',
  errorNames: new Set(['INVALID_RECORD']),
}
const prose = (text: string, path = 'docs/page.md') => checkProse([{ path, text }], world)

test('a page that names what exists passes', () => {
  const text =
    '[o](omissions.md#x) [r](../README.md) [web](https://example.org) [here](#a)\n`npm run check`, `log.segment.bytes=5`\n`INVALID_RECORD` `O_DIRECT` `tools/arch` `meta.properties` `msg.value`'
  assert.deepEqual(prose(text), [])
})

test('a link, a script, a key, an error or a path that is not there is found with its line', () => {
  const text = 'fine\n[o](gone.md)\nnpm run nothing\n`log.segment.byte`\n`NO_SUCH_ERROR`\n`tools/gone.ts`'
  assert.deepEqual(prose(text), [
    'docs/page.md:2: the link to gone.md leads nowhere',
    'docs/page.md:3: package.json has no script nothing',
    'docs/page.md:4: there is no config key log.segment.byte',
    'docs/page.md:5: there is no error NO_SUCH_ERROR',
    'docs/page.md:6: tools/gone.ts does not exist',
  ])
})

test('a config row that no code reads is found; tests and spec itself do not count', () => {
  const unread = [...unreadFields.keys()]
  const files = [
    sourceFile('runtime/a.ts', 'x = config.numPartitions'),
    sourceFile('runtime/a.test.ts', 'config.rack'),
    sourceFile('spec/a.ts', 'config.rack'),
  ]
  const declared = { configFields: ['numPartitions', 'rack', ...unread], metrics: [] }
  assert.deepEqual(checkUses(declared, files), ['config row rack: no code reads it'])
  const read = sourceFile('storage/a.ts', `config.rack; config.${unread[0]}`)
  assert.match(checkUses(declared, [...files, read]).join(), new RegExp(`${unread[0]} is read`))
})

test('metrics agree both ways', () => {
  const files = [sourceFile('broker/a.ts', "observe.count('ottla_known_total', 1); observe.gauge('other', 2)")]
  const declared = { configFields: [...unreadFields.keys()], metrics: ['ottla_known_total', 'ottla_silent'] }
  assert.deepEqual(checkUses(declared, files), [
    'metric ottla_silent: no code counts it',
    'broker/a.ts:1: metric other has no row in spec/metrics.ts',
  ])
})

test('the committed pages are what spec gives, and a changed row changes its page', () => {
  for (const [name, text] of generatedPages()) {
    const committed = readFileSync(join(ROOT, 'docs', 'generated', name), 'utf8')
    assert.equal(committed, text, name)
    assert.ok(text.split('\n').length > 10 && !text.includes('undefined'), name)
  }
})

test('the table of APIs that are absent says what is', () => {
  const known = {
    handled: new Set([0]),
    declared: new Map([
      [0, 'Produce'],
      [8, 'OffsetCommit'],
      [9, 'OffsetFetch'],
      [10, 'FindCoordinator'],
    ]),
  }
  const rows = [
    '| 0 | Produce | declared |',
    '| 8 | OffsetCommit | not declared |',
    '| 9 | Other | declared |',
    '| 71 | Push | declared |',
  ]
  assert.deepEqual(checkOmissions(rows.join('\n'), known), [
    'docs/omissions.md: Produce (0) is handled; take the row out',
    'docs/omissions.md: OffsetCommit (8) has codecs; say `declared`',
    'docs/omissions.md: Other (9) is called OffsetFetch',
    'docs/omissions.md: Push (71) has no codecs; say `not declared`',
    'docs/omissions.md: FindCoordinator (10) has codecs and no handler, and no row',
  ])
  assert.deepEqual(
    checkOmissions('| 8 | OffsetCommit | begun: declared, no answer |\n| 71 | Push | not declared |', {
      handled: new Set(),
      declared: new Map([[8, 'OffsetCommit']]),
    }),
    [],
  )
})

test('a comment or the name of a test that cites a page, a section or a case that is not there is found', () => {
  const pages: Readonly<Record<string, string>> = {
    'docs/reliability.md': '| A1 | x |\n| A6-A8 | y |\n',
    'ARCHITECTURE.md': '## 2. Decisions\n1. **One**\n2. **Two**\n## 4b. Journal\n- **J7 Failure.**\n',
  }
  const check = (text: string) => checkCitations([{ path: 'a.ts', text }], path => pages[path] ?? null)
  const right = [
    '/** One (docs/reliability.md A1, A7), two (ARCHITECTURE.md §2.2, §4b), three. */',
    ' * rules J7 of ARCHITECTURE.md, RFC 4648 §5',
    "const page = 'gone.md' // I12 is a name here",
    "test('A8 J7 holds', () => {})",
  ]
  assert.deepEqual(check(right.join('\n')), [])
  const wrong = [
    '// reliability.md A1',
    ' * docs/reliability.md A1, A9',
    '/** ARCHITECTURE.md §3 */',
    '// see ARCHITECTURE.md §2.3',
    "test('J8: holds', () => {})",
  ]
  assert.deepEqual(check(wrong.join('\n')), [
    'a.ts:1: there is no page reliability.md',
    'a.ts:2: there is no case A9',
    'a.ts:3: ARCHITECTURE.md has no §3',
    'a.ts:4: ARCHITECTURE.md has no §2',
    'a.ts:5: there is no case J8',
  ])
})

test('the program tells of every kind of difference, and fails', () => {
  const root = mkdtempSync(join(tmpdir(), 'ottla-docs-'))
  const source = join(root, 'packages', 'ottla', 'src')
  const run = (...args: readonly string[]) => {
    const main = join(import.meta.dirname, 'main.ts')
    const { status, stderr } = spawnSync(process.execPath, [main, '--root', root, ...args], { encoding: 'utf8' })
    return { status, findings: stderr.trimEnd().split('\n') }
  }
  try {
    mkdirSync(source, { recursive: true })
    writeFileSync(join(root, 'package.json'), '{ "scripts": {} }')
    cpSync(join(ROOT, 'docs', 'omissions.md'), join(root, 'docs', 'omissions.md'))
    assert.equal(run().status, 0)
    writeFileSync(join(source, 'a.ts'), '// see docs/gone.md\n')
    appendFileSync(join(root, 'docs', 'omissions.md'), '| 0 | Produce | declared |\n[x](gone.md)\n')
    appendFileSync(join(root, 'docs', 'generated', 'errors.md'), 'by hand\n')
    const { status, findings } = run('--check')
    assert.equal(status, 1)
    const wanted = [
      'docs/generated/errors.md is not what spec gives; run `npm run docs`',
      'config row numPartitions: no code reads it',
      'docs/omissions.md: Produce (0) is handled; take the row out',
      'packages/ottla/src/a.ts:1: there is no page docs/gone.md',
    ]
    for (const finding of wanted) assert.ok(findings.includes(finding), `${finding}\n${findings.join('\n')}`)
    assert.match(findings.join('\n'), /^docs\/omissions\.md:\d+: the link to gone\.md leads nowhere$/m)
  } finally {
    rmSync(root, { recursive: true })
  }
})
