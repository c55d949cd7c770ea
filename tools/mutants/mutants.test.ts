/** Which lines are guards, what is left without them, and that a trial tells a noticed mutant from one that lives. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { guardsIn } from './guards.ts'
import { runProgram } from './program.ts'
import { TreeCopy } from './tree.ts'
import { evidenceIn, failedFilesIn, stepsIn, tryTree } from './trial.ts'

const SAMPLE = `
function read(at: number): number {
  assert(at >= 0, 'a position', { at })
  // if (at > 5) return 0
  if (at > end) return -1
  if (planted('x')) return 7
  if (at === 3) return 1
  else at++
  while (true) {
    if (at++ > 9) break
    if (seen(at)) continue
    if (bad(at)) throw new Error(\`bad \${at}\`)
  }
  assert(
    at > 0,
  )
  if (at) return build({
    at,
  })
  const room = Math.max(0, limit - used(at, 1))
  return Math.min(room, left) + Math.max(...all)
}
`

test('guards are found with their lines; comments, planted bugs, else branches and longer statements are not', () => {
  const found = guardsIn('a.ts', SAMPLE).map(({ line, kind, after }) => `${line} ${kind} ${after.trim()}`)
  assert.deepEqual(found, [
    '3 assert ',
    '5 if ',
    '10 if ',
    '11 if ',
    '12 if ',
    '20 clamp const room = (limit - used(at, 1))',
    '21 clamp return (room) + Math.max(...all)',
    '21 clamp return (left) + Math.max(...all)',
  ])
})

function withRepository(files: Readonly<Record<string, string>>, use: (root: string) => Promise<void>): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'ottla-mutants-test-'))
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  assert.equal(spawnSync('git', ['init', '-q'], { cwd: root }).status, 0)
  return use(root).finally(() => rmSync(root, { recursive: true, force: true }))
}

test('a guard is gone in the copy while it is tried, and only there and then', async () => {
  const text = 'a\nif (x) return\nb\n'
  await withRepository({ 'src/a.ts': text, '.gitignore': 'node_modules\n', 'node_modules/x.ts': '' }, async root => {
    const tree = new TreeCopy(root)
    try {
      const [guard] = guardsIn('src/a.ts', tree.read('src/a.ts'))
      assert.ok(guard !== undefined)
      await tree.without(guard, async () => assert.equal(tree.read('src/a.ts'), 'a\n\nb\n'))
      assert.equal(tree.read('src/a.ts'), text)
      assert.equal(readFileSync(join(root, 'src/a.ts'), 'utf8'), text)
      assert.equal(tree.read('node_modules/x.ts'), '')
    } finally {
      tree.remove()
    }
    assert.equal(
      readFileSync(join(root, 'node_modules/x.ts'), 'utf8'),
      '',
      'what is linked is not removed with the copy',
    )
  })
})

test('the first step that fails decides; none is a survivor', async () => {
  await withRepository({ 'good.mjs': '', 'bad.mjs': 'console.error("FAIL  a: b"); process.exit(1)' }, async root => {
    const step = (judge: 'tests' | 'sim', file: string) => ({ judge, args: [file], timeoutMs: 10_000 })
    const killed = await tryTree(root, [step('tests', 'good.mjs'), step('tests', 'bad.mjs'), step('sim', 'good.mjs')])
    assert.deepEqual([killed.killedBy, killed.evidence], ['tests', 'FAIL  a: b'])
    const survivor = await tryTree(root, [step('tests', 'good.mjs'), step('sim', 'good.mjs')])
    assert.deepEqual([survivor.killedBy, survivor.evidence], [null, ''])
  })
})

test('a test that fails only now and then does not kill', async () => {
  const runner = (body: string) => `const again = process.argv.length > 2\n${body}`
  const unsteady = "if (!again) { console.error('FAIL  a.test.ts: b'); process.exit(1) }"
  const steady = "console.error('FAIL  a.test.ts: b'); process.exit(1)"
  const step = { judge: 'tests' as const, args: ['tools/test.ts'], timeoutMs: 10_000 }
  await withRepository({ 'tools/test.ts': runner(unsteady) }, async root => {
    const verdict = await tryTree(root, [step])
    assert.deepEqual(verdict.killedBy, null)
    assert.match(verdict.evidence, /passed when tried again.*FAIL {2}a\.test\.ts: b/)
  })
  await withRepository({ 'tools/test.ts': runner(steady) }, async root => {
    assert.equal((await tryTree(root, [step])).killedBy, 'tests')
  })
  assert.deepEqual(failedFilesIn('FAIL  x/a.test.ts: one\n  FAIL  no\nFAIL  x/a.test.ts: two\n'), ['x/a.test.ts'])
})

test('a program that hangs ends at its limit and counts as a failure', async () => {
  await withRepository({ 'hang.mjs': 'setInterval(() => {}, 1000)' }, async root => {
    const outcome = await runProgram(['hang.mjs'], { cwd: root, timeoutMs: 300 })
    assert.deepEqual([outcome.ok, outcome.isLate], [false, true])
    assert.match(evidenceIn('tests', outcome), /^no end after/)
  })
})

test('without a simulator there is no step for it', () => {
  assert.deepEqual(
    stepsIn('/nowhere', 300).map(({ judge }) => judge),
    ['tsc', 'tests', 'tests'],
  )
})
