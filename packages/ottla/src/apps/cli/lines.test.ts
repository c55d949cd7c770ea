import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { linesOf } from './lines.ts'

async function* chunks(texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text)
}

async function split(texts: readonly string[]): Promise<string[]> {
  const lines: string[] = []
  for await (const line of linesOf(chunks(texts))) lines.push(Buffer.from(line).toString())
  return lines
}

test('a line may be empty, and the last one needs no end', async () => {
  assert.deepEqual(await split([]), [])
  assert.deepEqual(await split(['\n\na\n']), ['', '', 'a'])
  assert.deepEqual(await split(['a\nb']), ['a', 'b'])
  assert.deepEqual(await split(['a\r\n']), ['a\r'])
})

test('where the input is cut makes no difference', async () => {
  const pieces = fc.array(fc.string({ unit: fc.constantFrom('a', 'ü', '\n'), maxLength: 6 }), { maxLength: 8 })
  await fc.assert(
    fc.asyncProperty(pieces, async texts => {
      const whole = texts.join('')
      const expected = whole.split('\n')
      if (expected.at(-1) === '') expected.pop()
      assert.deepEqual(await split(texts), expected)
    }),
    { numRuns: 200 },
  )
})

test('a line without an end is not held for ever', async () => {
  const lines: string[] = []
  const read = async () => {
    for await (const line of linesOf(chunks(['abc\nde', 'f\ngh', 'ij', 'k']), 4))
      lines.push(Buffer.from(line).toString())
  }
  await assert.rejects(read(), /longer than 4 bytes/)
  assert.deepEqual(lines, ['abc', 'def'])
})
