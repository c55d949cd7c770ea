/** Names stay while somebody reads by them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FileGate } from './file-gate.ts'

test('whoever renames waits for those who read, and those who come then wait for it', async () => {
  const gate = new FileGate()
  const order: string[] = []
  const ends = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const readers = ends.map(({ promise }, i) =>
    gate.shared(async () => {
      order.push(`reader ${i}`)
      await promise
    }),
  )
  const renamed = gate.alone(async () => {
    order.push('rename')
    await Promise.resolve()
    order.push('renamed')
  })
  const late = gate.shared(async () => {
    order.push('late reader')
  })
  for (const { resolve } of ends) resolve()
  await Promise.all([...readers, renamed, late])
  assert.deepEqual(order, ['reader 0', 'reader 1', 'rename', 'renamed', 'late reader'])
})

test('a failure inside lets the others on', async () => {
  const gate = new FileGate()
  const fail = (): Promise<void> => Promise.reject(new Error('no'))
  await assert.rejects(gate.shared(fail))
  await assert.rejects(gate.alone(fail))
  assert.equal(await gate.alone(() => Promise.resolve(1)), 1)
  assert.equal(await gate.shared(() => Promise.resolve(2)), 2)
})
