import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkSamples } from './samples.ts'

const page = (code: string, from = 'samples/a.js') => ({
  path: 'p.md',
  text: `# P\n<!-- from ${from} -->\n\`\`\`js\n${code}\`\`\`\n`,
})
const textOf = (path: string) => (path === 'samples/a.js' ? 'one()\ntwo()\n' : null)

test('quoted code stands in its sample', () => {
  assert.deepEqual(checkSamples([page('two()\n')], textOf), [])
  assert.deepEqual(checkSamples([page('three()\n')], textOf), [
    'p.md: code quoted from samples/a.js does not stand there',
  ])
  assert.deepEqual(checkSamples([page('two()\n', 'samples/b.js')], textOf), ['p.md: there is no sample samples/b.js'])
})
