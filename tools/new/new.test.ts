/** What `npm run new api` writes compiles, is not advertised, and fails until somebody has done the work. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { kebab, withOmission } from './skeleton.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const copy = mkdtempSync(join(tmpdir(), 'ottla-new-'))
after(() => rmSync(copy, { recursive: true }))

const { NODE_TEST_CONTEXT: _inherited, ...inherited } = process.env
/** Its cache stands in the copy: a run has what the one before compiled, and nothing is left behind. */
const env = { ...inherited, NODE_COMPILE_CACHE: join(copy, 'cache') }

/** A copy of what the skeletons need to compile. */
function copyHouse(): void {
  const source = join('packages', 'ottla', 'src')
  for (const folder of ['base', 'spec', 'wire', 'core', 'ports', 'runtime', 'storage', 'broker/api']) {
    cpSync(join(ROOT, source, folder), join(copy, source, folder), { recursive: true })
  }
  mkdirSync(join(copy, 'docs', 'generated'), { recursive: true })
  writeFileSync(
    join(copy, 'docs', 'omissions.md'),
    '| key | API | state |\n|---|---|---|\n| 57 | UpdateFeatures | later |\n',
  )
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'))
  writeFileSync(join(copy, 'package.json'), '{ "type": "module" }')
}

const create = (...args: readonly string[]) =>
  spawnSync(process.execPath, [join(import.meta.dirname, 'main.ts'), '--root', copy, ...args], {
    env,
    encoding: 'utf8',
  })

test('for a new and for a declared API', () => {
  copyHouse()
  assert.equal(create('api', '71', 'GetTelemetrySubscriptions').stderr, '')
  assert.equal(create('api', '57').stderr, '')
  const again = create('api', '57')
  assert.equal(again.stdout.split('\n').filter(line => line.startsWith('kept')).length, 3)

  const page = readFileSync(join(copy, 'docs', 'omissions.md'), 'utf8')
  assert.match(page, /\| 57 \| UpdateFeatures \| begun.*\n\| 71 \| GetTelemetrySubscriptions \| begun/)

  const api = join(copy, 'packages', 'ottla', 'src', 'broker', 'api')
  const names = ['57-update-features', '71-get-telemetry-subscriptions']
  const files = names.flatMap(name => [`${name}.ts`, `${name}.test.ts`]).map(name => join(api, name))
  const base = JSON.parse(readFileSync(join(ROOT, 'tsconfig.json'), 'utf8'))
  writeFileSync(join(copy, 'tsconfig.json'), JSON.stringify({ compilerOptions: base.compilerOptions, files }))
  const compiled = spawnSync(join(ROOT, 'node_modules', '.bin', 'tsc'), ['-p', copy], { encoding: 'utf8' })
  const own = compiled.stdout.split('\n').filter(line => names.some(name => line.includes(name)))
  assert.deepEqual(own, [], compiled.stdout)

  for (const name of names) {
    const run = spawnSync(process.execPath, ['--test', join(api, `${name}.test.ts`)], { env, encoding: 'utf8' })
    assert.equal(run.status, 1)
    assert.match(run.stdout, /replace this by what \w+ must answer/)
  }
})

test('arguments that name no API are refused with what to write', () => {
  assert.match(create().stderr, /usage: npm run new api KEY/)
  assert.match(create('api', 'x').stderr, /usage/)
  assert.match(create('api', '72').stderr, /is not declared: give its name/)
  assert.match(create('api', '72', 'push-telemetry').stderr, /written as in/)
  assert.match(create('api', '57', 'Other').stderr, /is declared as UpdateFeatures/)
})

test('names and rows', () => {
  assert.equal(kebab('OffsetForLeaderEpoch'), 'offset-for-leader-epoch')
  assert.throws(() => withOmission('no table', { key: 1, name: 'Fetch' }), /no table of APIs/)
})
