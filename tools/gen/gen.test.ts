/** The generator's check fails when output and declarations disagree, and wrong declarations are refused by name. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { appendFile, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { type ApiDefinition, defineApi, f, struct } from '../../packages/ottla/src/wire/schema/language.ts'
import { readApis } from './generate.ts'
import { resolveApi } from './model.ts'
import { apiModule } from './module.ts'
import { condition, parseRange } from './range.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const GENERATED = join(ROOT, 'packages', 'ottla', 'src', 'wire', 'gen')
const PAGE = join(ROOT, 'docs', 'generated', 'protocol.md')

interface Outcome {
  code: number
  stdout: string
  stderr: string
}

function runGen(...args: string[]): Promise<Outcome> {
  return new Promise(resolve => {
    execFile(process.execPath, [join(import.meta.dirname, 'main.ts'), ...args], (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr })
    })
  })
}

/** Runs `use` with a copy of the committed output that may be spoiled. */
async function withCopy(use: (out: string, page: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'ottla-gen-'))
  try {
    const out = join(folder, 'gen')
    const page = join(folder, 'protocol.md')
    await cp(GENERATED, out, { recursive: true })
    await cp(PAGE, page)
    await use(out, page)
  } finally {
    await rm(folder, { recursive: true })
  }
}

test('the committed output is what the declarations give', async () => {
  const { code, stdout, stderr } = await runGen('--check')
  assert.equal(code, 0, stderr)
  assert.match(stdout, /files agree with the declarations/)
})

test('an altered, a missing and a foreign file each fail the check by name, and writing mends them', async () => {
  await withCopy(async (out, page) => {
    const places = ['--out', out, '--page', page]
    assert.equal((await runGen('--check', ...places)).code, 0)
    await appendFile(join(out, 'produce.ts'), '// by hand\n')
    await rm(join(out, 'records', 'offsets.ts'))
    await writeFile(join(out, 'leftover.ts'), 'export {}\n')
    await appendFile(page, 'by hand\n')
    const { code, stderr } = await runGen('--check', ...places)
    assert.equal(code, 1)
    assert.match(stderr, /produce\.ts: differs/)
    assert.match(stderr, /offsets\.ts: missing/)
    assert.match(stderr, /leftover\.ts: no longer generated/)
    assert.match(stderr, /protocol\.md: differs/)
    assert.match((await runGen(...places)).stdout, /gen: 4 of \d+ files changed/)
    assert.equal((await runGen('--check', ...places)).code, 0)
  })
})

/** Runs `use` with a folder of declarations: the text of each file, `api(12)` in it for the declaration of an API. */
async function withSchema(files: Readonly<Record<string, string>>, use: (schema: string) => Promise<void>) {
  const schema = await mkdtemp(join(tmpdir(), 'ottla-gen-'))
  try {
    await mkdir(join(schema, 'records'))
    const language = join(ROOT, 'packages', 'ottla', 'src', 'wire', 'schema', 'language.ts')
    const rest = "name: 'One', versions: '0', flexible: 'none', source: 'x', request: {}, response: {}"
    for (const [name, text] of Object.entries(files)) {
      const code = text.replaceAll(/api\((\d+)\)/g, `defineApi({ key: $1, ${rest} })`)
      await writeFile(join(schema, name), `import { defineApi } from ${JSON.stringify(language)}\n${code}\n`)
    }
    await use(schema)
  } finally {
    await rm(schema, { recursive: true })
  }
}

test('a file of declarations is named by the key it declares', async () => {
  await withSchema({ '12-one.ts': 'export const one = api(13)' }, async schema => {
    const { code, stderr } = await runGen('--check', '--schema', schema)
    assert.equal(code, 1)
    assert.match(stderr, /12-one\.ts: declares key 13/)
  })
})

test('a file of declarations holds one API, and no two the same', async () => {
  const refused: [Readonly<Record<string, string>>, RegExp][] = [
    [{ 'one.ts': 'export const one = api(12)' }, /one\.ts: an API's file is named by its key/],
    [{ '12-one.ts': 'export const none = defineApi' }, /12-one\.ts: one API expected, 0 found/],
    [
      { '12-one.ts': 'export const one = api(12)\nexport const two = api(12)' },
      /12-one\.ts: one API expected, 2 found/,
    ],
    [{ '12-a.ts': 'export const a = api(12)', '12-b.ts': 'export const b = api(12)' }, /two files declare key 12/],
  ]
  for (const [files, message] of refused) {
    await withSchema(files, schema => assert.rejects(readApis(schema), message))
  }
})

const apiWith = (request: ApiDefinition['request'], flexible = '2+'): ApiDefinition =>
  defineApi({ key: 1, name: 'Sample', versions: '1-3', flexible, source: 'none', request, response: {} })

const doc = 'A sentence.'

test('declarations that make no sense are refused with their place', () => {
  const refused: [ApiDefinition['request'], RegExp][] = [
    [{ old: f.int8('0', { doc }) }, /Sample\.SampleRequest\.old: no version in use has it/],
    [{ odd: f.int8('x+', { doc }) }, /'x\+' is no range of versions/],
    [{ back: f.int8('3-1', { doc }) }, /'3-1' ends before it begins/],
    [{ early: f.int8('1+', { tag: 0, default: 0, doc }) }, /early: tagged before flexible/],
    [{ torn: f.int8('1+', { tag: 0, taggedVersions: '2', default: 0, doc }) }, /torn: a tagged field stays tagged/],
    [
      { a: f.int8('2+', { tag: 1, default: 0, doc }), b: f.int8('2+', { tag: 1, default: 0, doc }) },
      /b: tag 1 is that of another field/,
    ],
    [{ bare: f.int8('2+', { tag: 0, doc }) }, /bare: a tagged field needs a default/],
    [{ never: f.string('1+', { default: null, doc }) }, /never: its default is null, but it cannot be null/],
    [{ mute: f.int8('1+', { doc: 'no sentence' }) }, /mute: its doc is no sentence/],
    [
      { a: f.struct('1+', struct('Twice', {}), { doc }), b: f.struct('1+', struct('Twice', {}), { doc }) },
      /Twice: two structs have this name/,
    ],
  ]
  for (const [request, message] of refused) assert.throws(() => resolveApi(apiWith(request)), message)
})

test('a struct that only some versions may leave out has no code', () => {
  const some = f.struct('1+', struct('Inner', {}), { nullable: '2+', default: null, doc })
  assert.throws(() => apiModule(resolveApi(apiWith({ some })), 'one.ts', 'one.ts'), /nullable in some versions only/)
})

test('a struct is known for the versions that use it', () => {
  const inner = struct('Inner', { always: f.int8('0+', { doc }), late: f.int8('3+', { default: 0, doc }) })
  const { request } = resolveApi(apiWith({ list: f.array('2+', inner, { default: [], doc }) }))
  assert.deepEqual(request.fields[0]?.struct?.range, { min: 2, max: 3 })
})

test('conditions say no more than the context leaves open', () => {
  const context = { min: 3, max: 13 }
  const cases: [string, string][] = [
    ['0+', 'true'],
    ['3-13', 'true'],
    ['0-2', 'false'],
    ['14+', 'false'],
    ['9+', 'version >= 9'],
    ['0-12', 'version <= 12'],
    ['5-7', 'version >= 5 && version <= 7'],
    ['13+', 'version === 13'],
    ['none', 'false'],
  ]
  for (const [text, wanted] of cases) assert.equal(condition(parseRange(text), context), wanted, text)
})
