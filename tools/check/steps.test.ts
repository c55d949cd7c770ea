import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runSteps } from './steps.ts'

test('a step that fails, that is not there, or that prints is told from one that is fine', async () => {
  const ended: string[] = []
  const results = await runSteps(
    [
      { name: 'fine', command: ['node', '-e', 'console.log("yes")'] },
      { name: 'fails', command: ['node', '-e', 'console.error("why"); process.exit(3)'] },
      { name: 'gone', command: ['/nonexistent/program'] },
    ],
    { cwd: '/', width: 2, ended: result => ended.push(result.name) },
  )
  assert.deepEqual(
    results.map(({ name, ok }) => [name, ok]),
    [
      ['fine', true],
      ['fails', false],
      ['gone', false],
    ],
  )
  assert.equal(results[0]?.output, 'yes\n')
  assert.equal(results[1]?.output, 'why\n')
  assert.match(results[2]?.output ?? '', /cannot be started/)
  assert.deepEqual(ended.sort(), ['fails', 'fine', 'gone'])
})
