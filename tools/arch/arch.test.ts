/**
 * The checks find what they are for: every sample holds files that break a rule, and the findings that must come. A
 * sample without `expect` lines must pass.
 */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { checkImports } from './imports.ts'
import { checkPurity } from './purity.ts'
import { FUNCTION_LINES_MAX } from './rules.ts'
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

test('strings, comments, templates and regular expressions hide what is in them; code inside ${} counts', () => {
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
