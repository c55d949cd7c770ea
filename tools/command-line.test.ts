/** Options are read, and what is wrong with them is one line that says what is allowed. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { BadOption, readOptions } from './command-line.ts'

const ROOT = join(import.meta.dirname, '..')
const OPTIONS = {
  rounds: { type: 'string', default: '5' },
  'piece-kb': { type: 'string' },
  keep: { type: 'boolean' },
} as const

test('options are read, with their defaults', () => {
  const values = readOptions(OPTIONS, ['--piece-kb', '3'])
  assert.deepEqual({ ...values }, { rounds: '5', 'piece-kb': '3' })
})

test('what is unknown, without its value, or no option at all is told in one line', () => {
  const allowed = '; allowed: --rounds ROUNDS, --piece-kb PIECE_KB, --keep'
  const wrong = [
    [['--nonsense'], `Unknown option '--nonsense'${allowed}`],
    [['--rounds'], `Option '--rounds <value>' argument missing${allowed}`],
    [['extra'], `Unexpected argument 'extra'${allowed}`],
  ] as const
  for (const [args, line] of wrong) {
    assert.throws(
      () => readOptions(OPTIONS, args),
      (error: unknown) => error instanceof BadOption && error.message === line,
    )
  }
})

for (const program of ['test/chaos/kill/main.ts', 'test/fuzz/main.ts', 'bench/main.ts']) {
  test(`${program} refuses what it does not know, with code 2 and no stack`, () => {
    const ended = spawnSync(process.execPath, [join(ROOT, program), '--nonsense'], {
      encoding: 'utf8',
      timeout: 30_000,
    })
    assert.match(ended.stderr, /^Unknown option '--nonsense'; allowed: --[^\n]*\n$/)
    assert.equal(ended.status, 2)
  })
}
