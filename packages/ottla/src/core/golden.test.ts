import assert from 'node:assert/strict'
import { test } from 'node:test'
import { replayLog } from './golden.ts'

test('a replayed log holds the commands and comments as they were and the outcomes as they are', () => {
  const log = '# two sums\n1 2\n  3\n\n2 2\n  5\n'
  const sum = (command: string) => [String(command.split(' ').reduce((a, b) => a + Number(b), 0))]
  assert.equal(replayLog(log, sum), '# two sums\n1 2\n  3\n\n2 2\n  4\n')
})

test('a command may have no outcome, or several lines', () => {
  const log = 'none\ntwo\n  a\n  b\n'
  assert.equal(
    replayLog(log, command => (command === 'two' ? ['a', 'b'] : [])),
    log,
  )
})
