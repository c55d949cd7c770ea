/** The test runner tells a failed, crashed or empty run from a good one. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { longestFirst, noteTimes, readTimes } from './times.ts'

const RUNNER = join(import.meta.dirname, '..', 'test.ts')
const GOOD = "import { test } from 'node:test'\ntest('good', () => {})\ntest('also good', () => {})\n"
const BAD = "import { test } from 'node:test'\ntest('bad', () => { throw new Error('the reason') })\n"

/** Runs the runner over files given by name; the last line it printed and whether it exited with 0. */
function run(files: Readonly<Record<string, string>>, args: readonly string[] = []) {
  const root = mkdtempSync(join(tmpdir(), 'ottla-test-'))
  try {
    mkdirSync(join(root, 'tools'))
    for (const [name, text] of Object.entries(files)) writeFileSync(join(root, 'tools', name), text)
    const { NODE_TEST_CONTEXT: _inherited, ...env } = process.env
    const { status, stdout, stderr } = spawnSync(process.execPath, [RUNNER, '--root', root, ...args], {
      env,
      encoding: 'utf8',
    })
    return { ok: status === 0, last: stdout.trimEnd().split('\n').at(-1), output: stdout + stderr }
  } finally {
    rmSync(root, { recursive: true })
  }
}

test('tests that pass are counted', () => {
  const { ok, last } = run({ 'a.test.ts': GOOD })
  assert.deepEqual({ ok, last }, { ok: true, last: '2 passed, 0 failed' })
})

test('one that fails is shown with its file, its name and the reason', () => {
  const { ok, last, output } = run({ 'a.test.ts': GOOD, 'b.test.ts': BAD })
  assert.deepEqual({ ok, last }, { ok: false, last: '2 passed, 1 failed' })
  assert.match(output, /FAIL {2}tools\/b\.test\.ts: bad\n +Error: the reason/)
})

test('a file that ends before its tests do is a failure', () => {
  for (const text of ["throw new Error('no')", 'process.exit(3)', "import './gone.ts'"]) {
    const { ok, last } = run({ 'a.test.ts': GOOD, 'c.test.ts': text })
    assert.deepEqual({ ok, last }, { ok: false, last: '2 passed, 1 failed' }, text)
  }
})

test('words choose files; words that choose none fail', () => {
  assert.equal(run({ 'a.test.ts': GOOD, 'b.test.ts': BAD }, ['a.test']).last, '2 passed, 0 failed')
  assert.equal(run({ 'a.test.ts': GOOD }, ['nothing']).ok, false)
  assert.equal(run({}).ok, false)
})

test('files that took long begin first, after those of which nothing is known', () => {
  assert.deepEqual(longestFirst(['a', 'b', 'c', 'd'], { a: 1, b: 30, d: 200 }), ['c', 'd', 'b', 'a'])
})

test('what was noted of other files stays; notes that cannot be read are none', () => {
  const root = mkdtempSync(join(tmpdir(), 'ottla-times-'))
  try {
    assert.deepEqual(readTimes(root), {})
    noteTimes(root, new Map([['a', 1.4]]))
    noteTimes(root, new Map([['b', 2]]))
    assert.deepEqual(readTimes(root), { a: 1, b: 2 })
    writeFileSync(join(root, '.cache', 'test-times.json'), '{')
    assert.deepEqual(readTimes(root), {})
  } finally {
    rmSync(root, { recursive: true })
  }
})
