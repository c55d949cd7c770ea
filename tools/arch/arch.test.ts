/**
 * The checks find what they are for: every sample holds files that break a rule, and the findings that must come. A
 * sample without `expect` lines must pass.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { checkImports } from './imports.ts'
import { checkPurity } from './purity.ts'
import { type FolderRule, FUNCTION_LINES_MAX, folderRules } from './rules.ts'
import { checkSizes, measureFunctions } from './sizes.ts'
import { sourceFile } from './source-file.ts'
import { tokenize } from './tokens.ts'
import { checkWalks, walksOf } from './walks.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const SAMPLES = join(import.meta.dirname, 'samples')

/** `=== path` begins a file, `expect path:line words` names a finding. */
function readSample(text: string) {
  const expected: string[] = []
  const files: { path: string; lines: string[] }[] = []
  for (const line of text.split('\n')) {
    if (line.startsWith('expect ')) expected.push(line.slice('expect '.length))
    else if (line.startsWith('=== ')) files.push({ path: line.slice(4), lines: [] })
    else files.at(-1)?.lines.push(line)
  }
  return { expected, files: files.map(({ path, lines }) => sourceFile(path, lines.join('\n'))) }
}

for (const name of readdirSync(SAMPLES).sort()) {
  test(`sample ${name}`, () => {
    const { expected, files } = readSample(readFileSync(join(SAMPLES, name), 'utf8'))
    assert.ok(files.length > 0)
    const found = [...checkImports(files), ...checkPurity(files)].map(
      each => `${each.path}:${each.line} ${each.message}`,
    )
    assert.deepEqual(found.sort(), expected.sort())
  })
}

/** Findings of one file in each folder, by folder. */
function findingsOf(textFor: (rule: FolderRule) => string, others: readonly string[] = []): Map<string, string[]> {
  const files = folderRules.map(rule => sourceFile(`${rule.folder}/a.ts`, textFor(rule)))
  const rest = others.map(path => sourceFile(path, ''))
  const found = new Map<string, string[]>(folderRules.map(({ folder }) => [folder, []]))
  for (const { path, message } of [...checkImports([...files, ...rest]), ...checkPurity(files)]) {
    found.get(path.replace('/a.ts', ''))!.push(message)
  }
  return found
}

test('each folder may import what its line says, and is refused every other', () => {
  const targets = [
    ...folderRules.map(rule => rule.folder),
    'wire/batch',
    'adapters/memory',
    'adapters/file',
    'apps/server',
  ]
  const others = targets.map(target => `${target}/x.ts`)
  for (const target of targets) {
    const found = findingsOf(() => `import { x } from '../${target}/x.ts'`, others)
    for (const { folder, imports } of folderRules) {
      const isOwn = target === folder || target.startsWith(`${folder}/`)
      const allowed = isOwn || imports.some(each => target === each || target.startsWith(`${each}/`))
      const wanted = allowed ? [] : [`${folder}/ may not import ${target}/x.ts`]
      assert.deepEqual(found.get(folder), wanted, `${folder} imports ${target}`)
    }
  }
})

test('each folder may use its packages, and is refused every other', () => {
  for (const name of ['node:fs', 'commander', 'left-pad', ...new Set(folderRules.flatMap(rule => rule.packages))]) {
    if (name === 'node:*') continue
    const found = findingsOf(() => `import x from '${name}'`)
    for (const { folder, packages } of folderRules) {
      const allowed = packages.includes(name) || (packages.includes('node:*') && name.startsWith('node:'))
      assert.equal(found.get(folder)!.length, allowed ? 0 : 1, `${folder} uses ${name}`)
    }
  }
})

test('each folder is refused every global that it may not name, and no other', () => {
  const snippets: Readonly<Record<string, string>> = {
    async: 'x(async () => 1)',
    await: 'await x',
    'Math.random': 'Math.random()',
  }
  for (const name of new Set(folderRules.flatMap(rule => rule.banned))) {
    const found = findingsOf(() => snippets[name] ?? `x(${name})`)
    for (const { folder, banned } of folderRules) {
      const wanted = banned.includes(name) ? [`${folder}/ may not name ${name}`] : []
      assert.deepEqual(found.get(folder), wanted, `${folder} names ${name}`)
    }
  }
})

