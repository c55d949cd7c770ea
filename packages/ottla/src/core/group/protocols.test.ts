/** What members tell about the protocols that they know. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isSameProtocols } from './protocols.ts'

function protocols(...told: readonly (readonly [name: string, ...metadata: number[]])[]) {
  return told.map(([name, ...metadata]) => ({ name, metadata: Uint8Array.from(metadata) }))
}

test('a member that joins again says the same only with the same names, bytes, lengths and order', () => {
  const kept = protocols(['range', 1, 2], ['sticky'])
  assert.equal(isSameProtocols(kept, protocols(['range', 1, 2], ['sticky'])), true)
  const others = [
    protocols(['range', 1, 2, 3], ['sticky']),
    protocols(['range', 1], ['sticky']),
    protocols(['range', 1, 3], ['sticky']),
    protocols(['sticky'], ['range', 1, 2]),
    protocols(['range', 1, 2]),
    protocols(['range', 1, 2], ['sticky'], ['more']),
  ]
  for (const [index, given] of others.entries()) assert.equal(isSameProtocols(kept, given), false, `number ${index}`)
})
