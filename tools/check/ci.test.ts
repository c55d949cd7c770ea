/** .ci/run sums its steps and fails when one of them does: run with an npm that only pretends. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { test } from 'node:test'

const ROOT = join(import.meta.dirname, '..', '..')

/** Runs a copy of .ci/run; `cases` is the shell code by which the pretended npm answers its arguments. */
function runCi(cases: string) {
  const folder = mkdtempSync(join(tmpdir(), 'ottla-ci-'))
  try {
    mkdirSync(join(folder, '.ci'))
    mkdirSync(join(folder, 'bin'))
    cpSync(join(ROOT, '.ci', 'run'), join(folder, '.ci', 'run'))
    writeFileSync(join(folder, 'bin', 'npm'), `#!/bin/sh\ncase "$*" in\n${cases}\n*) exit 0 ;;\nesac\n`, {
      mode: 0o755,
    })
    const env = { ...process.env, PATH: `${join(folder, 'bin')}${delimiter}${process.env.PATH}` }
    const { status, stdout } = spawnSync('bash', [join(folder, '.ci', 'run')], { env, encoding: 'utf8' })
    return { status, last: stdout.trimEnd().split('\n').at(-1), stdout }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const SUM = 'test) echo "40 passed, 0 failed" ;;\n"run check") echo "7 passed, 0 failed" ;;'

test('counts are added; a step without counts is one', () => {
  const { status, last } = runCi(SUM)
  assert.deepEqual({ status, last }, { status: 0, last: '48 passed, 0 failed' })
})

test('a campaign runs when package.json has its script', () => {
  const { last, stdout } = runCi(
    `${SUM}\n"pkg get scripts.fuzz") echo '"node fuzz"' ;;\n"run fuzz"*) echo "200 passed, 0 failed" ;;`,
  )
  assert.equal(last, '248 passed, 0 failed')
  assert.doesNotMatch(stdout, /=== sim/)
})

test('a failed step fails the run, whether it counted its failures or not', () => {
  const counted = runCi('test) echo "40 passed, 2 failed"; exit 1 ;;\n"run check") echo "7 passed, 0 failed" ;;')
  assert.deepEqual([counted.status, counted.last], [1, '48 passed, 2 failed'])
  const silent = runCi('test) echo "40 passed, 0 failed" ;;\n"run check") exit 9 ;;')
  assert.deepEqual([silent.status, silent.last], [1, '41 passed, 1 failed'])
  const lying = runCi('test) echo "40 passed, 2 failed" ;;\n"run check") echo "7 passed, 0 failed" ;;')
  assert.deepEqual([lying.status, lying.last], [1, '48 passed, 2 failed'])
})

test('when the packages cannot be installed nothing else is tried', () => {
  const { status, last, stdout } = runCi('ci) exit 1 ;;')
  assert.deepEqual({ status, last }, { status: 1, last: '0 passed, 1 failed' })
  assert.doesNotMatch(stdout, /=== test/)
})