test('the rules are those of ARCHITECTURE.md; none imports a higher layer, and no two each other', () => {
  const page = readFileSync(join(ROOT, 'ARCHITECTURE.md'), 'utf8')
  const lines = [...page.matchAll(/^ {2}(\w+)\/ +(\d) {2}(.*)$/gm)]
  const described = lines.map(([, folder, layer]) => `${folder} ${layer}`)
  assert.deepEqual(
    described,
    folderRules.map(({ folder, layer }) => `${folder} ${layer}`),
  )
  const byFolder = new Map(folderRules.map(rule => [rule.folder, rule]))
  let listed = 0
  for (const [, folder = '', , text = ''] of lines) {
    const names = /Imports ((?:[a-z/]+(?:, )?)+)\./.exec(text)?.[1]
    if (names === undefined || names === 'all but the real adapters') continue
    listed++
    assert.deepEqual(byFolder.get(folder)!.imports, names === 'nothing' ? [] : names.split(', '), folder)
  }
  assert.ok(listed >= 7, `${listed} folders say what they import`)
  for (const { folder, layer, imports } of folderRules) {
    for (const target of imports.map(each => byFolder.get(each.split('/')[0]!)!)) {
      assert.ok(target.layer <= layer, `${folder} imports ${target.folder}`)
      assert.ok(!target.imports.some(back => back.split('/')[0] === folder), `${folder} and ${target.folder}`)
    }
  }
})

test('the program tells of every kind of broken rule, and fails', () => {
  const root = mkdtempSync(join(tmpdir(), 'ottla-arch-'))
  const core = join(root, 'packages', 'ottla', 'src', 'core')
  const run = () => {
    const { status, stderr } = spawnSync(process.execPath, [join(import.meta.dirname, 'main.ts'), '--root', root], {
      encoding: 'utf8',
    })
    return { status, findings: stderr.trimEnd().split('\n') }
  }
  try {
    mkdirSync(core, { recursive: true })
    mkdirSync(join(root, 'tools', 'arch'), { recursive: true })
    writeFileSync(join(root, 'tools', 'arch', 'size-exceptions.json'), '[]')
    const { complexity } = JSON.parse(readFileSync(join(ROOT, 'biome.json'), 'utf8')).linter.rules
    writeFileSync(join(root, 'biome.json'), JSON.stringify({ linter: { rules: { complexity } } }))
    writeFileSync(join(root, 'ARCHITECTURE.md'), '## 5. Walks\n- **One** `core/a.ts` > `core/b.ts`\n')
    writeFileSync(join(core, 'a.ts'), "import { b } from './b.ts'\nexport const a = b\n")
    writeFileSync(join(core, 'b.ts'), 'export const b = 1\n')
    assert.deepEqual(run(), { status: 0, findings: [''] })

    const long = `export function long(): void {\n${'  work()\n'.repeat(61)}}\n`
    writeFileSync(join(core, 'a.ts'), `import fs from 'node:fs'\nexport const now = Date.now()\n${long}`)
    const file = 'packages/ottla/src/core/a.ts'
    assert.deepEqual(run(), {
      status: 1,
      findings: [
        `${file}:1: core/ may not import node:fs`,
        `${file}:2: core/ may not name Date`,
        `${file}:3: a function of 61 lines: at most 60`,
        'ARCHITECTURE.md:1: walk One: core/a.ts does not import core/b.ts',
      ],
    })
  } finally {
    rmSync(root, { recursive: true })
  }
})

test('strings, comments, templates and regular expressions hide what is in them; code in a template counts', () => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source text, with a template in it
  const source = "a('Date') // Date\n/* Date\n */ `Date ${ Date.now(`x ${b}`) } Date` /[/Date]/.test(c) ; d / e / f"
  const names = tokenize(source).filter(token => token.kind === 'name')
  assert.deepEqual(
    names.map(({ text, line }) => `${text}:${line}`),
    ['a:1', 'Date:3', 'now:3', 'b:3', 'test:3', 'c:3', 'd:3', 'e:3', 'f:3'],
  )
})

test('a file and a function that are too long are found; an exception excuses them and may only shrink', () => {
  const files = [sourceFile('core/a.ts', '\n'.repeat(401)), sourceFile('wire/gen/b.ts', '\n'.repeat(5000))]
  const functions = [{ path: 'core/a.ts', line: 7, lines: 61 }]
  const check = (exceptions: Parameters<typeof checkSizes>[2]) =>
    checkSizes(files, functions, exceptions).map(each => each.message)
  assert.deepEqual(check([]), ['a function of 61 lines: at most 60', '401 lines: at most 400'])
  const path = 'core/a.ts'
  assert.deepEqual(check([{ path, fileLines: 401, functionLines: 61, why: 'x' }]), [])
  assert.match(
    check([{ path, fileLines: 402, functionLines: 61, why: 'x' }]).join(),
    /has 401 lines now; lower the entry/,
  )
  assert.match(check([{ path, fileLines: 401, functionLines: 62, why: 'x' }]).join(), /61 lines now; lower the entry/)
  assert.match(
    check([
      { path, fileLines: 401, functionLines: 61, why: 'x' },
      { path: 'core/b.ts', why: 'x' },
    ]).join(),
    /no such file/,
  )
})

test("functions are measured by biome's parser, under the limit of biome.json", () => {
  const config = JSON.parse(readFileSync(join(ROOT, 'biome.json'), 'utf8'))
  const { complexity } = config.linter.rules
  assert.equal(complexity.noExcessiveLinesPerFunction.options.maxLines, FUNCTION_LINES_MAX)
  const folder = mkdtempSync(join(tmpdir(), 'ottla-arch-'))
  try {
    mkdirSync(join(folder, 'src'))
    writeFileSync(join(folder, 'biome.json'), JSON.stringify({ linter: { rules: { complexity } } }))
    writeFileSync(join(folder, 'src', 'long.ts'), `export function long(): void {\n${'  work()\n'.repeat(61)}}\n`)
    writeFileSync(join(folder, 'src', 'short.ts'), `export function short(): void {\n${'  work()\n'.repeat(60)}}\n`)
    const measured = measureFunctions(join(ROOT, 'node_modules', '.bin', 'biome'), folder, 'src')
    assert.deepEqual(
      measured.map(({ path, lines }) => `${path} ${lines}`),
      ['long.ts 61'],
    )
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('a walk whose file is gone, or that a file no longer takes, is found', () => {
  const page =
    '## 5. Three walks\n- **Produce** `a.ts` > `b.ts` < `c.ts` (why)\n- **Alone** `a.ts`\n## 6. More\n- **No** `x.ts`'
  const files = [sourceFile('a.ts', "import './b.ts'"), sourceFile('b.ts', '')]
  assert.deepEqual(
    checkWalks(walksOf(page), files).map(each => each.message),
    ['walk Produce: c.ts does not exist', 'walk Alone: names fewer than two files'],
  )
  const broken = checkWalks(walksOf(page), [...files.slice(1), sourceFile('a.ts', ''), sourceFile('c.ts', '')])
  assert.deepEqual(
    broken.map(each => each.message),
    [
      'walk Produce: a.ts does not import b.ts',
      'walk Produce: c.ts does not import b.ts',
      'walk Alone: names fewer than two files',
    ],
  )
  const whole = checkWalks(walksOf(page), [...files, sourceFile('c.ts', "import './b.ts'")])
  assert.deepEqual(
    whole.map(each => each.message),
    ['walk Alone: names fewer than two files'],
  )
  assert.equal(checkWalks(walksOf('# no walks'), files).length, 1)
})
